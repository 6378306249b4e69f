// The watched servers as a list to choose from.

import type { Condition, State, Target } from "../api/types";

/** From this many on, typing a part of a name is quicker than looking. */
export const MANY = 8;

const WORST_FIRST: readonly Condition[] = ["unreachable", "refused", "limited", "starting", "stopped", "watching"];

/** Those whose name or labels hold what was typed, the worst condition first, in their own order otherwise. */
export function listed(targets: readonly Target[], typed: string, state: (target: Target) => State): readonly Target[] {
  const words = typed.toLowerCase().split(/\s+/);
  const rank = (target: Target): number => WORST_FIRST.indexOf(state(target).condition);
  return targets
    .filter((target) => {
      const told = [target.name, ...Object.values(target.labels)].join(" ").toLowerCase();
      return words.every((word) => told.includes(word));
    })
    .sort((one, other) => rank(one) - rank(other));
}
