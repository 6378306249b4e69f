// What a key does anywhere on the page, unless somebody is typing.

export type Action = "help" | "search" | "range" | "live" | "next" | "previous";

const PLAIN: Readonly<Record<string, Action>> = { "/": "search", "?": "help", t: "range", l: "live" };

export function keyAction(event: KeyboardEvent): Action | null {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return "search";
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return null;
  const onRange = event.target instanceof HTMLElement && event.target.dataset["preset"] !== undefined;
  if (onRange && event.key === "ArrowRight") return "next";
  if (onRange && event.key === "ArrowLeft") return "previous";
  return PLAIN[event.key] ?? null;
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Among the presets of the time range: 0 goes to the one chosen, 1 and -1 to its neighbours. */
export function moveFocus(by: number): void {
  const presets = [...document.querySelectorAll<HTMLElement>("[data-preset]")].filter((preset) => preset.offsetParent !== null);
  const at = by === 0 ? -1 : presets.findIndex((preset) => preset === document.activeElement);
  const chosen = presets.find((preset) => preset.getAttribute("aria-pressed") === "true") ?? presets[0];
  (by === 0 ? chosen : presets[(at + by + presets.length) % presets.length])?.focus();
}
