import { describe, expect, test } from "vitest";

import { alongAxis, bytes, change, count, duration, figures, milliseconds, plural, quantity, share, show, showOrNone } from "./format";

describe("three significant figures", () => {
  test.each([
    [0, "0"],
    [1, "1"],
    [7.4, "7.4"],
    [7.432, "7.43"],
    [47, "47"],
    [412.3, "412"],
    [0.3142, "0.314"],
    [0.001234, "0.00123"],
    [0.0001, "< 0.001"],
    [-2.5, "-2.5"],
    [999.4, "999"],
  ])("%d is %s", (value, text) => expect(figures(value)).toBe(text));
});

describe("counts have SI prefixes", () => {
  test.each([
    [0, "0"],
    [999, "999"],
    [999.6, "1 k"],
    [12_400, "12.4 k"],
    [999_960, "1 M"],
    [1_234_567, "1.23 M"],
    [5e13, "50 T"],
  ])("%d is %s", (value, text) => expect(show(count(value))).toBe(text));
});

describe("bytes have binary prefixes", () => {
  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 kB"],
    [3.1 * 1024 ** 3, "3.1 GB"],
    [3_250_000, "3.1 MB"],
  ])("%d is %s", (value, text) => expect(show(bytes(value))).toBe(text));
});

describe("times keep a readable unit", () => {
  test.each([
    [0.00031, "0.31 ms"],
    [0.9996, "1 s"],
    [0.214, "214 ms"],
    [4.2, "4.2 s"],
    [99, "99 s"],
    [192, "3.2 min"],
    [7200, "2 h"],
    [864_000, "10 d"],
  ])("%d s is %s", (value, text) => expect(show(duration(value))).toBe(text));
});

test("per second is always written", () => {
  expect(show(quantity(412, "per_second"))).toBe("412/s");
  expect(show(quantity(12_400, "per_second"))).toBe("12.4 k/s");
  expect(show(quantity(2048, "bytes_per_second"))).toBe("2 kB/s");
});

test("sessions have two decimals at most", () => {
  expect([0, 0.001, 0.0236, 7.432, 12.34, 1234].map((value) => showOrNone(value, "sessions"))).toEqual([
    "0",
    "< 0.01",
    "0.02",
    "7.43",
    "12.3",
    "1.23 k",
  ]);
});

test("a hit ratio just below 100 % is not rounded up to it", () => {
  expect(show(quantity(0.99996, "ratio"))).toBe("99.99 %");
  expect(show(quantity(1, "ratio"))).toBe("100 %");
  expect(show(quantity(0.613, "ratio"))).toBe("61.3 %");
});

test("unknown is a dash and zero is zero", () => {
  expect(showOrNone(null, "count")).toBe("-");
  expect(showOrNone(0, "count")).toBe("0");
  expect(milliseconds(null)).toBe("-");
  expect(share(null)).toBe("-");
  expect(share(0)).toBe("0 %");
});

test("a share that rounds to nothing says that it is there", () => expect(share(0.002)).toBe("< 1 %"));

test("a change is a factor when large, per cent when not, and nothing when it is noise", () => {
  expect(change(4.13)).toEqual({ arrow: "▲", text: "4.13×" });
  expect(change(1.31)).toEqual({ arrow: "▲", text: "+31 %" });
  expect(change(0.69)).toEqual({ arrow: "▼", text: "−31 %" });
  expect(change(1.01)).toBeNull();
});

test("one is singular", () => {
  expect(plural(1, "session")).toBe("1 session");
  expect(plural(12_400, "statement")).toBe("12.4 k statements");
});

test("numbers along an axis are told apart", () => {
  expect(alongAxis([0, 1, 2], "sessions")).toEqual(["0", "1", "2"]);
  expect(alongAxis([0, 0.005, 0.01], "sessions")).toEqual(["0", "0.005", "0.01"]);
  expect(alongAxis([0, 0.0002, 0.0004], "sessions")).toEqual(["0", "0.0002", "0.0004"]);
});
