// The live stream: one connection per target, opened again by itself with back-off.

import { delay } from "../lib/backoff";
import type { LiveEvent } from "./types";

export interface Listener {
  readonly heard: (event: LiveEvent) => void;
  /** Called with whether the stream is open, on each change. */
  readonly connected: (open: boolean) => void;
}

const KINDS: readonly LiveEvent["kind"][] = ["sample", "pass", "state"];

/** Listens until the function it returns is called. */
export function listen(target: string, listener: Listener): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;

  const open = (): void => {
    source = new EventSource(`/api/v1/live?target=${encodeURIComponent(target)}`);
    source.onopen = () => {
      failures = 0;
      listener.connected(true);
    };
    source.onerror = () => {
      source?.close();
      listener.connected(false);
      failures += 1;
      timer = setTimeout(open, delay(failures) * 1000);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (message: MessageEvent<string>) => {
        listener.heard(JSON.parse(message.data) as LiveEvent);
      });
    }
  };

  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
