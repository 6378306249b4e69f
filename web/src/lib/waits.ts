// Wait classes: one order, one name, one colour, everywhere. The order is the API's.

import type { WaitClass } from "../api/types";

export const WAIT_CLASSES: readonly WaitClass[] = ["cpu", "io", "lock", "lwlock", "client", "ipc", "timeout", "other"];

export const WAIT_TITLES: Readonly<Record<WaitClass, string>> = {
  cpu: "CPU",
  io: "I/O",
  lock: "Lock",
  lwlock: "LWLock",
  client: "Client",
  ipc: "IPC",
  timeout: "Timeout",
  other: "Other",
};

export const WAIT_MEANINGS: Readonly<Record<WaitClass, string>> = {
  cpu: "running, or ready to run: active and not waiting for anything PostgreSQL knows of",
  io: "waiting for a read or write of a file",
  lock: "waiting for a lock that another session holds on a row, table or other object",
  lwlock: "waiting for a lock inside the server, on a shared structure in memory",
  client: "waiting for the client to send or take something",
  ipc: "waiting for another process of the server",
  timeout: "waiting for a time to pass, such as pg_sleep or a throttled vacuum",
  other: "waiting for an extension, an idle server process or a pinned buffer",
};

export function isWaitClass(text: string): text is WaitClass {
  return (WAIT_CLASSES as readonly string[]).includes(text);
}
