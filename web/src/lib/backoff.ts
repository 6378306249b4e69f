// How long to wait before the next try: 1 s doubling to 30 s, spread so that many pages do not come back at once.

export function delay(failures: number, spread: number = Math.random()): number {
  const most = Math.min(30, 2 ** Math.max(0, failures - 1));
  return most * (0.75 + spread / 2);
}
