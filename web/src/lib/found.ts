// What a search found, as a line: what it is, its facts as they are now, and what choosing it does.

import type { Search } from "../api/types";
import { bytes, count, NONE, plural, show } from "./format";
import type { Found } from "./search";
import { oneLine } from "./sql";
import { ago } from "./time";

/** What was not read for longer may be gone. */
const OLD = 7200;

interface Doing {
  readonly now: number;
  readonly open: (statement: string) => void;
  readonly copy: (name: string) => void;
}

export function found(answer: Search, { now, open, copy }: Doing): readonly Found[] {
  const facts = (told: readonly (string | null)[], last: number): string =>
    [...told, now - last > OLD ? `last read ${ago(last, now)}` : null].filter((fact) => fact !== null).join(" · ");
  return [
    ...answer.statements.map((it) => ({
      key: `statement ${it.id}`,
      kind: "statement",
      title: oneLine(it.text ?? `queryid ${it.id.split("/")[0] ?? ""}`),
      detail: facts([it.user, it.database, it.toplevel ? null : "inside a function", plural(it.calls, "call")], it.last),
      sql: true,
      choose: () => open(it.id),
    })),
    ...answer.tables.map((it) => ({
      key: `table ${it.id}`,
      kind: TABLES[it.relkind ?? ""] ?? "table",
      title: `${it.schema}.${it.name}`,
      detail: facts([it.database, size(it.bytes), rows(it.rows), vacuumed(it.vacuumed, now)], it.last),
      sql: false,
      stays: true,
      choose: () => copy(`${it.schema}.${it.name}`),
    })),
    ...answer.indexes.map((it) => ({
      key: `index ${it.id}`,
      kind: "index",
      title: `${it.schema}.${it.name}`,
      detail: facts(
        [it.table === null ? null : `on ${it.table}`, it.database, size(it.bytes), it.valid === false ? "not valid" : null],
        it.last,
      ),
      sql: false,
      stays: true,
      choose: () => copy(`${it.schema}.${it.name}`),
    })),
    ...answer.settings.map((it) => ({
      key: `setting ${it.name}`,
      kind: "setting",
      title: it.name,
      detail: facts([value(it.value, it.unit), it.source, it.pending_restart ? "another value waits for a restart" : null], it.last),
      sql: false,
      stays: true,
      choose: () => copy(it.name),
    })),
  ];
}

const TABLES: Readonly<Record<string, string>> = { m: "materialised view", p: "partitioned table" };

const size = (of: number | null): string => (of === null ? "size not known" : show(bytes(of)));

const rows = (of: number | null): string => (of === null ? "rows not known" : plural(of, "row"));

const vacuumed = (at: number | null, now: number): string =>
  at === null ? "no vacuum known" : `last vacuum ${ago(at, now)}`;

/** As the server says it: `128 MB` for 16384 of 8kB is for a page of its own. */
function value(text: string | null, unit: string | null): string {
  if (text === null) return NONE;
  if (text === "") return "empty";
  return unit === null ? text : `${text} ${/^\d/.test(unit) ? `× ${unit}` : unit}`;
}

/** Of which kinds there are more than are shown. */
export function more(answer: Search): string {
  const shown = {
    statements: answer.statements.length,
    tables: answer.tables.length,
    indexes: answer.indexes.length,
    settings: answer.settings.length,
  };
  const told = (["statements", "tables", "indexes", "settings"] as const).flatMap((kind) =>
    answer.totals[kind] > shown[kind] ? [`${show(count(answer.totals[kind]))} ${kind}`] : [],
  );
  return told.length === 0 ? "" : `Of ${told.join(", ")} the first are shown; another word narrows it down.`;
}
