// What is watched: the targets, the one looked at, and what its live stream says.

import { api } from "../api/client";
import { listen } from "../api/live";
import type { LiveEvent, LivePass, LiveSample, State, Target, Targets } from "../api/types";
import { clock } from "./clock.svelte";
import { Resource } from "./resource.svelte";
import { view } from "./view.svelte";

// Enough for the live end of the chart between two passes, with room for a late one.
const KEPT_SAMPLES = 300;
const ASK_TARGETS_EVERY = 30_000;

class Watch {
  readonly targets = new Resource<Targets>();
  samples = $state.raw<readonly LiveSample[]>([]);
  /** Whether the stream is open. */
  connected = $state(false);
  /** Grows with every pass that was kept. */
  passes = $state(0);
  /** The last pass heard of that brought something. */
  passed = $state.raw<LivePass | null>(null);
  #heardStates = $state.raw<Readonly<Record<string, State>>>({});

  readonly target = $derived.by((): Target | null => {
    const all = this.targets.data?.targets ?? [];
    return all.find((target) => target.name === view.current.target) ?? all[0] ?? null;
  });

  // Derived, so that the stream is not opened anew whenever the list is asked for again.
  readonly name = $derived(this.target?.name ?? null);

  /** The newer of what the list said and what the stream said. */
  state(target: Target): State {
    const heard = this.#heardStates[target.name];
    return heard !== undefined && heard.since >= target.state.since ? heard : target.state;
  }

  /** Starts asking for the targets; returns what stops it. */
  start(): () => void {
    this.ask();
    const timer = setInterval(() => this.ask(), ASK_TARGETS_EVERY);
    return () => {
      clearInterval(timer);
      this.targets.stop();
    };
  }

  ask(): void {
    this.targets.ask("targets", async (signal) => {
      const targets = await api.targets(signal);
      clock.set(targets.now);
      return targets;
    });
  }

  /** Follows one target's stream; returns what stops it. */
  follow(name: string): () => void {
    this.samples = [];
    this.passed = null;
    this.connected = false;
    return listen(name, {
      heard: (event) => this.#heard(event),
      connected: (open) => {
        this.connected = open;
      },
    });
  }

  /** What else is told of the target changes with its state; the word on connecting only repeats what is known. */
  #heardState(name: string, state: State): void {
    const known = this.targets.data?.targets.find((target) => target.name === name);
    const news = known === undefined || state.since > this.state(known).since;
    this.#heardStates = { ...this.#heardStates, [name]: state };
    if (news) this.ask();
  }

  #heard(event: LiveEvent): void {
    switch (event.kind) {
      case "sample":
        this.samples = [...this.samples.slice(1 - KEPT_SAMPLES), event];
        break;
      case "pass":
        this.passes += 1;
        if (event.probes.length > 0) this.passed = event;
        break;
      case "state":
        this.#heardState(event.target, event.state);
    }
  }
}

export const watch = new Watch();
