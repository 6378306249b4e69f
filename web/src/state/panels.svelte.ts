// Every panel with its words, asked for once: they change with the version of pgvigil only.

import { api } from "../api/client";
import type { PanelDefinition, Panels } from "../api/types";
import { Resource } from "./resource.svelte";

class Definitions {
  readonly resource = new Resource<Panels>();

  constructor() {
    this.resource.ask("panels", (signal) => api.panels(signal));
  }

  /** Those of a page by name, in its order; null until they are known. */
  of(page: string): ReadonlyMap<string, PanelDefinition> | null {
    const all = this.resource.data?.panels ?? null;
    return all === null ? null : new Map(all.filter((one) => one.page === page).map((one) => [one.name, one]));
  }
}

export const panels = new Definitions();
