// The tree of who waits behind whom, as lines: many alike are one, until somebody wants to see them.

import type { LockHolder, LockIncident, LockNode, Locks, LockWait } from "../api/types";
import type { Sheet } from "./csv";
import { stamp } from "./csv";
import { duration, plural, show } from "./format";

export interface Line {
  readonly key: string;
  readonly node: LockNode;
  /** Lines like it that are left out; pressed, they are shown. */
  readonly more: number;
}

// So many alike stand one by one.
const ALIKE = 3;

/** How a session is called. */
export function named(who: LockHolder): string {
  if (who.pid === 0) return "prepared transaction";
  return who.application ?? who.role ?? "";
}

const keyOf = (node: LockNode): string => `${node.who.pid}/${node.who.prepared ?? ""}`;

function likeness({ who, wait, behind, depth, others, circle }: LockNode): string | null {
  if (behind > 0 || wait === null || circle) return null;
  return JSON.stringify([depth, who.role, who.queryid, who.text, wait.mode, wait.locktype, wait.table, wait.queued, others]);
}

/** The lines that are drawn: of those alike below the same one a few, unless its group is among those opened. */
export function lines(nodes: readonly LockNode[], opened: ReadonlySet<string>): readonly Line[] {
  const above: LockNode[] = [];
  const groups = new Map<string, LockNode[]>();
  const order: (readonly [string, LockNode])[] = nodes.map((node) => {
    above.length = node.depth;
    const parent = above.at(-1);
    above.push(node);
    const alike = likeness(node);
    const group = alike === null ? keyOf(node) : `${parent === undefined ? "" : keyOf(parent)} ${alike}`;
    groups.set(group, [...(groups.get(group) ?? []), node]);
    return [group, node] as const;
  });
  const drawn = new Map<string, number>();
  return order.flatMap(([group, node]): Line[] => {
    const all = groups.get(group)?.length ?? 1;
    const number = (drawn.get(group) ?? 0) + 1;
    drawn.set(group, number);
    if (all <= ALIKE || opened.has(group)) return [{ key: keyOf(node), node, more: 0 }];
    if (number < ALIKE) return [{ key: keyOf(node), node, more: 0 }];
    return number === ALIKE ? [{ key: group, node, more: all - ALIKE + 1 }] : [];
  });
}

/** What it waits for, in words: ShareLock on a row of public.runs. */
export function wanted(wait: LockWait): string {
  return `${wait.mode} on ${place(wait)}`;
}

function place(wait: LockWait): string {
  if (wait.locktype === "transactionid") {
    const row = wait.table === null ? "" : ` (a row of ${wait.table})`;
    return `transaction ${wait.transaction ?? ""}${row}`.trim();
  }
  if (wait.locktype === "relation") return wait.table ?? "a table";
  if (wait.locktype === "advisory") return "an advisory lock";
  const what = `a ${wait.locktype}`;
  return wait.table === null ? what : `${what} of ${wait.table}`;
}

/** What the one at the head does, in words. */
export function doing(who: LockHolder): string {
  if (who.pid === 0) return "waits for COMMIT PREPARED or ROLLBACK PREPARED";
  const since = who.state_age === null ? "" : ` for ${show(duration(who.state_age))}`;
  const open = who.xact_age === null ? "" : `, its transaction open for ${show(duration(who.xact_age))}`;
  return `${who.state ?? "in a state that is not known"}${since}${open}`;
}

/** What to do about the head of a tree, and the SQL for it. */
export function todo(who: LockHolder): { readonly words: string; readonly sql: string } {
  if (who.pid === 0) {
    return {
      words: "Find the prepared transaction by its number, and let whoever prepared it end it; or end it by its name.",
      sql: `SELECT gid, owner, database, prepared FROM pg_prepared_xacts WHERE transaction = '${who.prepared ?? ""}';\nROLLBACK PREPARED '<gid>';`,
    };
  }
  const idle = (who.state ?? "").startsWith("idle");
  const of = named(who) === "" ? "" : ` (${named(who)})`;
  return idle
    ? {
        words: `Find out why pid ${who.pid}${of} does not end its transaction. This ends its session, and what it changed is lost:`,
        sql: `SELECT pg_terminate_backend(${who.pid});`,
      }
    : {
        words: `See whether pid ${who.pid}${of} will be done soon. The first ends its statement, the second its session:`,
        sql: `SELECT pg_cancel_backend(${who.pid});\nSELECT pg_terminate_backend(${who.pid});`,
      };
}

/** The head of an incident in words, or what it was. */
export function headOf(incident: LockIncident): string {
  if (incident.deadlocks > 0) {
    const of = incident.waiting.length === 0 ? "" : `: ${incident.waiting.join(", ")}`;
    return `${plural(incident.deadlocks, "deadlock")}${incident.database === null ? "" : ` in ${incident.database}`}${of}`;
  }
  if (incident.head === null) return "a circle of waiters";
  const { head } = incident;
  if (head.pid === 0) return `prepared transaction ${head.prepared ?? ""}`.trim();
  const state = head.state === null ? "" : `, ${head.state}`;
  return `pid ${head.pid} ${named(head)}${state}`;
}

export function treeSheet(locks: Locks): Sheet {
  return {
    head: [
      "depth", "pid", "prepared transaction", "role", "application", "state", "waits for", "waited (s)", "queued",
      "behind it", "transaction age (s)", "queryid", "statement",
    ],
    rows: locks.nodes.map(({ depth, who, wait, behind }) => [
      depth, who.pid, who.prepared, who.role, who.application, who.state, wait === null ? null : wanted(wait),
      wait?.waited ?? null, wait === null ? null : wait.queued ? "yes" : "no", behind, who.xact_age, who.queryid, who.text,
    ]),
  };
}

export function incidentSheet(incidents: readonly LockIncident[]): Sheet {
  return {
    head: [
      "from (UTC)", "until (UTC)", "head", "table", "sessions", "statements", "depth", "longest (s)", "lost (s)",
      "deadlocks", "statement that waited", "statement of the head",
    ],
    rows: incidents.map((it) => [
      stamp(it.since), stamp(it.until), headOf(it), it.table, it.sessions, it.statements, it.depth, it.longest, it.lost,
      it.deadlocks, it.text, it.head?.text ?? null,
    ]),
  };
}
