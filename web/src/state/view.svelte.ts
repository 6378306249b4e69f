// The view of this page is its address; back and forward of the browser work.

import { presetSeconds, read, shifted, START, type View, widened, write } from "../lib/address";

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
  visit(path: string, change: Partial<View> = {}): void {
    history.pushState(null, "", this.address(path, change));
    this.#path = path;
    this.#current = read(location.search);
    scrollTo(0, 0);
  }

  /** The address of another page, as a link to it says it. */
  address(path: string, change: Partial<View> = {}): string {
    const { target, preset, fixed, compare } = this.#current;
    return `${path}${write({ ...START, target, preset, fixed, compare, ...change })}`;
  }

  /** The part of the address that links between pages carry along. */
  get kept(): string {
    return this.address("");
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

  /** Back or forth in time by so many halves of the span; at the present it slides with it again. */
  move(halves: number, now: number): void {
    const moved = shifted(this.span(now), halves, now);
    const back = moved.to >= Math.floor(now) && moved.to - moved.from === presetSeconds(this.#current.preset);
    this.go({ fixed: back ? null : moved });
  }

  /** Twice the span around the same middle. */
  widen(now: number): void {
    this.go({ fixed: widened(this.span(now), now) });
  }

  /** Whether there is anything later than what is shown. */
  hasLater(now: number): boolean {
    return this.#current.fixed !== null && this.#current.fixed.to < Math.floor(now);
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
