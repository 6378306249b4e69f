// The paths of a spark: its line, broken where nothing is known, and the area under it.

export type Spark = readonly (number | null)[] | null;

export interface Paths {
  readonly line: string;
  readonly area: string;
}

export function sparkPaths(values: readonly (number | null)[], width: number, height: number, atLeast = 0): Paths {
  const most = Math.max(atLeast, ...values.map((value) => value ?? 0));
  const top = most > 0 ? most * 1.08 : 1;
  const apart = values.length > 1 ? width / (values.length - 1) : 0;
  let line = "";
  let area = "";
  for (const { start, run } of runs(values)) {
    const points = run.map((value, i) => `${round((start + i) * apart)} ${round(height - (value / top) * height)}`);
    // One value alone has no line: a short dash shows it, within the picture where it is the last.
    if (points.length === 1) {
      const long = Math.max(apart / 2, 1);
      const from = Math.min(start * apart, width - long);
      const y = points[0]?.split(" ")[1];
      points.splice(0, 1, `${round(from)} ${y}`, `${round(from + long)} ${y}`);
    }
    const first = points[0]?.split(" ")[0];
    const last = points.at(-1)?.split(" ")[0];
    line += `M${points.join("L")}`;
    area += `M${points.join("L")}L${last} ${height}L${first} ${height}Z`;
  }
  return { line, area };
}

interface Run {
  readonly start: number;
  readonly run: number[];
}

function runs(values: readonly (number | null)[]): readonly Run[] {
  const found: Run[] = [];
  let open: Run | null = null;
  values.forEach((value, i) => {
    if (value === null) open = null;
    else if (open === null) {
      open = { start: i, run: [value] };
      found.push(open);
    } else open.run.push(value);
  });
  return found;
}

const round = (value: number): string => String(Math.round(value * 10) / 10);
