// The first line of the page: how the watching of a target is, in plain words.

import type { Condition, LivePass, LiveSample, State, Target } from "../api/types";
import { duration, plural, show } from "./format";
import { age, ago } from "./time";

export type Tone = "ok" | "warn" | "bad" | "none";

export interface Line {
  readonly tone: Tone;
  readonly head: string;
  readonly rest: string;
  readonly remedy: string;
}

export const TONES: Readonly<Record<Condition, Tone>> = {
  starting: "none",
  watching: "ok",
  limited: "warn",
  unreachable: "bad",
  refused: "bad",
  stopped: "none",
};

// Three missed passes, and half a one, are no accident. They are due every 10 s, if they are not asked less often.
const PASS_EVERY = 10;
const STALE_PASSES = 3.5;

/** The target with what the stream told since the list of targets was asked for. */
export function freshest(target: Target, sample: LiveSample | null, pass: LivePass | null): Target {
  return {
    ...target,
    last_sample: later(target.last_sample, sample?.ts ?? null),
    last_pass: later(target.last_pass, pass?.ts ?? null),
  };
}

function later(listed: number | null, heard: number | null): number | null {
  return heard !== null && heard > (listed ?? 0) ? heard : listed;
}

export function stateLine(target: Target, state: State, now: number): Line {
  const tone = TONES[state.condition];
  const since = `So for ${age(now - state.since)}.`;
  switch (state.condition) {
    case "starting":
      return { tone, head: `Connecting to ${target.name}.`, rest: state.cause, remedy: state.remedy };
    case "stopped":
      return { tone, head: `Watching ${target.name} was stopped.`, rest: state.cause, remedy: state.remedy };
    case "unreachable":
      return { tone, head: `${target.name} does not answer.`, rest: `${state.cause} ${since}`.trim(), remedy: state.remedy };
    case "refused":
      return { tone, head: `${target.name} refuses pgvigil.`, rest: `${state.cause} ${since}`.trim(), remedy: state.remedy };
    case "watching":
    case "limited":
      return watching(target, state, now);
  }
}

function watching(target: Target, state: State, now: number): Line {
  const stale = target.last_pass !== null && now - target.last_pass > STALE_PASSES * Math.max(PASS_EVERY, quickest(target) ?? 0);
  if (stale) {
    const rest = `The last numbers of ${target.name} came ${ago(target.last_pass ?? now, now)}.`;
    return { tone: "warn", head: "What is shown is old.", rest: `${rest} ${state.cause}`.trim(), remedy: state.remedy };
  }
  const failing = target.probes.filter((probe) => probe.outcome === "failed" || probe.outcome === "late");
  if (failing.length > 0) {
    // The remedy is that of the state's cause, which may be another than why a probe failed, or one of these itself.
    const unnamed = failing.filter((probe) => !state.cause.startsWith(`The probe ${probe.probe} fails`));
    const named = unnamed.map((probe) => `${probe.probe} (${probe.reason ?? probe.outcome})`).join(", ");
    const head = `Watching ${target.name}, but ${plural(failing.length, "probe")} of ${target.probes.length} failed.`;
    return { tone: "warn", head, rest: `${named && `${named}.`} ${state.cause}`.trim(), remedy: state.remedy };
  }
  if (state.condition === "limited") {
    return { tone: "warn", head: `Watching ${target.name}, but not all of it.`, rest: state.cause, remedy: state.remedy };
  }
  return { tone: "ok", head: "", rest: quiet(target, now), remedy: "" };
}

function asked(target: Target): readonly Target["probes"][number][] {
  return target.probes.filter((probe) => probe.outcome !== "invisible");
}

/** Seconds between two turns of the probe that is asked most often, as it is asked now. */
function quickest(target: Target): number | null {
  const now = new Map(target.stretched.map((probe) => [probe.probe, probe.every]));
  const due = asked(target).flatMap((probe) => (probe.every === null ? [] : [now.get(probe.probe) ?? probe.every]));
  return due.length === 0 ? null : Math.min(...due);
}

function quiet(target: Target, now: number): string {
  const looks = target.stretched.find((probe) => probe.probe === "sessions");
  const sessions = looks === undefined ? "sessions every second" : `sessions every ${show(duration(looks.every))}`;
  const due = quickest(target);
  const often = due === null ? "" : `, ${plural(asked(target).length, "probe")}, the quickest every ${show(duration(due))}`;
  const last = target.last_sample === null ? "" : `; last look ${ago(target.last_sample, now)}`;
  return `Watching ${target.name}: ${sessions}${often}${last}.`;
}
