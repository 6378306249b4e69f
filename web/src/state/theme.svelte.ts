// Dark or light: the system's, until somebody chooses; the choice is remembered in this browser.

export type Theme = "dark" | "light";

const STORED = "pgvigil.theme";

class ThemeState {
  #chosen = $state<Theme | null>(remembered());
  #system = $state<Theme>("dark");

  constructor() {
    const query = matchMedia("(prefers-color-scheme: light)");
    this.#system = query.matches ? "light" : "dark";
    query.addEventListener("change", () => {
      this.#system = query.matches ? "light" : "dark";
    });
  }

  get shown(): Theme {
    return this.#chosen ?? this.#system;
  }

  toggle(): void {
    this.#chosen = this.shown === "dark" ? "light" : "dark";
    document.documentElement.dataset["theme"] = this.#chosen;
    try {
      localStorage.setItem(STORED, this.#chosen);
    } catch {
      // Storage is forbidden here: the choice lasts as long as the page.
    }
  }
}

function remembered(): Theme | null {
  const said = document.documentElement.dataset["theme"];
  return said === "dark" || said === "light" ? said : null;
}

export const theme = new ThemeState();
