// The pages there are, in the order of the navigation. A page is a component that is given the server it shows and the
// rest of its address: `/queries/123` is the page `/queries` with the rest `123`.

import type { Component } from "svelte";

import type { Target } from "./api/types";
import Fleet from "./pages/Fleet.svelte";
import Load from "./pages/Load.svelte";
import Locks from "./pages/Locks.svelte";
import Overview from "./pages/Overview.svelte";
import Queries from "./pages/Queries.svelte";
import Sessions from "./pages/Sessions.svelte";

export interface Page {
  readonly title: string;
  readonly path: string;
  /** Goes there after `g`. */
  readonly key: string;
  readonly component: Component<{ target: Target; rest: string }>;
  /** It tells of all servers, not of one; with one alone the navigation leaves it out. */
  readonly fleet?: boolean;
}

export interface Place {
  readonly page: Page;
  readonly rest: string;
}

export const OVERVIEW: Page = { title: "Overview", path: "/overview", key: "o", component: Overview };
const LOAD: Page = { title: "Load", path: "/load", key: "l", component: Load };
const QUERIES: Page = { title: "Queries", path: "/queries", key: "q", component: Queries };
const LOCKS: Page = { title: "Locks", path: "/locks", key: "k", component: Locks };
const SESSIONS: Page = { title: "Sessions", path: "/sessions", key: "s", component: Sessions };
export const FLEET: Page = { title: "Fleet", path: "/fleet", key: "f", component: Fleet, fleet: true };

export const PAGES: readonly Page[] = [OVERVIEW, LOAD, QUERIES, LOCKS, SESSIONS, FLEET];

/** The page of an address and what follows it; one that nothing belongs to, `/` too, shows `home`. */
export function placeOf(path: string, home: Page = OVERVIEW): Place {
  const page = PAGES.find((one) => path === one.path || path.startsWith(`${one.path}/`));
  if (page === undefined) return { page: home, rest: "" };
  return { page, rest: decoded(path.slice(page.path.length + 1)) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
