// From the numbers of a panel to its picture, its table and its CSV.

import type { PanelData, PanelDefinition } from "../api/types";
import type { Layer, Picture } from "./chart";
import type { Cell, Sheet } from "./csv";
import { stamp } from "./csv";
import { showOrNone } from "./format";
import { blanks, type Columns, compared, lastRead, mean, sum, type Values } from "./series";
import type { Column } from "./table";
import { full } from "./time";

type Drawn = NonNullable<PanelDefinition["drawn"]>;

// A step counts as missed, not as yet to come, when a pass is late.
const PASS_DUE = 25;

export interface Shown {
  readonly drawn: Drawn;
  readonly data: PanelData;
  readonly columns: Columns;
  /** Series left out of the chart. */
  readonly hidden: readonly string[];
  /** What the compared span is called. */
  readonly before: string;
}

const valuesOf = ({ columns }: Shown, key: string): Values => columns.values[key] ?? [];

const seen = (shown: Shown) => shown.drawn.series.filter((one) => !shown.hidden.includes(one.key));

/** The compared span: of layers their sum, of lines each. */
function behind(shown: Shown): readonly Layer[] {
  const { drawn, data, columns, before } = shown;
  const lines = seen(shown).flatMap((one) => {
    const values = compared(data, one.key, columns.ts);
    return values === null ? [] : [{ key: `before ${one.key}`, title: `${one.title}, ${before}`, colour: `--${one.colour}`, values }];
  });
  if (lines.length === 0) return [];
  if (drawn.kind === "lines" && lines.length > 1) return lines;
  return [{ key: "before", title: before, colour: "--soft", values: sum(lines.map((line) => line.values)) }];
}

/** What the chart draws; `present` is where a live one ends, null where it is not live. */
export function pictureOf(shown: Shown, span: { from: number; to: number }, present: number | null, small: boolean): Picture {
  const { drawn, data, columns } = shown;
  // The last steps of a live chart are not missed but yet to come.
  const known = lastRead(data);
  const coming = present !== null && present - (data.ts[known] ?? data.since) < PASS_DUE + data.step;
  const end = coming ? known + 1 : data.ts.length;
  return {
    ...span,
    ts: columns.ts,
    layers: seen(shown).map((one) => ({
      key: one.key,
      title: one.title,
      colour: `--${one.colour}`,
      values: valuesOf(shown, one.key),
    })),
    behind: behind(shown),
    blanks: blanks(data.ts.slice(0, end), data.read, data.step, data.gaps),
    uncertain: data.uncertain,
    marks: data.events.map((event) => ({ ts: event.ts, title: [event.title, event.subject].join(" ").trim() })),
    threshold: data.limit === null ? null : { value: data.limit, title: limitTitle(drawn, data.limit) },
    unit: drawn.unit,
    atLeast: drawn.at_least,
    closeUp: drawn.close_up,
    small,
  };
}

const limitTitle = (drawn: Drawn, limit: number): string => `${showOrNone(limit, "count")} ${drawn.limit_title ?? ""}`.trim();

/** What a screen reader says of the chart: the average of each series that is there. */
export function summary(title: string, shown: Shown): string {
  const told = shown.drawn.series.flatMap((one) => {
    const average = mean(valuesOf(shown, one.key));
    return average === null || average < 0.005 * shown.drawn.at_least
      ? []
      : [`${one.title} ${showOrNone(average, shown.drawn.unit)}`];
  });
  return `${title}, on average: ${told.join(", ") || "none"}`;
}

export interface Row {
  readonly ts: number;
  readonly index: number;
}

/** The moments of the chart, the latest first. */
export const rowsOf = (shown: Shown): readonly Row[] => shown.columns.ts.map((ts, index) => ({ ts, index })).reverse();

/** A column for each series, their sum where they are layers, and the compared span. */
export function columnsOf(shown: Shown): readonly Column<Row>[] {
  return [
    { key: "ts", title: "Until", text: (row) => full(row.ts), telling: true },
    ...numbers(shown).map(
      (one): Column<Row> => ({
        key: one.key,
        title: one.title,
        help: one.help,
        align: "right",
        telling: one.telling,
        text: (row) => showOrNone(one.values[row.index] ?? null, shown.drawn.unit),
      }),
    ),
  ];
}

/** The same with all digits: a row for each step, the oldest first. */
export function sheetOf(shown: Shown): Sheet {
  const columns = numbers(shown);
  return {
    head: ["until (UTC)", ...columns.map((one) => `${one.title} (${UNITS[shown.drawn.unit]})`)],
    rows: shown.columns.ts.map((at, i): readonly Cell[] => [stamp(at), ...columns.map((one) => one.values[i] ?? null)]),
  };
}

export const UNITS: Readonly<Record<Drawn["unit"], string>> = {
  count: "number",
  sessions: "sessions",
  per_second: "per second",
  per_hour: "per hour",
  seconds: "seconds",
  ratio: "ratio, 0 to 1",
  bytes: "bytes",
  bytes_per_second: "bytes per second",
};

interface Numbers {
  readonly key: string;
  readonly title: string;
  readonly help: string;
  readonly telling: boolean;
  readonly values: Values;
}

function numbers(shown: Shown): readonly Numbers[] {
  const { series, kind } = shown.drawn;
  const alone = series.length === 1;
  const each = series.map((one) => ({
    key: one.key,
    title: one.title,
    help: one.help,
    telling: alone || kind === "lines",
    values: valuesOf(shown, one.key),
  }));
  const before = behind({ ...shown, hidden: [] }).map((one) => ({ ...one, help: "The same in the span it is compared with", telling: false }));
  if (kind === "lines" || alone) return [...each, ...before];
  const all = sum(each.map((one) => one.values));
  return [...each, { key: "all", title: "All", help: "All of them together", telling: true, values: all }, ...before];
}
