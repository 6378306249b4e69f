import { expect, test } from "vitest";

import type { LockHolder, LockIncident, LockNode, LockWait } from "../api/types";
import { doing, headOf, incidentSheet, lines, todo, treeSheet, wanted } from "./locks";

const who = (pid: number, more: Partial<LockHolder> = {}): LockHolder => ({
  pid,
  prepared: null,
  role: "alice",
  application: "shop",
  state: null,
  queryid: "3",
  text: "select 1",
  xact_age: null,
  state_age: null,
  ...more,
});

const wait: LockWait = {
  mode: "ShareLock",
  locktype: "transactionid",
  table: "public.runs",
  relid: "9",
  transaction: "88123",
  database: "app",
  waited: 41,
  queued: false,
};

const node = (pid: number, depth: number, behind = 0, more: Partial<LockNode> = {}): LockNode => ({
  depth,
  who: who(pid),
  wait: depth === 0 ? null : wait,
  others: [],
  behind,
  circle: false,
  ...more,
});

const shown = (nodes: readonly LockNode[], opened: ReadonlySet<string> = new Set()): readonly (number | string)[] =>
  lines(nodes, opened).map((line) => (line.more > 0 ? `${line.more} more` : line.node.who.pid));

test("of many alike below the same one a few are drawn until they are wanted", () => {
  const star = [node(1, 0, 9), ...Array.from({ length: 9 }, (_, i) => node(10 + i, 1))];
  expect(shown(star)).toEqual([1, 10, 11, "7 more"]);
  const folded = lines(star, new Set()).at(-1);
  expect(shown(star, new Set([folded?.key ?? ""]))).toEqual([1, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
});

test("three alike, those behind another one, and those with somebody behind them are all drawn", () => {
  expect(shown([node(1, 0, 3), node(2, 1), node(3, 1), node(4, 1)])).toEqual([1, 2, 3, 4]);
  const two = [node(1, 0, 2), node(2, 1), node(3, 1), node(4, 0, 2), node(5, 1), node(6, 1)];
  expect(shown(two)).toEqual([1, 2, 3, 4, 5, 6]);
  const chain = [node(1, 0, 4), node(2, 1, 3), node(3, 2, 2), node(4, 3, 1), node(5, 4)];
  expect(shown(chain)).toEqual([1, 2, 3, 4, 5]);
});

test("what is waited for is told by what it is", () => {
  expect(wanted(wait)).toBe("ShareLock on transaction 88123 (a row of public.runs)");
  expect(wanted({ ...wait, table: null })).toBe("ShareLock on transaction 88123");
  expect(wanted({ ...wait, locktype: "relation" })).toBe("ShareLock on public.runs");
  expect(wanted({ ...wait, locktype: "relation", table: null })).toBe("ShareLock on a table");
  expect(wanted({ ...wait, locktype: "advisory", table: null })).toBe("ShareLock on an advisory lock");
  expect(wanted({ ...wait, locktype: "tuple" })).toBe("ShareLock on a tuple of public.runs");
});

test("what the head does and what to do about it depend on what it is", () => {
  const idle = who(7, { state: "idle in transaction", state_age: 192, xact_age: 200 });
  expect(doing(idle)).toBe("idle in transaction for 3.2 min, its transaction open for 3.33 min");
  expect(todo(idle).sql).toBe("SELECT pg_terminate_backend(7);");
  expect(todo(who(7, { state: "active" })).sql).toBe("SELECT pg_cancel_backend(7);\nSELECT pg_terminate_backend(7);");
  const prepared = who(0, { prepared: "700", application: null, role: null });
  expect(todo(prepared).sql).toContain("FROM pg_prepared_xacts WHERE transaction = '700'");
  expect(doing(prepared)).toContain("ROLLBACK PREPARED");
});

const incident: LockIncident = {
  since: 0,
  until: 60,
  head: who(7, { state: "idle in transaction" }),
  depth: 2,
  sessions: 3,
  statements: 1,
  queryid: "3",
  text: "=1+1",
  locktype: "relation",
  table: "public.runs",
  lost: 100,
  longest: 60,
  deadlocks: 0,
  database: null,
  waiting: [],
};

test("an incident is called after its head", () => {
  expect(headOf(incident)).toBe("pid 7 shop, idle in transaction");
  expect(headOf({ ...incident, head: null })).toBe("a circle of waiters");
  expect(headOf({ ...incident, head: who(0, { prepared: "700" }) })).toBe("prepared transaction 700");
  const deadlock = { ...incident, head: null, deadlocks: 2, database: "app", waiting: ["a", "b"] };
  expect(headOf(deadlock)).toBe("2 deadlocks in app: a, b");
  expect(headOf({ ...deadlock, deadlocks: 1, waiting: [] })).toBe("1 deadlock in app");
});

test("sheets hold a cell for each title", () => {
  const sheet = incidentSheet([incident]);
  expect(sheet.rows[0]).toHaveLength(sheet.head.length);
  const tree = treeSheet({ asked: 1, at: 1, seconds: 0, known: true, every: 1, waiting: 1, nodes: [node(1, 0, 1), node(2, 1)], not_visible: null });
  expect(tree.rows.map((row) => row.length)).toEqual([tree.head.length, tree.head.length]);
  expect(tree.rows[1]?.slice(0, 2)).toEqual([1, 2]);
});
