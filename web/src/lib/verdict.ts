// The verdict of the API as the first line of the page; null where the state of the watching says it already.

import type { Verdict } from "../api/types";
import type { Tone } from "./condition";

export interface VerdictLine {
  readonly tone: Tone;
  readonly head: string;
  readonly rest: readonly string[];
  readonly todo: string;
}

export function verdictLine(verdict: Verdict, name: string): VerdictLine | null {
  const first = verdict.subjects[0];
  if (first !== undefined) {
    const tone = first.severity === "critical" ? "bad" : "warn";
    return { tone, head: first.headline, rest: [first.details.join(" ")], todo: first.todo };
  }
  if (verdict.level === "unknown") {
    const rest = verdict.unknown.slice(0, 3).map((one) => `\`${one.what}\`: ${one.reason}`);
    return { tone: "warn", head: `Cannot tell whether ${name} is well.`, rest, todo: verdict.unknown[0]?.remedy ?? "" };
  }
  return null; // well, or down: the state of the watching tells both
}
