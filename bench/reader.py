"""The page, open in one browser, as the server feels it: the live stream, and what Overview asks while it is seen.

Written after web/src (state/beat, lib/sight): over the last hour the numbers of what is on a screen of 1440 x 1000
every half minute after a pass, the verdict every 15 s, the list of targets every thirty.
"""

import threading
import time
from types import TracebackType
from typing import Self

import httpx

APART = 29.0
VERDICT_APART = 14.0
TARGETS_APART = 30.0
SPAN = 3_600.0
SEEN = ("load", "throughput", "latency", "connections", "cache_hit", "io", "wal")
"""The panels that are on the screen before anybody scrolls."""


class Reader:
    """Reads the stream of one target in a thread; a context manager."""

    def __init__(self, url: str, target: str) -> None:
        self._url = url
        self._target = target
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self.requests = 0
        self.samples = 0
        self.failures = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30, trust_env=False) as client:
            while not self._stopping.is_set():
                try:
                    self._follow(client)
                except httpx.HTTPError:
                    self.failures += 1
                    self._stopping.wait(1.0)

    def _follow(self, client: httpx.Client) -> None:
        asked = judged = listed = 0.0
        with client.stream("GET", "/api/v1/live", params={"target": self._target}) as stream:
            for line in stream.iter_lines():
                if self._stopping.is_set():
                    return
                now = time.monotonic()
                self.samples += line == "event: sample"
                if line == "event: pass" and now - asked >= APART:
                    asked = now
                    self._ask(client)
                if now - judged >= VERDICT_APART:
                    judged = now
                    self._get(client, f"/api/v1/targets/{self._target}/verdict")
                if now - listed >= TARGETS_APART:
                    listed = now
                    self._get(client, "/api/v1/targets")

    def _ask(self, client: httpx.Client) -> None:
        until = time.time()
        for part in (*(f"panels/{name}" for name in SEEN), "vitals", "events"):
            self._get(client, f"/api/v1/targets/{self._target}/{part}?from={until - SPAN}&to={until}")

    def _get(self, client: httpx.Client, path: str) -> None:
        client.get(path).raise_for_status()
        self.requests += 1
