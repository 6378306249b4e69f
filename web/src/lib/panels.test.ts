import { describe, expect, test } from "vitest";

import type { PanelData, PanelDefinition } from "../api/types";
import { columnsOf, pictureOf, rowsOf, sheetOf, type Shown, summary } from "./panels";
import { asKept, type Values } from "./series";

type Drawn = NonNullable<PanelDefinition["drawn"]>;

const SPAN = { from: 0, to: 40 };

function shown(kind: Drawn["kind"], series: Record<string, Values>, before: Record<string, Values> | null): Shown {
  const keys = Object.keys(series);
  const drawn: Drawn = {
    kind,
    unit: "per_second",
    better: "none",
    series: keys.map((key) => ({ key, title: key.toUpperCase(), help: "h", colour: "accent" })),
    limit_title: "for all",
    at_least: 0,
    close_up: false,
  };
  const data: PanelData = {
    since: 0,
    until: 40,
    step: 10,
    ts: [10, 20, 30, 40],
    series: keys.map((key) => ({ key, values: series[key] ?? [], compared: before?.[key] ?? null })),
    read: (series[keys[0] ?? ""] ?? []).map((value) => value !== null),
    compared: before === null ? null : { since: -100, until: -60 },
    limit: 12,
    uncertain: [{ since: 10, until: 20 }],
    gaps: [],
    gaps_total: 0,
    events: [],
    events_total: 0,
    not_visible: null,
  };
  return { drawn, data, columns: asKept(data, Number.POSITIVE_INFINITY), hidden: [], before: "a day earlier" };
}

const LAYERS = shown("stacked", { a: [1, 2, null, 4], b: [10, 20, null, 40] }, { a: [1, 1, 1, null], b: [2, 2, 2, 2] });
const LINES = shown("lines", { a: [1, 2, null, 4], b: [10, 20, null, 40] }, { a: [1, 1, 1, 1], b: [2, 2, 2, 2] });

describe("the compared span", () => {
  test("of layers is their sum, not known where one of them is not", () => {
    const { behind } = pictureOf(LAYERS, SPAN, null, false);
    expect(behind.map((one) => [one.title, one.values])).toEqual([["a day earlier", [3, 3, 3, null]]]);
  });

  test("of several lines is a line each, in its colour", () => {
    const { behind } = pictureOf(LINES, SPAN, null, false);
    expect(behind.map((one) => one.title)).toEqual(["A, a day earlier", "B, a day earlier"]);
    expect(behind.map((one) => one.colour)).toEqual(["--accent", "--accent"]);
  });

  test("leaves out what is hidden, and is not there where with nothing is compared", () => {
    expect(pictureOf({ ...LAYERS, hidden: ["b"] }, SPAN, null, false).behind[0]?.values).toEqual([1, 1, 1, null]);
    expect(pictureOf(shown("lines", { a: [1] }, null), SPAN, null, false).behind).toEqual([]);
  });
});

describe("a picture", () => {
  test("has its line in words, and what is uncertain", () => {
    const picture = pictureOf(LAYERS, SPAN, null, true);
    expect([picture.threshold, picture.uncertain]).toEqual([{ value: 12, title: "12 for all" }, [{ since: 10, until: 20 }]]);
  });

  test("hatches what was missed, and not what is yet to come", () => {
    const missed = shown("lines", { a: [1, null, null, null] }, null);
    expect(pictureOf(missed, SPAN, null, false).blanks).toEqual([{ since: 10, until: 40, reason: "not watched" }]);
    expect(pictureOf(missed, SPAN, 40, false).blanks).toEqual([]);
    expect(pictureOf(missed, SPAN, 60, false).blanks).toHaveLength(1);
  });

  test("is said in words", () => {
    expect(summary("T", LINES)).toBe("T, on average: A 2.33/s, B 23.3/s");
    expect(summary("T", shown("lines", { a: [null] }, null))).toBe("T, on average: none");
  });
});

describe("as a table", () => {
  test("layers have their sum, all have the compared span, the latest row comes first", () => {
    const columns = columnsOf(LAYERS);
    expect(columns.map((one) => one.title)).toEqual(["Until", "A", "B", "All", "a day earlier"]);
    const [first] = rowsOf(LAYERS);
    expect(first === undefined ? [] : columns.slice(1).map((one) => one.text(first))).toEqual(["4/s", "40/s", "44/s", "-"]);
  });

  test("a sheet has all digits, the oldest first, and nothing where nothing is known", () => {
    expect(sheetOf(LINES)).toEqual({
      head: [
        "until (UTC)",
        "A (per second)",
        "B (per second)",
        "A, a day earlier (per second)",
        "B, a day earlier (per second)",
      ],
      rows: [
        ["1970-01-01T00:00:10Z", 1, 10, 1, 2],
        ["1970-01-01T00:00:20Z", 2, 20, 1, 2],
        ["1970-01-01T00:00:30Z", null, null, 1, 2],
        ["1970-01-01T00:00:40Z", 4, 40, 1, 2],
      ],
    });
  });
});
