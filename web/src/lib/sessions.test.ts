import { expect, test } from "vitest";

import type { LiveSession } from "../api/types";
import { called, does, groupOf, listed, sessionSheet } from "./sessions";

const session = (pid: number, more: Partial<LiveSession> = {}): LiveSession => ({
  pid,
  leader: null,
  database: "app",
  role: "alice",
  application: "shop",
  client: null,
  backend_type: "client backend",
  state: "active",
  wait: null,
  wait_class: "cpu",
  queryid: null,
  text: "select $1",
  age: 10,
  xact_age: 1,
  state_age: 1,
  blocked_by: [],
  ours: false,
  ...more,
});

const idle = session(2, { state: "idle", xact_age: null, wait: "Client:ClientRead" });
const blocked = session(3, { blocked_by: [2, 4], wait: "Lock:tuple" });
const open = session(4, { state: "idle in transaction" });
const ours = session(5, { ours: true, application: "pgvigil" });
const vacuum = session(6, { backend_type: "autovacuum worker", application: null, text: "autovacuum: VACUUM public.runs" });
const writer = session(7, { backend_type: "walwriter", state: null, wait: "Activity:WalWriterMain", xact_age: null });
const ROWS = [session(1), idle, blocked, open, ours, vacuum, writer];

const pids = (...given: Parameters<typeof listed>): number[] => listed(...given).map((row) => row.pid);

test("each group lists those that belong to it", () => {
  expect(pids(ROWS, "working", "")).toEqual([1, 2, 3, 4, 6]); // 2 rests, and is in the way
  expect(pids(ROWS, "blocked", "")).toEqual([2, 3, 4]);
  expect(pids(ROWS, "transactions", "")).toEqual([1, 3, 4, 6]);
  expect(pids(ROWS, "server", "")).toEqual([6, 7]);
  expect(pids(ROWS, "all", "")).toHaveLength(7);
});

test("all words that are searched for have to stand somewhere", () => {
  expect(pids(ROWS, "all", "SHOP lock:")).toEqual([3]);
  expect(pids(ROWS, "all", "vacuum runs")).toEqual([6]);
  expect(pids(ROWS, "all", "nobody")).toEqual([]);
});

test("the server's own processes are called what they are", () => {
  expect(called(session(1))).toBe("shop");
  expect(called(session(1, { application: null }))).toBe("(no application_name)");
  expect(called(vacuum)).toBe("autovacuum worker");
  expect(called(session(1, { backend_type: "parallel worker", leader: 9 }))).toBe("parallel worker of 9");
  expect(called(session(1, { backend_type: "walsender", application: "standby" }))).toBe("walsender standby");
  expect(does(session(1, { backend_type: "walsender", text: "BASE_BACKUP ( LABEL '' )" }))).toBe("backup");
  expect(does(writer)).toBe("resting");
});

test("an address that says nonsense shows those at work", () => {
  expect(groupOf("nonsense")).toBe("working");
  expect(groupOf("blocked")).toBe("blocked");
});

test("a sheet holds a cell for each title", () => {
  const sheet = sessionSheet(ROWS);
  expect(sheet.rows.every((row) => row.length === sheet.head.length)).toBe(true);
});
