// What a key does anywhere on the page, unless somebody is typing.

export type Action =
  | "help"
  | "search"
  | "range"
  | "compare"
  | "live"
  | "earlier"
  | "later"
  | "wider"
  | "go"
  | "next"
  | "previous";

export interface Shortcut {
  /** As the help shows them: any of these. */
  readonly keys: readonly string[];
  readonly meaning: string;
  /** What its first key does by itself; without, something else on the page hears it. */
  readonly action?: Action;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ["/", "Ctrl K"], action: "search", meaning: "search: pages, servers, statements, tables, indexes, settings" },
  { keys: ["t"], action: "range", meaning: "time range; then the arrow keys and Enter" },
  { keys: ["["], action: "earlier", meaning: "earlier by half of what is shown" },
  { keys: ["]"], action: "later", meaning: "later by half of what is shown" },
  { keys: ["-"], action: "wider", meaning: "zoom out: twice the time" },
  { keys: ["l"], action: "live", meaning: "live: stop here, or back to now" },
  { keys: ["c"], action: "compare", meaning: "what to compare with; then the arrow keys" },
  { keys: ["←", "→"], meaning: "on a chart: from point to point; Page up and down by ten" },
  { keys: ["Esc"], meaning: "close what is open" },
  { keys: ["?"], action: "help", meaning: "this help" },
];

const PLAIN: ReadonlyMap<string, Action> = new Map([
  ["g", "go"],
  ...SHORTCUTS.flatMap(({ keys, action }): [string, Action][] =>
    action === undefined || keys[0] === undefined ? [] : [[keys[0], action]],
  ),
]);

/** How long after `g` the letter of a page may come, in milliseconds. */
export const GO_WITHIN = 1500;

export function keyAction(event: KeyboardEvent): Action | null {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return "search";
  if (withModifier(event) || typing(event.target)) return null;
  const onRange = event.target instanceof HTMLElement && event.target.dataset["preset"] !== undefined;
  if (onRange && event.key === "ArrowRight") return "next";
  if (onRange && event.key === "ArrowLeft") return "previous";
  return PLAIN.get(event.key) ?? null;
}

// On many keyboards [ and ] are typed with AltGr, which some systems tell as Ctrl and Alt.
function withModifier(event: KeyboardEvent): boolean {
  return event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"));
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function firstSeen(selector: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>(selector)].find((element) => element.offsetParent !== null);
}

/** To the choice of what is compared with. */
export function focusCompare(): void {
  firstSeen("[data-compare]")?.focus();
}

/** Among the presets of the time range: 0 goes to the one chosen, 1 and -1 to its neighbours. */
export function moveFocus(by: number): void {
  const presets = [...document.querySelectorAll<HTMLElement>("[data-preset]")].filter((preset) => preset.offsetParent !== null);
  const at = by === 0 ? -1 : presets.findIndex((preset) => preset === document.activeElement);
  const chosen = presets.find((preset) => preset.getAttribute("aria-pressed") === "true") ?? presets[0];
  (by === 0 ? chosen : presets[(at + by + presets.length) % presets.length])?.focus();
}
