// The present, once a second, by the clock of pgvigil: a browser whose clock is wrong shows right ages.

class Clock {
  #offset = 0;
  #now = $state(Date.now() / 1000);

  constructor() {
    setInterval(() => this.#tick(), 1000);
  }

  get now(): number {
    return this.#now;
  }

  /** Within a second the two clocks count as equal: the difference is the time the answer took. */
  set(serverNow: number): void {
    const offset = serverNow - Date.now() / 1000;
    this.#offset = Math.abs(offset) < 1 ? 0 : offset;
    this.#tick();
  }

  #tick(): void {
    this.#now = Date.now() / 1000 + this.#offset;
  }
}

export const clock = new Clock();
