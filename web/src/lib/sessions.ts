// The sessions as they are now: which of them are shown, and what is said of each.

import type { LiveSession } from "../api/types";
import type { Sheet } from "./csv";

/** Which sessions are listed. */
export const GROUPS = [
  { key: "working", title: "At work", help: "all but idle clients and resting processes of the server" },
  { key: "blocked", title: "Blocked", help: "waiting for a lock, and those in their way" },
  { key: "transactions", title: "In transactions", help: "those with an open transaction" },
  { key: "server", title: "Server's own", help: "autovacuum, replication, backups, parallel workers and background processes" },
  { key: "all", title: "All", help: "every session and process" },
] as const;

export type Group = (typeof GROUPS)[number]["key"];

export const groupOf = (text: string | undefined): Group => GROUPS.find((one) => one.key === text)?.key ?? "working";

function rests(row: LiveSession): boolean {
  return row.state === "idle" || row.state === "disabled" || row.state === null || (row.wait ?? "").startsWith("Activity:");
}

/** Those of a group in whose words all that is searched for stands. */
export function listed(rows: readonly LiveSession[], group: Group, search: string): readonly LiveSession[] {
  const inTheWay = new Set(rows.flatMap((row) => row.blocked_by));
  const belongs: Readonly<Record<Group, (row: LiveSession) => boolean>> = {
    working: (row) => !row.ours && (!rests(row) || inTheWay.has(row.pid)),
    blocked: (row) => row.blocked_by.length > 0 || inTheWay.has(row.pid),
    transactions: (row) => !row.ours && row.xact_age !== null,
    server: (row) => row.backend_type !== "client backend",
    all: () => true,
  };
  const sought = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return rows.filter((row) => belongs[group](row) && sought.every((word) => saidOf(row).includes(word)));
}

function saidOf(row: LiveSession): string {
  return [row.pid, row.role, row.database, row.application, row.client, row.state, row.wait, row.backend_type, row.text]
    .join(" ")
    .toLowerCase();
}

/** What it is: its application, or what the server calls it. */
export function called(row: LiveSession): string {
  if (row.backend_type === "client backend") return row.application ?? "(no application_name)";
  const name = row.backend_type === null ? "process" : row.backend_type;
  if (row.leader !== null) return `${name} of ${row.leader}`;
  return row.application === null ? name : `${name} ${row.application}`;
}

/** What it does. */
export function does(row: LiveSession): string {
  if (row.backend_type === "walsender" && (row.text ?? "").startsWith("BASE_BACKUP")) return "backup";
  return row.state ?? (rests(row) ? "resting" : "at work");
}

export function sessionSheet(rows: readonly LiveSession[]): Sheet {
  return {
    head: [
      "pid", "application", "role", "database", "client", "kind", "state", "in it (s)", "transaction (s)", "connected (s)",
      "waits for", "blocked by", "queryid", "statement",
    ],
    rows: rows.map((row) => [
      row.pid, row.application, row.role, row.database, row.client, row.backend_type, row.state, row.state_age,
      row.xact_age, row.age, row.wait, row.blocked_by.join(" "), row.queryid, row.text,
    ]),
  };
}
