// What every wait event means, asked for once: the words change with the version of pgvigil only.

import { api } from "../api/client";
import type { WaitEvent, WaitEvents } from "../api/types";
import { Resource } from "./resource.svelte";

class Words {
  readonly resource = new Resource<WaitEvents>();
  readonly #events = $derived(new Map((this.resource.data?.events ?? []).map((one) => [one.event, one])));

  ask(): void {
    if (this.resource.data === null) this.resource.ask("waits", (signal) => api.waits(signal));
  }

  /** Of one that is not explained, and until the words are there, null. */
  of(event: string): WaitEvent | null {
    return this.#events.get(event) ?? null;
  }
}

export const waits = new Words();
