// Which page is shown: at `/` the fleet where there are several servers and none was chosen, else Overview.

import { FLEET, OVERVIEW, PAGES, type Page, type Place, placeOf } from "../pages";
import { view } from "./view.svelte";
import { watch } from "./watch.svelte";

class Placing {
  readonly #several = $derived((watch.targets.data?.targets.length ?? 0) > 1);
  readonly #place = $derived(placeOf(view.path, this.#several && view.current.target === null ? FLEET : OVERVIEW));

  get current(): Place {
    return this.#place;
  }

  /** The pages that the navigation lists. */
  get pages(): readonly Page[] {
    return PAGES.filter((page) => page.fleet !== true || this.#several);
  }
}

export const place = new Placing();
