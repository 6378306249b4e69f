// Numbers as people read them: three significant figures, SI prefixes for counts, binary ones for bytes,
// times in the unit that keeps them readable. Unknown is "-", never 0.

import type { Unit } from "../api/types";

/** A number and its unit apart, so that a page can set the unit smaller. */
export interface Quantity {
  readonly text: string;
  readonly unit: string;
}

export const NONE = "-";

/** At most three significant figures, no trailing zeros, never an exponent. */
export function figures(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.001) return value < 0 ? "> -0.001" : "< 0.001";
  if (size >= 999.5) return Math.round(value).toString();
  const digits = Math.max(0, 2 - Math.floor(Math.log10(size)));
  return trim(value.toFixed(digits));
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

interface Step {
  readonly size: number;
  readonly unit: string;
}

// A step is left where three figures would round up to the next one: 999.9 kB is 1 MB, not 1000 kB.
function scaled(value: number, steps: readonly Step[]): Quantity {
  const size = Math.abs(value);
  let chosen = steps[0];
  for (const step of steps) if (size >= step.size * (step.size === 1 ? 0 : 0.9995)) chosen = step;
  if (chosen === undefined) return { text: figures(value), unit: "" };
  return { text: figures(value / chosen.size), unit: chosen.unit };
}

const SI: readonly Step[] = [
  { size: 1, unit: "" },
  { size: 1e3, unit: "k" },
  { size: 1e6, unit: "M" },
  { size: 1e9, unit: "G" },
  { size: 1e12, unit: "T" },
];

const BINARY: readonly Step[] = ["B", "kB", "MB", "GB", "TB", "PB"].map((unit, i) => ({ size: 1024 ** i, unit }));

const LONG: readonly Step[] = [
  { size: 1, unit: "s" },
  { size: 100, unit: "min" },
  { size: 6000, unit: "h" },
  { size: 259_200, unit: "d" },
];

const IN_SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };

export function count(value: number): Quantity {
  return scaled(value, SI);
}

export function bytes(value: number): Quantity {
  return scaled(value, BINARY);
}

/** A duration given in seconds. */
export function duration(seconds: number): Quantity {
  const size = Math.abs(seconds);
  if (size < 0.9995) return { text: figures(seconds * 1000), unit: "ms" };
  let unit = "s";
  for (const step of LONG) if (size >= step.size) unit = step.unit;
  return { text: figures(seconds / (IN_SECONDS[unit] ?? 1)), unit };
}

export function quantity(value: number, unit: Unit): Quantity {
  switch (unit) {
    case "bytes":
      return bytes(value);
    case "bytes_per_second":
      return per(bytes(value));
    case "per_second":
      return per(count(value));
    case "per_hour":
      return { text: figures(value), unit: "/h" };
    case "seconds":
      return duration(value);
    case "ratio":
      return { text: percentFigures(value), unit: "%" };
    case "sessions":
      return Math.abs(value) < 10 ? { text: hundredths(value), unit: "" } : count(value);
    case "count":
      return count(value);
  }
}

// Sessions are counted by samples: more than two decimals would be more than is known.
function hundredths(value: number): string {
  return value > 0 && value < 0.005 ? "< 0.01" : trim(value.toFixed(2));
}

function per(amount: Quantity): Quantity {
  return { text: amount.text, unit: `${amount.unit}/s` };
}

// 99.96 % must not become 100 %: in a hit ratio the last digits are what matters.
function percentFigures(ratio: number): string {
  const percent = ratio * 100;
  if (percent > 99 && percent < 100) return trim((Math.floor(percent * 100) / 100).toFixed(2));
  return figures(percent);
}

export function show(amount: Quantity): string {
  if (amount.unit === "") return amount.text;
  return amount.unit.startsWith("/") ? `${amount.text}${amount.unit}` : `${amount.text} ${amount.unit}`;
}

/** The numbers along an axis: with more figures where else two of them would be called the same. */
export function alongAxis(marks: readonly number[], unit: Unit): string[] {
  const told = marks.map((value) => show(quantity(value, unit)));
  if (unit !== "sessions" || new Set(told).size === told.length) return told;
  return marks.map((value) => String(Number(value.toPrecision(2))));
}

export function showOrNone(value: number | null, unit: Unit): string {
  return value === null ? NONE : show(quantity(value, unit));
}

export function milliseconds(value: number | null): string {
  return value === null ? NONE : show(duration(value / 1000));
}

/** A share 0..1 in whole per cent; what is there but rounds to nothing says so. */
export function share(value: number | null): string {
  if (value === null) return NONE;
  if (value > 0 && value < 0.005) return "< 1 %";
  return `${Math.round(value * 100)} %`;
}

/** How a ratio to a value before is told: as a factor when large, in per cent when not, null when nothing moved. */
export function change(ratio: number): { readonly arrow: string; readonly text: string } | null {
  if (ratio > 0.97 && ratio < 1.03) return null;
  const arrow = ratio > 1 ? "▲" : "▼";
  if (ratio >= 2) return { arrow, text: `${figures(ratio)}×` };
  const percent = (ratio - 1) * 100;
  return { arrow, text: `${percent > 0 ? "+" : "−"}${Math.round(Math.abs(percent))} %` };
}

/** The same number with a word for each of it: 1 session, 12 sessions. */
export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${show(count(amount))} ${amount === 1 ? one : many}`;
}
