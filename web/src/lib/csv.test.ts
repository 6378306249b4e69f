import { describe, expect, test } from "vitest";

import { csv, stamp } from "./csv";

const one = (value: string | number | null): string => csv({ head: ["h"], rows: [[value]] }).slice("h\r\n".length, -2);

describe("CSV", () => {
  test.each([
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ["\r=1", `"'\r=1"`],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
  ])("a text that a spreadsheet would run is only text: %j", (text, written) => {
    expect(one(text)).toBe(written);
  });

  test("numbers stay numbers, negative ones too, and what is not known is empty", () => {
    expect(csv({ head: ["a", "b", "c"], rows: [[-1.5, 0, null]] })).toBe("a,b,c\r\n-1.5,0,\r\n");
    expect([one(Number.NaN), one(1e21), one(0.1)]).toEqual(["", "1e+21", "0.1"]);
  });

  test("commas, quotes and new lines stay within their cell", () => {
    expect(one('SELECT "a",\n1')).toBe('"SELECT ""a"",\n1"');
    expect(one("plain = text")).toBe("plain = text");
  });

  test("a head is neutralised too", () => {
    expect(csv({ head: ["=h"], rows: [] })).toBe("'=h\r\n");
  });

  test("a moment is UTC to the second", () => {
    expect(stamp(1_700_006_400.5)).toBe("2023-11-15T00:00:00Z");
  });
});
