// A server of the fleet in a sentence.

import type { FleetLine, Vital } from "../api/types";
import type { Tone } from "./condition";
import { plural } from "./format";
import { verdictLine } from "./verdict";

export interface Said {
  readonly tone: Tone;
  readonly head: string;
  readonly rest: string;
}

export function said(line: FleetLine): Said {
  const { verdict } = line;
  if (verdict.level === "down") {
    const does = line.condition === "refused" ? "refuses pgvigil" : "does not answer";
    return { tone: "bad", head: `${line.name} ${does}.`, rest: verdict.cause };
  }
  const told = verdictLine(verdict, line.name, null);
  if (told === null) return { tone: "ok", head: "Nothing is wrong.", rest: "" };
  const others = verdict.subjects.length - 1;
  const rest = others > 0 ? `And ${plural(others, "more thing")} not as usual.` : verdict.subjects.length > 0 ? "" : (told.rest[0] ?? "");
  return { tone: told.tone, head: told.head, rest };
}

export function vitalOf(line: FleetLine, key: string): Vital | null {
  return line.vitals.find((vital) => vital.key === key) ?? null;
}
