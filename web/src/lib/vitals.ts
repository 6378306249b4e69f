// How a vital is told: better, worse, and by how much.

import type { Vital } from "../api/types";
import { change, quantity, showOrNone } from "./format";

export type Level = "good" | "same" | "worse" | "bad" | "plain";

export interface Comparison {
  readonly text: string;
  readonly level: Level;
}

// Twice as bad is bad; a fifth worse is worth a colour; below that only the arrow tells.
const BAD = 2;
const WORSE = 1.2;

export function compare(vital: Vital): Comparison {
  if (vital.value === null || vital.previous === null) return { text: "nothing before", level: "plain" };
  if (vital.previous === 0 || vital.change === null) {
    return vital.value === 0
      ? { text: "as before", level: "same" }
      : { text: `${showOrNone(0, vital.unit)} before`, level: "plain" };
  }
  const told = change(vital.change);
  if (told === null) return { text: "as before", level: "same" };
  return { text: `${told.arrow} ${told.text}`, level: level(vital) };
}

function level(vital: Vital): Level {
  const ratio = vital.change ?? 1;
  if (vital.better === "none") return "plain";
  // What is missing from 100 % is what hurts: 99.9 to 99.0 is ten times the misses.
  const worse = vital.unit === "ratio" ? missing(vital) : vital.better === "lower" ? ratio : 1 / ratio;
  if (worse >= BAD) return "bad";
  if (worse >= WORSE) return "worse";
  return worse < 1 ? "good" : "plain";
}

function missing(vital: Vital): number {
  const now = 1 - (vital.value ?? 1);
  const before = 1 - (vital.previous ?? 1);
  const [worse, better] = vital.better === "higher" ? [now, before] : [1 - now, 1 - before];
  // A tenth of a per cent is the least that counts as a difference.
  return Math.max(worse, 0.001) / Math.max(better, 0.001);
}

/** What stands small beside the value: its unit and what it is out of, with or without the name of that. */
export function besides(vital: Vital, named = true): string {
  const unit = vital.value === null ? "" : quantity(vital.value, vital.unit).unit;
  if (vital.limit === null) return unit;
  const limit = showOrNone(vital.limit, vital.unit);
  return [unit, `of ${limit}`, named ? (vital.limit_title ?? "") : ""].filter((part) => part !== "").join(" ");
}
