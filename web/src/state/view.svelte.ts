// The view of this page is its address; back and forward of the browser work.

import { presetSeconds, read, START, type View, write } from "../lib/address";

class ViewState {
  #current = $state.raw<View>(read(location.search));
  #path = $state(location.pathname);

  constructor() {
    addEventListener("popstate", () => {
      this.#path = location.pathname;
      this.#current = read(location.search);
    });
  }

  get path(): string {
    return this.#path;
  }

  /** Another page; server and time go along, what belongs to the page left does not. */
  visit(path: string): void {
    history.pushState(null, "", `${path}${this.kept}`);
    this.#path = path;
    this.#current = read(location.search);
  }

  /** The part of the address that links between pages carry along. */
  get kept(): string {
    const { target, preset, fixed, compare } = this.#current;
    return write({ ...START, target, preset, fixed, compare });
  }

  get current(): View {
    return this.#current;
  }

  /** Sliding with the present, or fixed in the past. */
  get live(): boolean {
    return this.#current.fixed === null;
  }

  /** The span at a moment: from and to in seconds since the epoch. */
  span(now: number): { readonly from: number; readonly to: number } {
    const { fixed, preset } = this.#current;
    return fixed ?? { from: now - presetSeconds(preset), to: now };
  }

  go(change: Partial<View>, how: "push" | "replace" = "push"): void {
    this.#current = { ...this.#current, ...change };
    const address = `${location.pathname}${write(this.#current)}`;
    if (how === "push") history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  /** Stops where it is, or goes back to the present. */
  toggleLive(now: number): void {
    if (!this.live) this.go({ fixed: null });
    else {
      const { from, to } = this.span(now);
      this.go({ fixed: { from: Math.round(from), to: Math.round(to) } });
    }
  }
}

export const view = new ViewState();
