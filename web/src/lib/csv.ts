// A table as CSV (RFC 4180): a head, all rows, numbers as numbers, an empty cell for what is not known.

export type Cell = string | number | null;

export interface Sheet {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

// What a spreadsheet would take for a formula, or for the begin of one after white space.
const FORMULA = /^[=+\-@\t\r]/;

export function csv(sheet: Sheet): string {
  return [sheet.head, ...sheet.rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A moment as spreadsheets and programs read it: UTC, to the second. */
export const stamp = (at: number): string => new Date(at * 1000).toISOString().replace(/\.\d+Z$/, "Z");
