// The state of a view is its address: target, time, order, what is open. Pure: text in, value out, and back.

import type { Comparison, Order, StatementSort, WaitClass } from "../api/types";
import { isWaitClass } from "./waits";

export const PRESETS = [
  { key: "15m", title: "15 m", seconds: 900 },
  { key: "1h", title: "1 h", seconds: 3600 },
  { key: "6h", title: "6 h", seconds: 21_600 },
  { key: "24h", title: "24 h", seconds: 86_400 },
  { key: "7d", title: "7 d", seconds: 604_800 },
  { key: "30d", title: "30 d", seconds: 2_592_000 },
] as const;

export type Preset = (typeof PRESETS)[number]["key"];

export const COMPARISONS = [
  { key: "previous", title: "the span before" },
  { key: "day", title: "a day earlier" },
  { key: "week", title: "a week earlier" },
  { key: "none", title: "nothing" },
] as const satisfies readonly { readonly key: Comparison; readonly title: string }[];

/** Sliding: ends now and moves on. Fixed: stays where it is. */
export interface Fixed {
  readonly from: number;
  readonly to: number;
}

export interface View {
  readonly target: string | null;
  readonly preset: Preset;
  readonly fixed: Fixed | null;
  readonly compare: Comparison;
  readonly sort: StatementSort;
  readonly order: Order;
  readonly hidden: readonly WaitClass[];
  /** The charts that are shown as tables. */
  readonly tables: readonly string[];
  /** What the address says beyond, for the page that is shown. */
  readonly own: Readonly<Record<string, string>>;
}

export const START: View = {
  target: null,
  preset: "1h",
  fixed: null,
  compare: "previous",
  sort: "load",
  order: "desc",
  hidden: [],
  tables: [],
  own: {},
};

const SHARED = new Set(["target", "range", "from", "to", "compare", "sort", "order", "hide", "table"]);
const LONGEST_OWN = 400;

export const SHORTEST = 60;
export const LONGEST = 400 * 86_400;

const SORTS: readonly StatementSort[] = [
  "load", "calls_per_s", "calls", "mean_ms", "stddev_ms", "rows_per_call", "hit_per_call", "read_per_call", "cache_hit",
  "temp_bytes_per_s", "wal_bytes_per_s", "io_share", "plan_ms", "load_change", "calls_change", "mean_change", "text",
  "user", "database",
];

export function presetSeconds(key: Preset): number {
  return PRESETS.find((preset) => preset.key === key)?.seconds ?? 3600;
}

/** What an address says; what it says wrongly counts as not said. */
export function read(search: string): View {
  const given = new URLSearchParams(search);
  return {
    target: given.get("target"),
    preset: PRESETS.find((preset) => preset.key === given.get("range"))?.key ?? START.preset,
    fixed: readFixed(given),
    compare: COMPARISONS.find((one) => one.key === given.get("compare"))?.key ?? START.compare,
    sort: SORTS.find((sort) => sort === given.get("sort")) ?? START.sort,
    order: given.get("order") === "asc" ? "asc" : "desc",
    hidden: (given.get("hide") ?? "").split(",").filter(isWaitClass),
    tables: (given.get("table") ?? "").split(",").filter((name) => name !== ""),
    own: Object.fromEntries([...given].filter(([name, value]) => !SHARED.has(name) && value.length <= LONGEST_OWN)),
  };
}

function readFixed(given: URLSearchParams): Fixed | null {
  const from = Number(given.get("from") ?? Number.NaN);
  const to = Number(given.get("to") ?? Number.NaN);
  return valid({ from, to }) ? { from, to } : null;
}

export function valid(fixed: Fixed): boolean {
  const length = fixed.to - fixed.from;
  return length >= SHORTEST && length <= LONGEST && fixed.from > 0;
}

/** The shortest address that says it: what is as at the start is left out. */
export function write(view: View): string {
  const said = new URLSearchParams();
  if (view.target !== null) said.set("target", view.target);
  if (view.preset !== START.preset) said.set("range", view.preset);
  if (view.fixed !== null) {
    said.set("from", String(Math.round(view.fixed.from)));
    said.set("to", String(Math.round(view.fixed.to)));
  }
  if (view.compare !== START.compare) said.set("compare", view.compare);
  if (view.sort !== START.sort) said.set("sort", view.sort);
  if (view.order !== START.order) said.set("order", view.order);
  if (view.hidden.length > 0) said.set("hide", view.hidden.join(","));
  if (view.tables.length > 0) said.set("table", view.tables.join(","));
  for (const [name, value] of Object.entries(view.own)) said.set(name, value);
  const text = said.toString();
  return text === "" ? "" : `?${text}`;
}

/** A dragged span: never shorter than a minute, never in the future. */
export function zoom(from: number, to: number, now: number): Fixed {
  const until = Math.min(Math.ceil(Math.max(from, to)), now);
  const since = Math.floor(Math.min(from, to, until - SHORTEST));
  return { from: since, to: until };
}

/** A span moved by so many halves of its length, not beyond the present. */
export function shifted(span: Fixed, halves: number, now: number): Fixed {
  const length = Math.round(span.to - span.from);
  const to = Math.floor(Math.min(span.to + (halves * length) / 2, now));
  return { from: to - length, to };
}

/** Twice the span around its middle, not beyond the present and not longer than can be asked for. */
export function widened(span: Fixed, now: number): Fixed {
  const length = Math.min(2 * Math.round(span.to - span.from), LONGEST);
  const to = Math.floor(Math.min((span.from + span.to + length) / 2, now));
  return { from: to - length, to };
}
