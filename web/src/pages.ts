// The pages there are, in the order of the navigation. A page is a component that is given the server it shows and the
// rest of its address: `/queries/123` is the page `/queries` with the rest `123`.

import type { Component } from "svelte";

import type { Target } from "./api/types";
import Overview from "./pages/Overview.svelte";
import Queries from "./pages/Queries.svelte";

export interface Page {
  readonly title: string;
  readonly path: string;
  readonly component: Component<{ target: Target; rest: string }>;
}

export interface Place {
  readonly page: Page;
  readonly rest: string;
}

const OVERVIEW: Page = { title: "Overview", path: "/", component: Overview };

export const PAGES: readonly Page[] = [OVERVIEW, { title: "Queries", path: "/queries", component: Queries }];

/** The page of an address and what follows it; one that nothing belongs to shows the first. */
export function placeOf(path: string): Place {
  const page = PAGES.find((one) => path === one.path || (one.path !== "/" && path.startsWith(`${one.path}/`))) ?? OVERVIEW;
  const rest = page.path === "/" ? "" : decoded(path.slice(page.path.length + 1));
  return { page, rest };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
