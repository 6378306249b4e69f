// A statement in words, its address, and which of them an address asks for.

import type { Comparison, PanelData, Statement, StatementChart, StatementDetail, StatementKind } from "../api/types";
import { change, count, milliseconds, NONE, quantity, share, show, showOrNone } from "./format";
import type { Column } from "./table";

/** The path of a statement's own page. */
export function statementPath(id: string): string {
  return `/queries/${id}`;
}

/** A text to show where there is none, and why. */
export function statementText(row: Pick<Statement, "text" | "queryid">): string {
  if (row.text !== null) return row.text;
  return row.queryid === null ? "(not visible to this role)" : `(text not fetched yet, queryid ${row.queryid})`;
}

/** The numbers of one of its charts, as a panel has them. */
export function chartData(told: StatementDetail, chart: StatementChart): PanelData {
  // Where calls are not known nothing was read, whatever else a step lacks.
  const calls = told.charts.flatMap((one) => one.series).find((one) => one.key === "calls")?.values ?? [];
  const { since, until, step, ts, gaps, compared_since: from, compared_until: to } = told;
  return {
    since,
    until,
    step,
    ts,
    series: chart.series,
    read: ts.map((_, i) => calls[i] !== null && calls[i] !== undefined),
    compared: from === null || to === null ? null : { since: from, until: to },
    limit: null,
    uncertain: told.uncertain.map((end) => ({ since: end - step, until: end })),
    gaps,
    gaps_total: gaps.length,
    events: [],
    events_total: 0,
    not_visible: null,
  };
}

export const KIND_TITLES: Readonly<Record<StatementKind, string>> = {
  query: "Queries",
  utility: "Utility",
  nested: "In functions",
  hidden: "Hidden",
};

/** The same of one of them. */
export const KIND_NAMES: Readonly<Record<StatementKind, string>> = {
  query: "Query",
  utility: "Utility",
  nested: "In a function",
  hidden: "Hidden",
};

export const KIND_MEANINGS: Readonly<Record<StatementKind, string>> = {
  query: "SELECT, INSERT, UPDATE, DELETE and MERGE as clients sent them",
  utility: "Commands: BEGIN, COMMIT, COPY, VACUUM, CREATE and the like",
  nested: "Run by a function (pg_stat_statements.track = all); their time is part of the statement that called it",
  hidden: "Their text may not be seen by the role pgvigil uses",
};

export type GroupBy = "statement" | "tag" | "user" | "database";

export const GROUPS: readonly { readonly key: GroupBy; readonly title: string }[] = [
  { key: "statement", title: "Statement" },
  { key: "tag", title: "Tag" },
  { key: "user", title: "User" },
  { key: "database", title: "Database" },
];

/** What the page of statements was asked for beyond time and order. */
export interface Wanted {
  readonly kind: StatementKind | null;
  readonly user: string | null;
  readonly database: string | null;
  readonly search: string;
  /** Also those that ran only in the compared span. */
  readonly all: boolean;
  readonly group: GroupBy;
  readonly columns: readonly string[];
}

export const LONGEST_SEARCH = 200;

export const DEFAULT_COLUMNS: readonly string[] = [
  "load", "load_change", "calls_per_s", "mean_ms", "stddev_ms", "rows_per_call", "user", "spark",
];

/** What the address says; what it says wrongly counts as not said. */
export function readWanted(own: Readonly<Record<string, string>>, known: readonly string[]): Wanted {
  const columns = (own["columns"] ?? "").split(",").filter((key) => known.includes(key));
  return {
    kind: own["kind"] !== undefined && isKind(own["kind"]) ? own["kind"] : null,
    user: own["user"] ?? null,
    database: own["database"] ?? null,
    search: (own["search"] ?? "").slice(0, LONGEST_SEARCH),
    all: own["all"] === "yes",
    group: GROUPS.find((one) => one.key === own["group"])?.key ?? "statement",
    columns: own["columns"] === undefined || columns.length === 0 ? DEFAULT_COLUMNS : columns,
  };
}

/** The same for an address, what is as usual left out. */
export function writeWanted(wanted: Wanted): Readonly<Record<string, string>> {
  const said: Record<string, string> = {};
  if (wanted.kind !== null) said["kind"] = wanted.kind;
  if (wanted.user !== null) said["user"] = wanted.user;
  if (wanted.database !== null) said["database"] = wanted.database;
  if (wanted.search !== "") said["search"] = wanted.search;
  if (wanted.all) said["all"] = "yes";
  if (wanted.group !== "statement") said["group"] = wanted.group;
  if (wanted.columns.join() !== DEFAULT_COLUMNS.join()) said["columns"] = wanted.columns.join(",");
  return said;
}

function isKind(word: string): word is StatementKind {
  return Object.hasOwn(KIND_TITLES, word);
}

/** A number beside what it was: as a factor or in per cent. `bad` where it grew much and growing is worse. */
export interface Changed {
  readonly text: string;
  readonly bad: boolean;
}

const MUCH = 1.2;

export function changed(value: number | null, before: number | null, isNew: boolean | null, worse = true): Changed {
  if (isNew === true) return { text: "new", bad: worse };
  if (value === null || before === null) return { text: NONE, bad: false };
  if (before === 0) return { text: value === 0 ? "as before" : "0 before", bad: false };
  if (value === 0) return { text: "gone", bad: false };
  const told = change(value / before);
  if (told === null) return { text: "as before", bad: false };
  return { text: `${told.arrow} ${told.text}`, bad: worse && value / before >= MUCH };
}

export const COMPARED_WITH: Readonly<Record<Comparison, string>> = {
  previous: "the span before",
  day: "a day earlier",
  week: "a week earlier",
  none: "nothing",
};

const perSecond = (value: number | null): string => (value === null ? NONE : show(quantity(value, "bytes_per_second")));

const number = (
  key: string,
  title: string,
  help: string,
  text: (row: Statement) => string,
  more: Partial<Column<Statement>> = {},
): Column<Statement> => ({ key, title, help, text, align: "right", sortable: true, ...more });

/** Every column of statements but those that are drawn: the text, the load and the trend. */
export const NUMBERS: readonly Column<Statement>[] = [
  number("load_change", "Change", "Of its load, against the compared span; sorted by how much was added", (row) => changed(row.load, row.load_before, row.is_new).text),
  number("calls_per_s", "Calls", "Executions that ended per second", (row) => showOrNone(row.calls_per_s, "per_second")),
  number("calls", "Calls in all", "Executions that ended in the span", (row) => show(count(row.calls))),
  number("calls_change", "Calls change", "Of its calls per second, against the compared span", (row) => changed(row.calls_per_s, row.calls_per_s_before, row.is_new, false).text),
  number("mean_ms", "Mean", "Execution time per call, without planning", (row) => milliseconds(row.mean_ms), { telling: true }),
  number("stddev_ms", "± Stddev", "Standard deviation: how far calls lie from the mean in this span", (row) => milliseconds(row.stddev_ms)),
  number("mean_change", "Mean change", "Of its time per call, against the compared span", (row) => changed(row.mean_ms, row.mean_ms_before, row.is_new).text),
  number("rows_per_call", "Rows/call", "Rows returned or changed per call", (row) => showOrNone(row.rows_per_call, "count")),
  number("hit_per_call", "Hit/call", "Blocks of tables and indexes found in shared buffers, per call", (row) => showOrNone(row.hit_per_call, "count")),
  number("read_per_call", "Read/call", "Blocks of tables and indexes asked of the system, per call", (row) => showOrNone(row.read_per_call, "count")),
  number("cache_hit", "Cache hit", "Blocks found in shared buffers, of all it asked for", (row) => showOrNone(row.cache_hit, "ratio")),
  number("temp_bytes_per_s", "Temp", "Temporary files written and read, because work_mem was too small", (row) => perSecond(row.temp_bytes_per_s)),
  number("wal_bytes_per_s", "WAL", "Write-ahead log it made", (row) => perSecond(row.wal_bytes_per_s)),
  number("io_share", "I/O time", "Part of its execution time spent reading and writing blocks; - where track_io_timing is off", (row) => share(row.io_share)),
  number("plan_ms", "Planning", "Planning time per plan; - where pg_stat_statements.track_planning is off", (row) => milliseconds(row.plan_ms)),
  number("user", "User", "The role that ran it", (row) => row.user ?? NONE, { align: "left" }),
  number("database", "Database", "Where it ran", (row) => row.database ?? NONE, { align: "left" }),
];

/** The keys of the columns that can be chosen, in their order. */
export const CHOICES: readonly { readonly key: string; readonly title: string }[] = [
  { key: "load", title: "Share of load" },
  ...NUMBERS,
  { key: "spark", title: "Trend" },
];

