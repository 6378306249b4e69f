import { expect, test } from "vitest";

import { Turns } from "./sight";

const FAR = { near: false, seen: false };
const NEAR = { near: true, seen: false };
const SEEN = { near: true, seen: true };

test("a question is asked once it is near, and again only while it is seen", () => {
  const turns = new Turns();
  expect(turns.due("a", 1, FAR)).toBe(false);
  expect(turns.due("a", 2, NEAR)).toBe(true);
  expect(turns.due("a", 3, NEAR)).toBe(false);
  expect(turns.due("a", 3, SEEN)).toBe(true);
  expect(turns.due("a", 3, SEEN)).toBe(false);
  expect(turns.due("a", 4, SEEN)).toBe(true);
});

test("another question is asked as soon as it is near, and one that is far waits", () => {
  const turns = new Turns();
  expect(turns.due("a", 1, SEEN)).toBe(true);
  expect(turns.due("b", 1, NEAR)).toBe(true);
  expect(turns.due("c", 1, FAR)).toBe(false);
  expect(turns.due("c", 1, NEAR)).toBe(true);
});
