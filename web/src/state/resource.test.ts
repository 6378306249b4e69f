import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Failure } from "../api/client";
import { Resource } from "./resource.svelte";

const answered = (value: string) => () => Promise.resolve(value);
const failed = (status: number | null) => () => Promise.reject(new Failure("It failed.", status, null));

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

async function asked(resource: Resource<string>, key: string, fetcher: () => Promise<string>): Promise<void> {
  resource.ask(key, fetcher);
  await vi.advanceTimersByTimeAsync(0);
}

test("an answer stays while the next question is under way, and no longer when that one fails", async () => {
  for (const status of [null, 422, 503]) {
    const resource = new Resource<string>();
    await asked(resource, "a", answered("of a"));
    await asked(resource, "b", () => new Promise(() => {}));
    expect([resource.data, resource.waiting]).toEqual(["of a", true]);
    await asked(resource, "b", failed(status));
    expect([resource.data, resource.waiting, resource.failure?.status]).toEqual([null, false, status]);
    resource.stop();
  }
});

test("an answer stays when the same question fails, and what is tried again brings the next", async () => {
  const resource = new Resource<string>();
  await asked(resource, "a", answered("first"));
  const fetcher = vi.fn<() => Promise<string>>().mockImplementationOnce(failed(503)).mockImplementation(answered("second"));
  await asked(resource, "a", fetcher);
  expect([resource.data, resource.failure?.status]).toEqual(["first", 503]);
  await vi.advanceTimersByTimeAsync(2000);
  expect([resource.data, resource.failure]).toEqual(["second", null]);
});
