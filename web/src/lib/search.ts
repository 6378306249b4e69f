// Finding things by what somebody types: every word must be in it, the earlier and the shorter the better.

export interface Found {
  readonly key: string;
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  readonly sql: boolean;
  /** Choosing it leaves the search open. */
  readonly stays?: boolean;
  readonly choose: () => void;
}

export function search<Item extends { readonly title: string; readonly kind: string }>(
  items: readonly Item[],
  typed: string,
  most = 12,
): readonly Item[] {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const ranked = items.flatMap((item, order) => {
    const text = `${item.title} ${item.kind}`.toLowerCase();
    const places = words.map((word) => text.indexOf(word));
    if (places.includes(-1)) return [];
    return [{ item, rank: Math.min(...places, words.length === 0 ? 0 : text.length), order }];
  });
  ranked.sort((one, other) => one.rank - other.rank || one.order - other.order);
  return ranked.slice(0, most).map(({ item }) => item);
}
