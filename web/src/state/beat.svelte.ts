// When the numbers of a live page are due again: after a pass, but the longer the range the more seldom.

import { presetSeconds } from "../lib/address";
import { view } from "./view.svelte";

const SELDOM = 60_000;
const OFTEN = 9_000;
// Without a stream nothing says that a pass was kept: then a page asks by itself.
const WITHOUT_STREAM = 30_000;

class Beat {
  count = $state(0);
  #last = Date.now();

  /** A pass was kept. */
  passed(): void {
    const steps = (presetSeconds(view.current.preset) / 360) * 1000;
    this.#due(Math.min(SELDOM, Math.max(OFTEN, steps)));
  }

  /** Time went by. */
  ticked(): void {
    this.#due(WITHOUT_STREAM);
  }

  #due(apart: number): void {
    if (!view.live || document.hidden || Date.now() - this.#last < apart) return;
    this.#last = Date.now();
    this.count += 1;
  }
}

export const beat = new Beat();
