// The load in slices: what the dimensions are called, which filters an address asks for, and the chart of an answer.

import type { Load, LoadDimension, LoadSlice, PanelData, PanelDefinition } from "../api/types";
import type { Sheet } from "./csv";
import { oneLine } from "./sql";
import { isWaitClass, WAIT_CLASSES, WAIT_MEANINGS, WAIT_TITLES } from "./waits";

interface Named {
  readonly key: LoadDimension;
  readonly title: string;
  /** Many of them, as the head of a list. */
  readonly many: string;
  /** What one without a name is called. */
  readonly none: string;
}

export const DIMENSIONS: readonly Named[] = [
  { key: "class", title: "Wait class", many: "Wait classes", none: "(none)" },
  { key: "event", title: "Wait event", many: "Wait events", none: "CPU" },
  { key: "statement", title: "Statement", many: "Statements", none: "(no statement told)" },
  { key: "user", title: "User", many: "Users", none: "(none)" },
  { key: "application", title: "Application", many: "Applications", none: "(without a name)" },
  { key: "database", title: "Database", many: "Databases", none: "(none)" },
  { key: "client", title: "Client", many: "Clients", none: "(on the server itself)" },
  { key: "state", title: "State", many: "States", none: "(none)" },
];

export const dimension = (key: LoadDimension): Named => DIMENSIONS.find((one) => one.key === key) ?? (DIMENSIONS[0] as Named);

/** The slices that are looked at alone, by dimension; a state of `any` is that of all. */
export type Filters = Readonly<Partial<Record<LoadDimension, string>>>;

export const ANY = "any";
export const ACTIVE = "active";

export interface Wanted {
  readonly by: LoadDimension;
  readonly filters: Filters;
}

export function readWanted(own: Readonly<Record<string, string>>): Wanted {
  const filters = Object.fromEntries(DIMENSIONS.flatMap(({ key }) => (own[key] === undefined ? [] : [[key, own[key]]])));
  return { by: DIMENSIONS.find((one) => one.key === own["by"])?.key ?? "class", filters };
}

export function writeWanted({ by, filters }: Wanted): Readonly<Record<string, string>> {
  return { ...(by === "class" ? {} : { by }), ...filters };
}

/** Pressing a slice looks at it alone; pressing it again at all. */
export function toggled(filters: Filters, key: LoadDimension, name: string): Filters {
  const { [key]: before, ...others } = filters;
  return before === name ? others : { ...others, [key]: name };
}

/** Active sessions alone are what is usual, so that filter is not in the address. */
export function withState(filters: Filters, state: string | null): Filters {
  const { state: _, ...others } = filters;
  return state === ACTIVE ? others : { ...others, state: state ?? ANY };
}

type Texts = ReadonlyMap<string, string>;

/** What a slice is called; `texts` are those of statements by their number. */
export function sliceTitle(key: LoadDimension, name: string | null, texts: Texts): string {
  if (name === null) return "All others";
  if (name === "") return dimension(key).none;
  if (key === "class" && isWaitClass(name)) return WAIT_TITLES[name];
  if (key === "event") return name.replace(":", ": ");
  if (key === "statement") return oneLine(texts.get(name) ?? `(text not fetched yet, queryid ${name})`, 120);
  return name;
}

export function textsOf(load: Load): Texts {
  const top = load.tops.find((one) => one.dimension === "statement");
  return new Map((top?.slices ?? []).flatMap((one) => (one.name === null || one.text === null ? [] : [[one.name, one.text]])));
}

type Drawn = NonNullable<PanelDefinition["drawn"]>;
type Series = Drawn["series"][number];

const COLOURS = ["slice1", "slice2", "slice3", "slice4", "slice5", "slice6", "slice7", "slice8"] as const;
const REST = "rest";

/** The panel of an answer: its words, and a layer for each slice. */
export function panelOf(load: Load, words: PanelDefinition): PanelDefinition {
  const texts = textsOf(load);
  const series: Series[] = ordered(load).map((course, at): Series => {
    const title = sliceTitle(load.by, course.name, texts);
    if (course.name === null) return { key: REST, title, help: "All slices after the largest", colour: "soft" };
    if (load.by === "class" && isWaitClass(course.name)) {
      return { key: course.name, title, help: WAIT_MEANINGS[course.name], colour: course.name };
    }
    return { key: course.name, title, help: load.by === "statement" ? (texts.get(course.name) ?? "") : "", colour: COLOURS[at] ?? "soft" };
  });
  const drawn: Drawn = {
    kind: "stacked",
    unit: "sessions",
    better: "lower",
    series,
    limit_title: "CPUs",
    at_least: 1,
    close_up: false,
  };
  return { ...words, drawn };
}

/** Wait classes in the order that they have everywhere, all else as it comes: the largest first. */
function ordered(load: Load): Load["courses"] {
  if (load.by !== "class") return load.courses;
  const place = (name: string | null): number => WAIT_CLASSES.findIndex((key) => key === name);
  return [...load.courses].sort((one, other) => place(one.name) - place(other.name));
}

/** The numbers of an answer as a panel has them. The compared span is one whole, so it is drawn of the first layer. */
export function dataOf(load: Load): PanelData {
  return {
    since: load.since,
    until: load.until,
    step: load.step,
    ts: load.ts,
    series: ordered(load).map((course, at) => ({
      key: course.name ?? REST,
      values: course.values,
      compared: at === 0 ? load.before : null,
    })),
    read: load.read,
    compared: load.compared,
    limit: load.limit,
    uncertain: [],
    gaps: load.gaps,
    gaps_total: load.gaps_total,
    events: [],
    events_total: 0,
    not_visible: load.not_visible,
  };
}

export function topSheet(key: LoadDimension, slices: readonly LoadSlice[], texts: Texts): Sheet {
  return {
    head: [dimension(key).title.toLowerCase(), ...(key === "statement" ? ["queryid"] : []), "share", "load (sessions)"],
    rows: slices.map((one) => [
      key === "statement" && one.name ? (texts.get(one.name) ?? "") : sliceTitle(key, one.name, texts),
      ...(key === "statement" ? [one.name] : []),
      one.share,
      one.load,
    ]),
  };
}
