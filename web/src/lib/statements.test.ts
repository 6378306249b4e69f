import { describe, expect, test } from "vitest";

import { CHOICES, changed, DEFAULT_COLUMNS, readWanted, type Wanted, writeWanted } from "./statements";

const KNOWN = CHOICES.map((one) => one.key);

describe("what a list of statements was asked for", () => {
  test("comes back from the address as it was", () => {
    const wanted: Wanted = {
      kind: "utility",
      user: "a & b",
      database: "shop",
      search: "select  x",
      all: true,
      group: "tag",
      columns: ["calls", "load"],
    };
    expect(readWanted(writeWanted(wanted), KNOWN)).toEqual(wanted);
  });

  test("is left out where it is as usual", () => {
    expect(writeWanted(readWanted({}, KNOWN))).toEqual({});
  });

  test.each([{ kind: "everything" }, { kind: "toString" }, { group: "age" }, { columns: "password" }, { columns: "" }, { all: "perhaps" }])(
    "counts as not said where it is wrong: %j",
    (own) => expect(readWanted(own, KNOWN)).toEqual(readWanted({}, KNOWN)),
  );

  test("is a list of columns that are there", () => {
    expect(DEFAULT_COLUMNS.filter((key) => !KNOWN.includes(key))).toEqual([]);
  });
});

test("a change is told as a factor, and never of what is not known", () => {
  expect(changed(3, 1, false)).toEqual({ text: "▲ 3×", bad: true });
  expect(changed(3, 1, false, false)).toEqual({ text: "▲ 3×", bad: false });
  expect(changed(1, 2, false)).toEqual({ text: "▼ −50 %", bad: false });
  expect(changed(1, 1.01, false).text).toBe("as before");
  expect(changed(1, null, true)).toEqual({ text: "new", bad: true });
  expect(changed(1, null, null).text).toBe("-");
  expect(changed(null, 1, false).text).toBe("-");
  expect(changed(0, 1, false).text).toBe("gone");
});
