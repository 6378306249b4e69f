// What the shell of the page decides: time moved, servers listed, lines of the fleet and of a search, keys.

import { describe, expect, test } from "vitest";

import type { FleetLine, Search, State, Target, Verdict } from "../api/types";
import { LONGEST, shifted, valid, widened } from "./address";
import { said } from "./fleet";
import { found, more } from "./found";
import { SHORTCUTS } from "./keys";
import { listed } from "./targets";

describe("a span moved in time", () => {
  const span = { from: 1000, to: 1600 };

  test("goes by halves and keeps its length", () => {
    expect(shifted(span, -1, 9000)).toEqual({ from: 700, to: 1300 });
    expect(shifted(span, 1, 9000)).toEqual({ from: 1300, to: 1900 });
  });

  test("ends at the present, its length kept", () => expect(shifted(span, 1, 1700.6)).toEqual({ from: 1100, to: 1700 }));

  test("comes back to where it was", () => expect(shifted(shifted(span, -1, 9000), 1, 9000)).toEqual(span));

  test("of odd seconds and broken moments stays whole and valid", () => {
    const moved = shifted({ from: 1000.4, to: 1061.4 }, -1, 1061.4);
    expect(moved.to - moved.from).toBe(61);
    expect(Number.isInteger(moved.from)).toBe(true);
    expect(valid(moved)).toBe(true);
  });
});

describe("a span seen from further away", () => {
  test("is twice as long around the same middle", () =>
    expect(widened({ from: 2000, to: 2600 }, 9000)).toEqual({ from: 1700, to: 2900 }));

  test("does not reach into the future", () =>
    expect(widened({ from: 2000, to: 2600 }, 2600)).toEqual({ from: 1400, to: 2600 }));

  test("is never longer than can be asked for", () => {
    const now = 1_800_000_000;
    const wide = widened({ from: now - LONGEST, to: now }, now);
    expect(wide.to - wide.from).toBe(LONGEST);
    expect(valid(wide)).toBe(true);
  });
});

describe("servers to choose from", () => {
  const target = (name: string, condition: State["condition"], labels: Record<string, string> = {}): Target =>
    ({ name, labels, state: { condition, since: 0, cause: "", remedy: "" } }) as unknown as Target;
  const all = [
    target("a", "watching"),
    target("b", "unreachable"),
    target("c", "limited", { env: "production" }),
    target("d", "watching", { env: "production" }),
    target("e", "refused"),
  ];
  const names = (typed: string): string[] => listed(all, typed, (one) => one.state).map((one) => one.name);

  test("come the worst first and otherwise in their order", () => expect(names("")).toEqual(["b", "e", "c", "a", "d"]));

  test("are found by a part of the name or of a label", () => {
    expect(names("PROD")).toEqual(["c", "d"]);
    expect(names("prod d")).toEqual(["c", "d"]);
    expect(names("x")).toEqual([]);
  });
});

describe("a line of the fleet", () => {
  const line = (level: Verdict["level"], more: Partial<Verdict> = {}, condition: State["condition"] = "watching"): FleetLine =>
    ({ name: "db", condition, verdict: { level, subjects: [], unknown: [], cause: "", remedy: "", ...more } }) as unknown as FleetLine;
  const subject = { severity: "critical", headline: "It burns.", details: [], todo: "", page: "/" } as unknown as Verdict["subjects"][number];

  test("is quiet only where nothing is wrong", () => {
    expect(said(line("well"))).toEqual({ tone: "ok", head: "Nothing is wrong.", rest: "" });
  });

  test("names the first subject and counts the others", () => {
    expect(said(line("critical", { subjects: [subject] }))).toEqual({ tone: "bad", head: "It burns.", rest: "" });
    expect(said(line("critical", { subjects: [subject, subject] })).rest).toBe("And 1 more thing not as usual.");
  });

  test("tells a server that is away from one that refuses", () => {
    expect(said(line("down", { cause: "Nothing listens." }, "unreachable"))).toEqual({
      tone: "bad",
      head: "db does not answer.",
      rest: "Nothing listens.",
    });
    expect(said(line("down", {}, "refused")).head).toBe("db refuses pgvigil.");
  });

  test("says why where it cannot be told", () => {
    const told = said(line("unknown", { unknown: [{ what: "locks", reason: "It was not read yet.", remedy: null }] }));
    expect(told).toEqual({ tone: "warn", head: "Cannot tell whether db is well.", rest: "`locks`: It was not read yet." });
  });
});

describe("what a search found", () => {
  const answer = {
    q: "o",
    statements: [{ id: "7/1/2/3", text: null, user: null, database: "shop", toplevel: false, calls: 1, last: 100 }],
    tables: [
      { id: "1/2", database: "shop", schema: "public", name: "orders", relkind: "p", bytes: null, rows: null, vacuumed: null, last: 100 },
    ],
    indexes: [{ id: "1/3", database: null, schema: "public", name: "o_pk", table: "orders", bytes: 8192, valid: false, last: 100 }],
    settings: [{ name: "shared_buffers", value: "16384", unit: "8kB", source: "default", pending_restart: true, last: 100 }],
    totals: { statements: 3, tables: 1, indexes: 1, settings: 1 },
  } as const satisfies Search;
  const done: string[] = [];
  const doing = { now: 110, open: (id: string) => void done.push(`open ${id}`), copy: (name: string) => void done.push(name) };

  test("has its facts in a second line, and what is not known is said", () => {
    const lines = found(answer, doing).map(({ kind, title, detail }) => [kind, title, detail]);
    expect(lines).toEqual([
      ["statement", "queryid 7", "shop · inside a function · 1 call"],
      ["partitioned table", "public.orders", "shop · size not known · rows not known · no vacuum known"],
      ["index", "public.o_pk", "on orders · 8 kB · not valid"],
      ["setting", "shared_buffers", "16384 × 8kB · default · another value waits for a restart"],
    ]);
  });

  test("that was not read for hours says so", () =>
    expect(found(answer, { ...doing, now: 100 + 3 * 3600 })[3]?.detail).toContain("last read 3 h ago"));

  test("opens a statement and copies the name of everything else", () => {
    done.length = 0;
    for (const line of found(answer, doing)) line.choose();
    expect(done).toEqual(["open 7/1/2/3", "public.orders", "public.o_pk", "shared_buffers"]);
    expect(found(answer, doing).map((line) => line.stays ?? false)).toEqual([false, true, true, true]);
  });

  test("tells of which there are more", () => {
    expect(more(answer)).toBe("Of 3 statements the first are shown; another word narrows it down.");
    expect(more({ ...answer, totals: { ...answer.totals, statements: 1 } })).toBe("");
  });
});

test("no key does two things, and g is free for the pages", () => {
  const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).not.toContain("g");
});
