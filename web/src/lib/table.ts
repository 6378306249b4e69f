// What a column of the one table component is.

import type { Snippet } from "svelte";

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** The meaning, on hovering the head. */
  readonly help?: string;
  /** What stands in the cell where no snippet draws it, and what it is copied as. */
  readonly text: (row: Row) => string;
  readonly cell?: Snippet<[Row]>;
  readonly align?: "left" | "right";
  /** Shown on a phone too, where a row is a card. */
  readonly telling?: boolean;
  readonly sortable?: boolean;
  /** Takes what room the others leave; its text is cut, with the whole on hover. */
  readonly wide?: boolean;
}

export interface Sorted {
  readonly key: string;
  readonly order: "asc" | "desc";
}

/** Which rows to draw of many: those in sight and some around, and the room above and below. */
export interface Window {
  readonly first: number;
  readonly last: number;
  readonly above: number;
  readonly below: number;
}

export const ALL_BELOW = 200;
const AROUND = 10;
/** Rows are drawn anew only when the first in sight changes by so many: scrolling within them costs nothing. */
const AT_ONCE = 10;

export function rowsInSight(count: number, rowHeight: number, scrolled: number, height: number): Window {
  if (count <= ALL_BELOW) return { first: 0, last: count, above: 0, below: 0 };
  const begin = Math.floor(scrolled / rowHeight / AT_ONCE) * AT_ONCE;
  const first = Math.max(0, Math.min(begin, count - 1) - AROUND);
  const last = Math.min(count, begin + Math.ceil(height / rowHeight) + AT_ONCE + AROUND);
  return { first, last, above: first * rowHeight, below: (count - last) * rowHeight };
}

/** The order after a press on a head: the largest first, or texts from A; again turns it round. */
export function pressed<Row>(column: Column<Row>, sorted: Sorted | null): Sorted {
  if (sorted?.key === column.key) return { key: column.key, order: sorted.order === "asc" ? "desc" : "asc" };
  return { key: column.key, order: column.align === "right" ? "desc" : "asc" };
}
