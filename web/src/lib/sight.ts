// Whether something is in sight, or soon will be.

export interface Sight {
  /** Not far below the fold: time to ask for what it shows. */
  readonly near: boolean;
  /** On the screen: what it shows is kept fresh. */
  readonly seen: boolean;
}

const NEAR = 300;

/** Tells whenever it comes nearer, or goes; ends with the returned function. */
export function watchSight(node: HTMLElement, tell: (sight: Sight) => void): () => void {
  let sight: Sight = { near: false, seen: false };
  const observe = (change: (crossing: boolean) => Partial<Sight>, rootMargin: string): IntersectionObserver => {
    const observer = new IntersectionObserver(
      (entries) => tell((sight = { ...sight, ...change(entries.at(-1)?.isIntersecting ?? false) })),
      { rootMargin },
    );
    observer.observe(node);
    return observer;
  };
  const near = observe((crossing) => ({ near: crossing }), `${NEAR}px`);
  const seen = observe((crossing) => ({ seen: crossing }), "0px");
  return () => {
    near.disconnect();
    seen.disconnect();
  };
}

/** When something is asked for: a new question once it is near, the same one anew only while it is seen. */
export class Turns {
  #key: string | null = null;
  #beat = -1;

  due(key: string, beat: number, { near, seen }: Sight): boolean {
    const due = key === this.#key ? seen && beat !== this.#beat : near;
    if (due) {
      this.#key = key;
      this.#beat = beat;
    }
    return due;
  }
}
