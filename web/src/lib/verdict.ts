// The verdict of the API as the first line of the page; null where the state of the watching says it already.

import type { Verdict } from "../api/types";
import type { Tone } from "./condition";

export interface VerdictLine {
  readonly tone: Tone;
  readonly head: string;
  readonly rest: readonly string[];
  readonly todo: string;
  /** Where it is proven, where that is another page than Overview. */
  readonly proof: Proof | null;
}

export interface Proof {
  readonly path: string;
  readonly own: Readonly<Record<string, string>>;
  readonly title: string;
}

const TITLES: Readonly<Record<string, string>> = {
  "/queries": "Look at the statements",
  "/load": "Look at the load",
  "/locks": "Look at the locks",
  "/sessions": "Look at the sessions",
};

/** A page of a rule, with what it is to show. */
export function proofOf(page: string): Proof | null {
  const [path = "", query = ""] = page.split("?");
  const title = TITLES[path];
  return title === undefined ? null : { path, own: Object.fromEntries(new URLSearchParams(query)), title };
}

/** `at` is the moment in words where it is one of the past. */
export function verdictLine(verdict: Verdict, name: string, at: string | null): VerdictLine | null {
  const first = verdict.subjects[0];
  if (first !== undefined) {
    const tone = first.severity === "critical" ? "bad" : "warn";
    return { tone, head: first.headline, rest: [first.details.join(" ")], todo: first.todo, proof: proofOf(first.page) };
  }
  if (verdict.level === "unknown") {
    const rest = verdict.unknown.slice(0, 3).map((one) => `\`${one.what}\`: ${one.reason}`);
    return { tone: "warn", head: `Cannot tell whether ${name} is well.`, rest, todo: verdict.unknown[0]?.remedy ?? "", proof: null };
  }
  if (at !== null && verdict.level === "well") {
    return { tone: "ok", head: "", rest: [`At ${at} nothing was wrong with ${name} that is watched for.`], todo: "", proof: null };
  }
  return null; // well, or down: the state of the watching tells both
}
