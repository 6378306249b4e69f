// The small pure parts, each too short for a file of its own.

import { describe, expect, test } from "vitest";

import type { LivePass, LiveSample, State, Target, Vital } from "../api/types";
import { delay } from "./backoff";
import { freshest, stateLine } from "./condition";
import { search } from "./search";
import { sparkPaths } from "./spark";
import { oneLine, pieces } from "./sql";
import { pressed, rowsInSight } from "./table";
import { age, ago, axisLabels } from "./time";
import { besides, compare } from "./vitals";

const keywords = (sql: string): string[] => pieces(sql).flatMap((piece) => (piece.keyword ? [piece.text] : []));

describe("keywords of SQL", () => {
  test("are found in any case and nothing is lost", () => {
    const sql = "select a_from, \"select\" FROM t WHERE x = 'update' -- delete\n AND y = $1";
    expect(keywords(sql)).toEqual(["select", "FROM", "WHERE", "AND"]);
    expect(pieces(sql).map((piece) => piece.text).join("")).toBe(sql);
  });

  test.each(["", "'", '"never closed', "/* never closed", "- / -", "$1", "日本"])("nothing is lost of %j", (sql) => {
    expect(pieces(sql).map((piece) => piece.text).join("")).toBe(sql);
  });
});

test("one line is flat and bounded", () => {
  expect(oneLine("SELECT\n   1")).toBe("SELECT 1");
  expect(oneLine("x".repeat(500), 10)).toBe(`${"x".repeat(10)}…`);
});

test("the wait between tries doubles to half a minute", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((failures) => delay(failures, 0.5))).toEqual([1, 2, 4, 8, 16, 30, 30]);
});

test("a spark breaks where nothing is known", () => {
  expect(sparkPaths([1, 1, null, 1, 1], 100, 10).line.match(/M/g)).toHaveLength(2);
  expect(sparkPaths([], 100, 10)).toEqual({ line: "", area: "" });
  expect(sparkPaths([0, 0], 100, 10).line).toBe("M0 10L100 10");
  expect(sparkPaths([null, 0, null, null, 0], 100, 10).line).toBe("M25 10L37.5 10M87.5 10L100 10");
});

describe("rows in sight", () => {
  test("are all of 200", () => expect(rowsInSight(200, 33, 0, 500)).toEqual({ first: 0, last: 200, above: 0, below: 0 }));

  test("of 5,000 are few, and the room of the others is kept", () => {
    const sight = rowsInSight(5000, 33, 33 * 1000, 660);
    expect(sight.last - sight.first).toBeLessThan(80);
    expect(sight.above + (sight.last - sight.first) * 33 + sight.below).toBe(5000 * 33);
  });

  test("hold what is seen, wherever one has scrolled to", () => {
    for (const scrolled of [0, 1, 329, 331, 33 * 4990, 1e9]) {
      const { first, last } = rowsInSight(5000, 33, scrolled, 660);
      expect([first <= scrolled / 33 || first <= 4980, last >= Math.min(5000, (scrolled + 660) / 33)]).toEqual([true, true]);
    }
  });
});

test("pressing a head sorts numbers from the largest, texts from A, and again turns it round", () => {
  const number = { key: "calls", title: "Calls", align: "right" as const, text: () => "" };
  const text = { key: "text", title: "Text", text: () => "" };
  expect(pressed(number, null)).toEqual({ key: "calls", order: "desc" });
  expect(pressed(text, null)).toEqual({ key: "text", order: "asc" });
  expect(pressed(number, { key: "calls", order: "desc" })).toEqual({ key: "calls", order: "asc" });
});

test("search wants every word", () => {
  const items = ["UPDATE runs", "SELECT runs", "meshhook"].map((title) => ({ title, kind: "statement" }));
  expect(search(items, "runs sel").map((item) => item.title)).toEqual(["SELECT runs"]);
  expect(search(items, "")).toHaveLength(3);
  expect(search(items, "nothing such")).toEqual([]);
});

test("ages are in whole units", () => {
  expect([1, 59, 203, 7200, 864_000].map(age)).toEqual(["1 s", "59 s", "3 min", "2 h", "10 d"]);
  expect(ago(100, 101)).toBe("just now");
});

test("the axis names the day where it changes", () => {
  const midnight = new Date(2026, 2, 4, 0, 0).getTime() / 1000;
  expect(axisLabels([midnight - 600, midnight], 600)).toEqual(["23:50", "00:00\n4 Mar"]);
  expect(axisLabels([midnight, midnight + 10], 10)).toEqual(["00:00:00", "00:00:10"]);
  expect(axisLabels([midnight], 86_400)).toEqual(["4 Mar"]);
});

describe("the numbers of a target", () => {
  const NOW = 1000;
  const state: State = { condition: "watching", since: 0, cause: "", remedy: "" };
  const target = (lastPass: number | null): Target => ({
    name: "t",
    state,
    version: null,
    role: null,
    database: null,
    cpus: null,
    labels: {},
    started_at: null,
    last_sample: 900,
    last_pass: lastPass,
    probes: [],
    not_visible: [],
    log_cost: null,
    stretched: [],
  });
  const pass = (ts: number): LivePass => ({ kind: "pass", target: "t", ts, probes: ["wal"], failed: [] });
  const sample = (ts: number): LiveSample => ({ kind: "sample", target: "t", ts, active: {} });
  const head = (lastPass: number | null, heard: LivePass | null): string =>
    stateLine(freshest(target(lastPass), sample(NOW), heard), state, NOW).head;

  test("are old when three passes were missed", () => {
    expect([head(NOW - 35, null), head(NOW - 36, null)]).toEqual(["", "What is shown is old."]);
    expect(head(NOW - 90, pass(NOW - 36))).toBe("What is shown is old.");
  });

  test("are old later, and told to come less often, where what is asked is stretched", () => {
    const probe = { probe: "wal", summary: "", every: 10, last: null, outcome: "ok", reason: null } as const;
    const stretched = (name: string, every: number) => ({ probe: name, every, usual: 10, reason: "" });
    const dear = { ...target(NOW - 100), probes: [probe], stretched: [stretched("wal", 40), stretched("sessions", 2)] };
    expect(stateLine(dear, state, NOW).rest).toContain("sessions every 2 s, 1 probe, the quickest every 40 s;");
    expect(stateLine({ ...dear, last_pass: NOW - 141 }, state, NOW).head).toBe("What is shown is old.");
    expect(stateLine({ ...dear, stretched: [] }, state, NOW).head).toBe("What is shown is old.");
    const usual = stateLine({ ...dear, last_pass: NOW - 5, stretched: [] }, state, NOW).rest;
    expect(usual).toContain("sessions every second, 1 probe, the quickest every 10 s;");
  });

  test("are not old where the stream told of a pass after the list", () => {
    expect(head(NOW - 36, pass(NOW - 6))).toBe("");
    expect(head(null, pass(NOW - 6))).toBe("");
  });

  test("are not told of without the cause, where a probe failed for another reason", () => {
    const wal: Target["probes"][number] = { probe: "wal", summary: "", every: 10, last: null, outcome: "ok", reason: null };
    const failed = [{ ...wal, outcome: "failed", reason: "permission denied" } as const, wal];
    const limited: State = { condition: "limited", since: 0, cause: "The disk is full.", remedy: "Look at the disk." };
    const line = (told: State) => stateLine({ ...target(NOW), probes: failed }, told, NOW);
    expect(line(limited)).toMatchObject({
      head: "Watching t, but 1 probe of 2 failed.",
      rest: "wal (permission denied). The disk is full.",
      remedy: "Look at the disk.",
    });
    expect(line(state).rest).toBe("wal (permission denied).");
    const itself = "The probe wal fails (permission denied).";
    expect(line({ ...limited, cause: itself, remedy: "" }).rest).toBe(itself);
  });

  test("are as the later of list and stream says", () => {
    const told = freshest(target(950), sample(890), pass(940));
    expect([told.last_sample, told.last_pass]).toEqual([900, 950]);
    const heard = freshest(target(null), sample(960), pass(970));
    expect([heard.last_sample, heard.last_pass]).toEqual([960, 970]);
    expect(freshest(target(950), null, null)).toEqual(target(950));
  });
});

describe("a vital", () => {
  const vital = (given: Partial<Vital>): Vital => ({
    key: "load",
    title: "Load",
    why: "",
    unit: "sessions",
    value: 4,
    limit: null,
    limit_title: null,
    note: null,
    previous: 2,
    change: 2,
    better: "lower",
    spark: null,
    reason: null,
    not_visible: null,
    ...given,
  });

  test("twice as high is bad where lower is better, and good where higher is", () => {
    expect(compare(vital({}))).toEqual({ text: "▲ 2×", level: "bad" });
    expect(compare(vital({ better: "higher" })).level).toBe("good");
    expect(compare(vital({ better: "none" })).level).toBe("plain");
  });

  test("a hit ratio is judged by its misses", () => {
    const ratio = { unit: "ratio", better: "higher" } as const;
    expect(compare(vital({ ...ratio, value: 0.9, previous: 0.99, change: 0.9 / 0.99 })).level).toBe("bad");
    expect(compare(vital({ ...ratio, value: 0.9995, previous: 0.9999, change: 0.9996 })).text).toBe("as before");
  });

  test("that is not known, or was not, is not compared", () => {
    expect(compare(vital({ value: null, change: null })).level).toBe("plain");
    expect(compare(vital({ previous: null, change: null })).text).toBe("nothing before");
    expect(compare(vital({ previous: 0, change: null })).text).toBe("0 before");
    expect(compare(vital({ value: 0, previous: 0, change: null })).text).toBe("as before");
  });

  test("says what it is out of", () => {
    expect(besides(vital({ limit: 4, limit_title: "CPUs" }))).toBe("of 4 CPUs");
    expect(besides(vital({ limit: 4, limit_title: "CPUs" }), false)).toBe("of 4");
    expect(besides(vital({ unit: "seconds", value: 0.0096 }))).toBe("ms");
  });
});
