// Asks the API. An answer that is no success becomes a Failure with a sentence for people.

import type {
  Comparison,
  Events,
  Fleet,
  Load,
  LiveSessions,
  LoadDimension,
  LockIncidents,
  Locks,
  Order,
  PanelData,
  Panels,
  Problem,
  Search,
  StatementDetail,
  StatementGroups,
  StatementKind,
  Statements,
  StatementSort,
  Targets,
  Verdict,
  Vitals,
  WaitEvents,
} from "./types";

export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    message: string,
    readonly status: number | null,
    readonly remedy: string | null,
  ) {
    super(message);
  }

  /** Whether asking the same again can help: not if the request itself was wrong. */
  get passing(): boolean {
    return this.status === null || this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

export interface Span {
  readonly from: number;
  readonly to: number;
  /** With which span; the API's default where it is left out. */
  readonly compare?: Comparison;
}

type Parameters = Readonly<Record<string, string | number | boolean>>;

async function ask<Answer>(path: string, parameters: Parameters, signal: AbortSignal): Promise<Answer> {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  const address = query.size > 0 ? `/api/v1/${path}?${query}` : `/api/v1/${path}`;
  let response: Response;
  try {
    response = await fetch(address, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Failure("pgvigil does not answer.", null, "Is `pgvigil serve` still running?");
  }
  if (!response.ok) throw await failure(response);
  return (await response.json()) as Answer;
}

async function failure(response: Response): Promise<Failure> {
  const problem: unknown = await response.json().catch(() => null);
  if (isProblem(problem)) return new Failure(problem.message, response.status, problem.remedy);
  return new Failure(`pgvigil answered with status ${response.status}.`, response.status, null);
}

function isProblem(given: unknown): given is Problem {
  return typeof given === "object" && given !== null && "message" in given && typeof given.message === "string";
}

const of = (target: string, what: string): string => `targets/${encodeURIComponent(target)}/${what}`;

export interface StatementsQuery extends Span {
  readonly sort: StatementSort;
  readonly order: Order;
  readonly limit: number;
  readonly offset: number;
  readonly kind?: StatementKind;
  readonly user?: string;
  readonly database?: string;
  readonly moved?: boolean;
  readonly search?: string;
}

export type LoadQuery = Span & { readonly by: LoadDimension } & Readonly<Partial<Record<LoadDimension, string>>>;

export interface EventsQuery extends Span {
  readonly limit: number;
  readonly offset: number;
}

export const api = {
  targets: (signal: AbortSignal) => ask<Targets>("targets", {}, signal),
  fleet: (span: Span, signal: AbortSignal) => ask<Fleet>("fleet", { ...span }, signal),
  search: (target: string, q: string, at: number | null, signal: AbortSignal) =>
    ask<Search>(of(target, "search"), at === null ? { q } : { q, at }, signal),
  panels: (signal: AbortSignal) => ask<Panels>("panels", {}, signal),
  panel: (target: string, name: string, span: Span, signal: AbortSignal) =>
    ask<PanelData>(of(target, `panels/${name}`), { ...span }, signal),
  waits: (signal: AbortSignal) => ask<WaitEvents>("waits", {}, signal),
  load: (target: string, query: LoadQuery, signal: AbortSignal) => ask<Load>(of(target, "load"), { ...query }, signal),
  locks: (target: string, at: number | null, signal: AbortSignal) =>
    ask<Locks>(of(target, "locks"), at === null ? {} : { at }, signal),
  lockIncidents: (target: string, span: Span, signal: AbortSignal) =>
    ask<LockIncidents>(of(target, "locks/incidents"), { ...span }, signal),
  sessions: (target: string, signal: AbortSignal) => ask<LiveSessions>(of(target, "sessions"), {}, signal),
  vitals: (target: string, span: Span, signal: AbortSignal) => ask<Vitals>(of(target, "vitals"), { ...span }, signal),
  verdict: (target: string, at: number | null, signal: AbortSignal) =>
    ask<Verdict>(of(target, "verdict"), at === null ? {} : { at }, signal),
  statements: (target: string, query: StatementsQuery, signal: AbortSignal) =>
    ask<Statements>(of(target, "statements"), { ...query }, signal),
  statementGroups: (target: string, span: Span, signal: AbortSignal) =>
    ask<StatementGroups>(of(target, "statements/groups"), { ...span }, signal),
  statement: (target: string, id: string, span: Span, signal: AbortSignal) =>
    ask<StatementDetail>(of(target, `statements/${id.split("/").map(encodeURIComponent).join("/")}`), { ...span }, signal),
  events: (target: string, query: EventsQuery, signal: AbortSignal) =>
    ask<Events>(of(target, "events"), { ...query }, signal),
};
