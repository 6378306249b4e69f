// A statement in words, and its name in an address.

import type { Statement } from "../api/types";

/** The API's own: names of users and databases can be used again, what a row is counted by cannot. */
export function statementId(row: Statement): string {
  return row.id;
}

/** A text to show where there is none, and why. */
export function statementText(row: Statement): string {
  if (row.text !== null) return row.text;
  return row.queryid === null ? "(not visible to this role)" : `(text not fetched yet, queryid ${row.queryid})`;
}
