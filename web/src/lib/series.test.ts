import { describe, expect, test } from "vitest";

import type { LiveSample, PanelData } from "../api/types";
import { asKept, blanks, type Columns, compared, lastRead, mean, niceTop, stack, sum, type Values, withLiveEnd } from "./series";
import { WAIT_CLASSES } from "./waits";

const STEP = 10;
const NOW = 1100;

function load(values: (number | null)[], since = 1000): PanelData {
  return {
    since,
    until: since + values.length * STEP,
    step: STEP,
    ts: values.map((_, i) => since + (i + 1) * STEP),
    series: WAIT_CLASSES.map((key) => ({
      key,
      values: key === "cpu" ? values : values.map((value) => (value === null ? null : 0)),
      compared: null,
    })),
    read: values.map((value) => value !== null),
    compared: null,
    limit: null,
    uncertain: [],
    gaps: [],
    gaps_total: 0,
    events: [],
    events_total: 0,
    not_visible: null,
  };
}

const cpu = (columns: Columns): Values => columns.values["cpu"] ?? [];

const sample = (ts: number, cpu: number): LiveSample => ({ kind: "sample", target: "t", ts, active: { cpu } });

describe("the live end", () => {
  test("without samples is what was kept", () => {
    const columns = withLiveEnd(load([1, 2, 3]), [], NOW);
    expect(columns.ts).toEqual([1010, 1020, 1030]);
    expect(cpu(columns)).toEqual([1, 2, 3]);
  });

  test("of a step that has not ended is its part until now", () => {
    expect(withLiveEnd(load([1, 2, 3]), [], 1024).ts).toEqual([1010, 1020, 1024]);
  });

  test("makes a step that has not ended anew of its samples, if all were heard", () => {
    const columns = withLiveEnd(load([1, 2, 3]), [sample(1021, 5), sample(1022, 5), sample(1023, 5)], 1023.5);
    expect(columns.ts).toEqual([1010, 1020, 1023]);
    expect(cpu(columns).at(-1)).toBeCloseTo((3 * 5 + 7 * 2) / 10);
  });

  test("keeps a step that has not ended, if only its end was heard", () => {
    const columns = withLiveEnd(load([1, 2, 3]), [sample(1026, 5), sample(1027, 5)], 1027.5);
    expect(columns.ts).toEqual([1010, 1020, 1027.5]);
    expect(cpu(columns).at(-1)).toBe(3);
  });

  test("takes the place of steps that were not kept yet", () => {
    const columns = withLiveEnd(load([1, 2, null]), [sample(1021, 4)], NOW);
    expect(columns.ts).toEqual([1010, 1020, 1021]);
  });

  test("does not count what was kept a second time", () => {
    expect(cpu(withLiveEnd(load([1, 2]), [sample(1019, 9), sample(1020, 9)], NOW))).toEqual([1, 2]);
  });

  test("moves a tenth of the way with one sample of a step of ten", () => {
    expect(cpu(withLiveEnd(load([1, 2]), [sample(1021, 12)], NOW)).at(-1)).toBeCloseTo(3);
  });

  test("averages a full step over its samples, as the server does", () => {
    const samples = Array.from({ length: 12 }, (_, i) => sample(1021 + i, i < 10 ? 4 : 8));
    const columns = withLiveEnd(load([1, 2]), samples, NOW);
    expect(columns.ts).toEqual([1010, 1020, 1030, 1032]);
    expect(cpu(columns)[2]).toBe(4);
    expect(cpu(columns)[3]).toBeCloseTo((8 * 4 + 2 * 8) / 10);
  });

  test("has no value for a step in which nothing was heard", () => {
    const columns = withLiveEnd(load([1]), [sample(1011, 5), sample(1035, 5)], NOW);
    expect(columns.ts).toEqual([1010, 1020, 1030, 1035]);
    expect(cpu(columns)[2]).toBeNull();
  });

  test("stands alone while nothing was kept", () => {
    const columns = withLiveEnd(load([null, null]), [sample(1015, 3), sample(1016, 5)], NOW);
    expect(cpu(columns).at(-1)).toBe(4);
  });
});

test("what was kept is shown as it is", () => {
  expect(cpu(asKept(load([1, null]), NOW))).toEqual([1, null]);
});

test("a step that has not ended ends now, and what comes later is not there", () => {
  const columns = asKept(load([1, 2, null]), 1015);
  expect(columns.ts).toEqual([1010, 1015]);
  expect(cpu(columns)).toEqual([1, 2]);
});

test("a compared value stands under the step that it belongs to, also where that is not whole", () => {
  const [first, ...others] = load([1, 2, 3]).series;
  const data = { ...load([1, 2, 3]), series: first === undefined ? [] : [{ ...first, compared: [7, null, 9] }, ...others] };
  expect(compared(data, "cpu", [1010, 1015, 1020, 1021, 1030, 1040])).toEqual([7, null, null, 9, 9, null]);
  expect(compared(data, "io", [1010])).toBeNull();
});

test("what is added up is not known where a part is not", () => {
  expect(sum([[1, 2], [3, null]])).toEqual([4, null]);
  expect(sum([])).toEqual([]);
});

test("the last step that was read is found behind unknown ones", () => {
  expect(lastRead(load([1, null, 3, null]))).toBe(2);
  expect(lastRead(load([null]))).toBe(-1);
});

test("layers stand on those below, and an unknown one makes all above it unknown", () => {
  expect(
    stack([
      [1, 2, null],
      [1, null, 1],
      [1, 1, 1],
    ]),
  ).toEqual([
    [1, 2, null],
    [2, null, null],
    [3, null, null],
  ]);
});

describe("stretches without knowledge", () => {
  const ts = [10, 20, 30, 40, 50, 60];

  test("of a single step count only where a gap was recorded", () => {
    const gap = { since: 12, until: 18, reason: "reset", detail: null };
    expect(blanks(ts, [true, false, true, true, true, true], STEP, [])).toEqual([]);
    expect(blanks(ts, [true, false, true, true, true, true], STEP, [gap])).toHaveLength(1);
  });

  test("reach from the last known moment to the next", () => {
    expect(blanks(ts, [true, false, false, true, true, true], STEP, [])).toEqual([{ since: 10, until: 30, reason: "not watched" }]);
  });

  test("are named by the gap that covers them", () => {
    const gap = { since: 12, until: 28, reason: "restart", detail: null };
    expect(blanks(ts, [true, false, false, true, true, true], STEP, [gap])[0]?.reason).toBe("the server restarted");
  });

  test("may last to the end", () => {
    expect(blanks(ts, [true, true, true, false, false, false], STEP, [])).toHaveLength(1);
  });
});

test("an average leaves out what is not known", () => {
  expect(mean([1, null, 3])).toBe(2);
  expect(mean([null])).toBeNull();
});

test("the top of an axis of bytes is round with its binary prefix", () => {
  expect([500, 1500, 150 * 1024, 1000 * 1024].map((most) => niceTop(most, true))).toEqual([500, 1536, 153_600, 1_024_000]);
});

test("the top of an axis is a round number not below", () => {
  expect([0, 0.35, 1, 1.2, 3, 7, 11, 95].map((most) => niceTop(most))).toEqual([1, 0.4, 1, 1.5, 3, 8, 15, 100]);
});
