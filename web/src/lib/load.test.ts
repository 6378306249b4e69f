import { expect, test } from "vitest";

import type { Load, PanelDefinition } from "../api/types";
import { dataOf, panelOf, readWanted, sliceTitle, textsOf, toggled, topSheet, withState, writeWanted } from "./load";

const top = (dimension: Load["tops"][number]["dimension"], ...names: (string | null)[]): Load["tops"][number] => ({
  dimension,
  names: names.length,
  slices: names.map((name) => ({ name, text: name === "7" ? "select 7" : null, load: 1, share: 0.5, by_class: [] })),
});

const LOAD: Load = {
  since: 0,
  until: 20,
  step: 10,
  ts: [10, 20],
  by: "class",
  courses: [
    { name: "lock", values: [2, 1] },
    { name: "cpu", values: [1, null] },
  ],
  read: [true, false],
  samples: 10,
  average: 2,
  tops: [top("statement", "7", "", null)],
  compared: { since: -20, until: 0 },
  before: [3, 4],
  limit: 2,
  gaps: [],
  gaps_total: 0,
  not_visible: null,
};

const WORDS: PanelDefinition = {
  name: "load_slices",
  title: "Sessions",
  why: "w",
  page: "load",
  means: "m",
  causes: [],
  todo: "t",
  source: [],
  computed: "c",
  drawn: null,
};

test("an address says what is sliced and filtered, and what is usual is left out", () => {
  expect(readWanted({})).toEqual({ by: "class", filters: {} });
  const wanted = { by: "user", filters: { event: "", state: "any", application: "job & co" } } as const;
  expect(readWanted(writeWanted(wanted))).toEqual(wanted);
  expect(writeWanted({ by: "class", filters: {} })).toEqual({});
  expect(readWanted({ by: "colour", size: "3" })).toEqual({ by: "class", filters: {} });
});

test("a slice is pressed to look at it alone, and again to look at all", () => {
  const alone = toggled({ user: "alice" }, "event", "Lock:tuple");
  expect(alone).toEqual({ user: "alice", event: "Lock:tuple" });
  expect(toggled(alone, "event", "Lock:tuple")).toEqual({ user: "alice" });
  expect(toggled(alone, "event", "")).toEqual({ user: "alice", event: "" });
});

test("active sessions alone are usual, so that they are no part of the address", () => {
  expect(withState({ user: "u" }, null)).toEqual({ user: "u", state: "any" });
  expect(withState({ user: "u", state: "any" }, "active")).toEqual({ user: "u" });
  expect(withState({}, "idle in transaction")).toEqual({ state: "idle in transaction" });
});

test("slices without a name, and those after the largest, are named in words", () => {
  const texts = textsOf(LOAD);
  expect(sliceTitle("event", "", texts)).toBe("CPU");
  expect(sliceTitle("event", "Lock:tuple", texts)).toBe("Lock: tuple");
  expect(sliceTitle("statement", "7", texts)).toBe("select 7");
  expect(sliceTitle("statement", "8", texts)).toContain("queryid 8");
  expect(sliceTitle("statement", "", texts)).toBe("(no statement told)");
  expect(sliceTitle("user", null, texts)).toBe("All others");
  expect(sliceTitle("class", "lwlock", texts)).toBe("LWLock");
});

test("wait classes are stacked in their own order and colours, all else as large as it is", () => {
  expect(panelOf(LOAD, WORDS).drawn?.series.map((one) => [one.key, one.colour])).toEqual([["cpu", "cpu"], ["lock", "lock"]]);
  const users = { ...LOAD, by: "user", courses: [{ name: "bob", values: [1, 1] }, { name: null, values: [0, 1] }] } as const;
  expect(panelOf(users, WORDS).drawn?.series.map((one) => [one.key, one.title, one.colour])).toEqual([
    ["bob", "bob", "slice1"],
    ["rest", "All others", "soft"],
  ]);
});

test("the compared whole belongs to one layer alone, so that it is not counted twice", () => {
  expect(dataOf(LOAD).series.map((one) => [one.key, one.compared])).toEqual([["cpu", [3, 4]], ["lock", null]]);
});

test("a list is saved with its names, and statements with their numbers", () => {
  const slices = LOAD.tops[0]?.slices ?? [];
  const sheet = topSheet("statement", slices, textsOf(LOAD));
  expect(sheet.head).toEqual(["statement", "queryid", "share", "load (sessions)"]);
  expect(sheet.rows.map((row) => row.slice(0, 2))).toEqual([["select 7", "7"], ["(no statement told)", ""], ["All others", null]]);
});
