// What the panels of a page ask: about which server, which span, and compared with which other.

import type { Span } from "../api/client";
import type { Comparison } from "../api/types";
import { clock } from "./clock.svelte";
import { view } from "./view.svelte";

/** Stays the same while fresh numbers of the same thing are asked for. */
export function question(target: string): string {
  const { fixed, preset, compare } = view.current;
  return `${target} ${JSON.stringify(fixed ?? preset)} ${compare}`;
}

/** The span now, in whole seconds. */
export function spanNow(): Span & { readonly compare: Comparison } {
  const { from, to } = view.span(clock.now);
  return { from: Math.round(from), to: Math.round(to), compare: view.current.compare };
}
