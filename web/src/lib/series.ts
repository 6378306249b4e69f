// Shaping what the API gave for the chart: the live end, the stack, the stretches about which nothing is known.

import type { Gap, LiveSample, Load, WaitClass } from "../api/types";
import { WAIT_CLASSES } from "./waits";

export type Values = readonly (number | null)[];

export interface Columns {
  readonly ts: readonly number[];
  readonly values: Readonly<Record<WaitClass, Values>>;
}

/** A stretch without knowledge, and why. */
export interface Blank {
  readonly since: number;
  readonly until: number;
  readonly reason: string;
}

const empty = (): Record<WaitClass, (number | null)[]> =>
  Object.fromEntries(WAIT_CLASSES.map((key) => [key, []])) as unknown as Record<WaitClass, (number | null)[]>;

/** The last step about which something is known; -1 if there is none. */
export function lastKnown(load: Load): number {
  const any = load.series[0]?.values ?? [];
  for (let i = any.length - 1; i >= 0; i -= 1) if (any[i] !== null) return i;
  return -1;
}

export function asKept(load: Load): Columns {
  const values = empty();
  for (const { key, values: kept } of load.series) values[key].push(...kept);
  return { ts: load.ts, values };
}

/**
 * What was kept until `now`, and after it the samples heard since. A full step is the average of its samples, as the
 * server makes it; the last point stands at the latest sample and is the average over the step before it, so that it
 * glides: one look at whole sessions would jump.
 */
export function withLiveEnd(load: Load, samples: readonly LiveSample[], now: number): Columns {
  const first = samples[0]?.ts ?? Number.POSITIVE_INFINITY;
  let end = lastKnown(load) + 1;
  // A step that has not ended is made anew of its samples, if all of them were heard.
  const ends = load.ts[end - 1];
  const open = ends !== undefined && ends > now;
  const heard = open && first <= ends - load.step + 1;
  if (heard) end -= 1;
  const values = empty();
  for (const { key, values: kept } of load.series) values[key].push(...kept.slice(0, end));
  const ts = load.ts.slice(0, end);
  if (open && !heard) {
    ts[end - 1] = now;
    return { ts, values };
  }
  // With nothing kept yet the samples alone are what is known.
  const after = ts.at(-1) ?? load.since;
  const latest = samples.at(-1);
  if (latest === undefined || latest.ts <= after) return { ts, values };
  for (let full = after + load.step; full < latest.ts; full += load.step) {
    push(ts, values, full, inside(samples, full - load.step, full), 0);
  }
  push(ts, values, latest.ts, inside(samples, latest.ts - load.step, latest.ts), load.step);
  return { ts, values };
}

const inside = (samples: readonly LiveSample[], since: number, until: number): readonly LiveSample[] =>
  samples.filter((sample) => sample.ts > since && sample.ts <= until);

/** Adds a point: the average of samples, filled up to `seconds` of them with the value before. */
function push(
  ts: number[],
  values: Record<WaitClass, (number | null)[]>,
  at: number,
  samples: readonly LiveSample[],
  seconds: number,
): void {
  ts.push(at);
  for (const key of WAIT_CLASSES) {
    const before = values[key].at(-1) ?? null;
    const filled = before === null ? 0 : Math.max(0, Math.round(seconds) - samples.length);
    const sum = samples.reduce((all, sample) => all + (sample.active[key] ?? 0), (before ?? 0) * filled);
    values[key].push(samples.length === 0 ? null : sum / (samples.length + filled));
  }
}

/** Each layer on top of those before it; where one is unknown, so is everything above it. */
export function stack(layers: readonly Values[]): Values[] {
  let below: Values | null = null;
  return layers.map((layer) => {
    const under: Values | null = below;
    const summed: Values =
      under === null
        ? layer
        : layer.map((value, i) => {
            const base = under[i] ?? null;
            return value === null || base === null ? null : value + base;
          });
    below = summed;
    return summed;
  });
}

/**
 * Stretches in which nothing is known, named by the gaps that cover them. A single step without a sample and without a
 * recorded gap is none: the sampler was late by a moment.
 */
export function blanks(ts: readonly number[], any: Values, step: number, gaps: readonly Gap[]): readonly Blank[] {
  const found: Blank[] = [];
  let since: number | null = null;
  const close = (until: number): void => {
    if (since !== null) {
      const gap = gaps.find((one) => one.since < until && one.until > (since ?? 0));
      if (gap !== undefined || until - since > step * 1.5) found.push({ since, until, reason: reason(gap) });
    }
    since = null;
  };
  ts.forEach((at, i) => {
    if ((any[i] ?? null) === null) since ??= at - step;
    else close(at - step);
  });
  close(ts.at(-1) ?? 0);
  return found;
}

const REASONS: Readonly<Record<string, string>> = {
  restart: "the server restarted",
  reset: "statistics were reset",
  unreachable: "the server was unreachable",
  stopped: "pgvigil was stopped",
  failed: "the question failed",
  late: "the answer came too late",
  identity: "another server answered",
};

function reason(gap: Gap | undefined): string {
  return gap === undefined ? "not watched" : (gap.detail ?? REASONS[gap.reason] ?? gap.reason);
}

/** The average over what is known; null if nothing is. */
export function mean(values: Values): number | null {
  let sum = 0;
  let known = 0;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    known += 1;
  }
  return known === 0 ? null : sum / known;
}

/** The least of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is not below: the top of an axis that seldom jumps. */
export function niceTop(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((one) => one * power >= most * 0.9999) ?? 10;
  return factor * power;
}
