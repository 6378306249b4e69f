import { expect, test } from "vitest";

import { proofOf } from "./verdict";

test("a rule leads to the page where it is proven, with what that is to show", () => {
  expect(proofOf("/load?class=lock")).toEqual({ path: "/load", own: { class: "lock" }, title: "Look at the load" });
  expect(proofOf("/queries")).toEqual({ path: "/queries", own: {}, title: "Look at the statements" });
  expect(proofOf("/")).toBeNull();
});
