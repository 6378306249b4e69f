// Something asked of the API: what was got last stays while the next is under way, and when the same question fails.
// A failure is tried again.

import { Failure } from "../api/client";
import { delay } from "../lib/backoff";

type Fetcher<Data> = (signal: AbortSignal) => Promise<Data>;

export class Resource<Data> {
  /** The last answer; to an earlier question only while the answer to a new one is awaited. */
  data = $state.raw<Data | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** A new question is under way; asking the same again for fresh numbers is no news. */
  waiting = $state(false);
  /** When the next try is due, in milliseconds of the page's clock; null when none is. */
  retryAt = $state<number | null>(null);

  #key: string | null = null;
  #failures = 0;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  ask(key: string, fetcher: Fetcher<Data>): void {
    if (key !== this.#key) {
      this.#key = key;
      this.#failures = 0;
      this.waiting = true;
    }
    void this.#run(fetcher);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #run(fetcher: Fetcher<Data>): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    this.retryAt = null;
    try {
      const data = await fetcher(abort.signal);
      if (abort.signal.aborted) return;
      this.data = data;
      this.failure = null;
      this.#failures = 0;
    } catch (error) {
      if (abort.signal.aborted) return;
      // An answer to another question would stand under the name of the server or span that was asked for.
      if (this.waiting) this.data = null;
      this.#failed(error, fetcher);
    }
    this.waiting = false;
  }

  #failed(error: unknown, fetcher: Fetcher<Data>): void {
    this.failure = error instanceof Failure ? error : new Failure(`The answer could not be read: ${error}`, null, null);
    if (!this.failure.passing) return;
    this.#failures += 1;
    const wait = delay(this.#failures) * 1000;
    this.retryAt = Date.now() + wait;
    this.#timer = setTimeout(() => void this.#run(fetcher), wait);
  }
}
