// The verdict of the API as the first line of the page; null where the state of the watching says it already.

import type { Verdict } from "../api/types";
import type { Tone } from "./condition";

export interface VerdictLine {
  readonly tone: Tone;
  readonly head: string;
  readonly rest: readonly string[];
  readonly todo: string;
  /** The page where it is proven, where that is another than Overview. */
  readonly page: string | null;
}

/** `at` is the moment in words where it is one of the past. */
export function verdictLine(verdict: Verdict, name: string, at: string | null): VerdictLine | null {
  const first = verdict.subjects[0];
  if (first !== undefined) {
    const tone = first.severity === "critical" ? "bad" : "warn";
    const page = first.page === "/" ? null : first.page;
    return { tone, head: first.headline, rest: [first.details.join(" ")], todo: first.todo, page };
  }
  if (verdict.level === "unknown") {
    const rest = verdict.unknown.slice(0, 3).map((one) => `\`${one.what}\`: ${one.reason}`);
    return { tone: "warn", head: `Cannot tell whether ${name} is well.`, rest, todo: verdict.unknown[0]?.remedy ?? "", page: null };
  }
  if (at !== null && verdict.level === "well") {
    return { tone: "ok", head: "", rest: [`At ${at} nothing was wrong with ${name} that is watched for.`], todo: "", page: null };
  }
  return null; // well, or down: the state of the watching tells both
}
