// The lists of the page with all their digits, for CSV.

import type { FleetLine, Statement, StatementGroup, StatementSeen, StatementTag } from "../api/types";
import type { Cell, Sheet } from "./csv";
import { stamp } from "./csv";
import { said, vitalOf } from "./fleet";
import { statementText } from "./statements";

type Field<Row> = readonly [title: string, value: (row: Row) => Cell];

const sheet = <Row>(fields: readonly Field<Row>[], rows: readonly Row[]): Sheet => ({
  head: fields.map(([title]) => title),
  rows: rows.map((row) => fields.map(([, value]) => value(row))),
});

const STATEMENT: readonly Field<Statement>[] = [
  ["statement", statementText],
  ["queryid", (row) => row.queryid],
  ["kind", (row) => row.kind],
  ["user", (row) => row.user],
  ["database", (row) => row.database],
  ["share of load", (row) => row.share],
  ["load (sessions)", (row) => row.load],
  ["load before (sessions)", (row) => row.load_before],
  ["calls", (row) => row.calls],
  ["calls (per second)", (row) => row.calls_per_s],
  ["calls before (per second)", (row) => row.calls_per_s_before],
  ["mean (ms)", (row) => row.mean_ms],
  ["mean before (ms)", (row) => row.mean_ms_before],
  ["standard deviation (ms)", (row) => row.stddev_ms],
  ["rows per call", (row) => row.rows_per_call],
  ["blocks found per call", (row) => row.hit_per_call],
  ["blocks read per call", (row) => row.read_per_call],
  ["cache hit (0 to 1)", (row) => row.cache_hit],
  ["temporary files (bytes per second)", (row) => row.temp_bytes_per_s],
  ["WAL (bytes per second)", (row) => row.wal_bytes_per_s],
  ["I/O time (of its execution time)", (row) => row.io_share],
  ["planning (ms per plan)", (row) => row.plan_ms],
  ["uncertain", (row) => (row.uncertain ? "yes" : "no")],
];

const TAG: readonly Field<StatementTag>[] = [
  ["tag", (row) => row.name],
  ["value", (row) => row.value],
  ["share of load", (row) => row.share],
  ["load (sessions)", (row) => row.load],
  ["statements", (row) => row.statements],
];

const GROUP: readonly Field<StatementGroup>[] = [
  ["name", (row) => row.name],
  ["share of load", (row) => row.share],
  ["load (sessions)", (row) => row.load],
  ["calls", (row) => row.calls],
  ["calls (per second)", (row) => row.calls_per_s],
  ["mean (ms)", (row) => row.mean_ms],
  ["statements", (row) => row.statements],
  ["uncertain", (row) => (row.uncertain ? "yes" : "no")],
];

const SEEN: readonly Field<StatementSeen>[] = [
  ["name", (row) => row.name],
  ["share", (row) => row.share],
  ["load (sessions)", (row) => row.load],
];

const FLEET: readonly Field<FleetLine>[] = [
  ["server", (line) => line.name],
  ["version", (line) => line.version],
  ["role", (line) => line.role],
  ["verdict", (line) => line.verdict.level],
  ["in words", (line) => said(line).head],
  ["load (sessions)", (line) => vitalOf(line, "load")?.value ?? null],
  ["throughput (transactions per second)", (line) => vitalOf(line, "throughput")?.value ?? null],
  ["connections", (line) => vitalOf(line, "connections")?.value ?? null],
  ["last reading (UTC)", (line) => (line.last_reading === null ? null : stamp(line.last_reading))],
];

export const statementSheet = (rows: readonly Statement[]): Sheet => sheet(STATEMENT, rows);
export const tagSheet = (rows: readonly StatementTag[]): Sheet => sheet(TAG, rows);
export const groupSheet = (rows: readonly StatementGroup[]): Sheet => sheet(GROUP, rows);
export const seenSheet = (rows: readonly StatementSeen[]): Sheet => sheet(SEEN, rows);
export const fleetSheet = (lines: readonly FleetLine[]): Sheet => sheet(FLEET, lines);
