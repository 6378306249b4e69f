// When the numbers of a live page are due again: after a pass, but the longer the range the more seldom.

import { presetSeconds } from "../lib/address";
import { view } from "./view.svelte";

const SELDOM = 60_000;
const OFTEN = 9_000;
// Without a stream nothing says that a pass was kept: then a page asks by itself.
const WITHOUT_STREAM = 30_000;
// A chart has up to 240 steps: before one or two of them have gone by there is hardly anything new in it.
const STEPS = 120;
// Who has just come sees what a new server tells as soon as it tells it.
const EAGER = 90_000;
// Of the 30 seconds within which what is wrong is to be told.
const VERDICT = 14_000;

class Turn {
  count = $state(0);
  #last = Date.now();

  due(apart: number): void {
    if (!view.live || document.hidden || Date.now() - this.#last < apart) return;
    this.#last = Date.now();
    this.count += 1;
  }
}

class Beat {
  readonly #begun = Date.now();
  readonly #numbers = new Turn();
  readonly #verdict = new Turn();

  /** Grows when numbers over the range are due. */
  get count(): number {
    return this.#numbers.count;
  }

  /** Grows when it is due whether all is well, whatever the range. */
  get quick(): number {
    return this.#verdict.count;
  }

  /** A pass was kept. */
  passed(): void {
    const step = (presetSeconds(view.current.preset) / STEPS) * 1000;
    const eager = Date.now() - this.#begun < EAGER;
    this.#numbers.due(eager ? OFTEN : Math.min(SELDOM, Math.max(OFTEN, step - 1000)));
  }

  /** Time went by. */
  ticked(): void {
    this.#numbers.due(WITHOUT_STREAM);
    this.#verdict.due(VERDICT);
  }
}

export const beat = new Beat();
