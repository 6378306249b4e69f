// Shaping what the API gave for the chart: the live end, the stack, the stretches about which nothing is known.

import type { Gap, LiveSample, PanelData } from "../api/types";
import { isWaitClass } from "./waits";

export type Values = readonly (number | null)[];

/** The points of a chart: their moments, and a value for each by series. */
export interface Columns {
  readonly ts: readonly number[];
  readonly values: Readonly<Record<string, Values>>;
}

/** A stretch without knowledge, and why. */
export interface Blank {
  readonly since: number;
  readonly until: number;
  readonly reason: string;
}

/** The last step of which something was read; -1 if there is none. */
export const lastRead = (data: PanelData): number => data.read.lastIndexOf(true);

/** What was kept until `now`; a step that has not ended stands there, for what is known of it is no older. */
export function asKept(data: PanelData, now: number): Columns {
  const first = data.ts.findIndex((end) => end >= now);
  const end = first === -1 ? data.ts.length : first + 1;
  const values = Object.fromEntries(data.series.map((one) => [one.key, one.values.slice(0, end)]));
  return { ts: data.ts.slice(0, end).map((at) => Math.min(at, now)), values };
}

/** What was kept of the compared span, at these moments. */
export function compared(data: PanelData, key: string, ts: readonly number[]): Values | null {
  const kept = data.series.find((one) => one.key === key)?.compared ?? null;
  if (kept === null) return null;
  return ts.map((at) => kept[Math.ceil((at - data.since) / data.step - 1e-6) - 1] ?? null);
}

/** Every series added up; null where one of them is not known. */
export function sum(layers: readonly Values[]): Values {
  return stack(layers).at(-1) ?? [];
}

/**
 * What was kept until `now`, and after it the samples heard since. A full step is the average of its samples, as the
 * server makes it; the last point stands at the latest sample and is the average over the step before it, so that it
 * glides: one look at whole sessions would jump.
 */
export function withLiveEnd(load: PanelData, samples: readonly LiveSample[], now: number): Columns {
  const first = samples[0]?.ts ?? Number.POSITIVE_INFINITY;
  let end = lastRead(load) + 1;
  // A step that has not ended is made anew of its samples, if all of them were heard.
  const ends = load.ts[end - 1];
  const open = ends !== undefined && ends > now;
  const heard = open && first <= ends - load.step + 1;
  if (heard) end -= 1;
  const values: Growing = Object.fromEntries(load.series.map((one) => [one.key, one.values.slice(0, end)]));
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

type Growing = Record<string, (number | null)[]>;

/** Adds a point: the average of samples, filled up to `seconds` of them with the value before. */
function push(
  ts: number[],
  values: Growing,
  at: number,
  samples: readonly LiveSample[],
  seconds: number,
): void {
  ts.push(at);
  for (const [key, kept] of Object.entries(values)) {
    const before = kept.at(-1) ?? null;
    const filled = before === null ? 0 : Math.max(0, Math.round(seconds) - samples.length);
    const active = (sample: LiveSample): number => (isWaitClass(key) ? (sample.active[key] ?? 0) : 0);
    const all = samples.reduce((counted, sample) => counted + active(sample), (before ?? 0) * filled);
    kept.push(samples.length === 0 ? null : all / (samples.length + filled));
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
 * Stretches of which nothing was read, named by the gaps that cover them. A single step without a reading and without a
 * recorded gap is none: the answer was late by a moment.
 */
export function blanks(
  ts: readonly number[],
  read: readonly boolean[],
  step: number,
  gaps: readonly Gap[],
): readonly Blank[] {
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
    if (read[i] !== true) since ??= at - step;
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

const KILO = 1024;

/** Round steps of an axis of bytes. */
export const BYTE_STEPS: readonly number[] = Array.from({ length: 6 }, (_, i) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 512].map((step) => step * KILO ** i),
).flat();

/** The least of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is not below: the top of an axis that seldom jumps. */
export function niceTop(most: number, bytes = false): number {
  if (!(most > 0)) return 1;
  // Bytes are shown with binary prefixes: round is what is round among these.
  if (bytes && most >= KILO) {
    const prefix = KILO ** Math.floor(Math.log(most) / Math.log(KILO));
    return niceTop(most / prefix) * prefix;
  }
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((one) => one * power >= most * 0.9999) ?? 10;
  return factor * power;
}
