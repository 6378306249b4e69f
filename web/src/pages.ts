// The pages there are, in the order of the navigation. A page is a component that is given the server it shows.

import type { Component } from "svelte";

import type { Target } from "./api/types";
import Overview from "./pages/Overview.svelte";

export interface Page {
  readonly title: string;
  readonly path: string;
  readonly component: Component<{ target: Target }>;
}

const OVERVIEW: Page = { title: "Overview", path: "/", component: Overview };

export const PAGES: readonly Page[] = [OVERVIEW];

/** The page of an address; one that nothing belongs to shows the first. */
export function pageOf(path: string): Page {
  return PAGES.find((page) => page.path === path) ?? OVERVIEW;
}
