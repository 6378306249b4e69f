// A statement's name in an address: what it is counted by.

import type { Statement } from "../api/types";

export function statementId(row: Statement): string {
  return [row.queryid ?? "hidden", row.user ?? "", row.database ?? "", row.toplevel ? "" : "nested"].join("/");
}

/** A text to show where there is none, and why. */
export function statementText(row: Statement): string {
  if (row.text !== null) return row.text;
  return row.queryid === null ? "(not visible to this role)" : `(text not fetched yet, queryid ${row.queryid})`;
}
