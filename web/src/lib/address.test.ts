import { describe, expect, test } from "vitest";

import { read, START, valid, type View, write, zoom } from "./address";

describe("an address", () => {
  test("that says nothing is the start, and the start needs no words", () => {
    expect(read("")).toEqual(START);
    expect(write(START)).toBe("");
  });

  test("brings a view back as it was", () => {
    const view: View = {
      target: "a name & more",
      preset: "7d",
      fixed: { from: 1_700_000_000, to: 1_700_003_600 },
      compare: "week",
      sort: "mean_ms",
      order: "asc",
      hidden: ["lock", "io"],
      tables: ["load", "wal"],
      own: { kind: "utility", search: "a & b = c" },
    };
    expect(read(write(view))).toEqual(view);
  });

  test.each(["?range=5y", "?from=abc&to=5", "?from=10&to=5", "?sort=password", "?hide=everything", "?order=sideways", "?compare=year"])(
    "that says something wrong counts as not saying it: %s",
    (search) => expect(read(search)).toEqual(START),
  );
});

test("a span is a minute to 400 days long", () => {
  expect(valid({ from: 1000, to: 1059 })).toBe(false);
  expect(valid({ from: 1000, to: 1060 })).toBe(true);
  expect(valid({ from: 1000, to: 1000 + 400 * 86_400 })).toBe(true);
  expect(valid({ from: 1000, to: 1001 + 400 * 86_400 })).toBe(false);
});

describe("a dragged span", () => {
  test("may be dragged in both directions", () => {
    expect(zoom(5000, 4000, 9000)).toEqual({ from: 4000, to: 5000 });
    expect(zoom(4000, 5000, 9000)).toEqual({ from: 4000, to: 5000 });
  });

  test("is never shorter than a minute", () => expect(valid(zoom(5000, 5003, 9000))).toBe(true));

  test("does not reach into the future", () => expect(zoom(8000, 9500, 9000).to).toBe(9000));
});
