"""The page, open in one browser, as the server feels it: the live stream, and what Overview asks after a pass.

Written after web/src: numbers at most every nine seconds over the last hour, the list of targets every thirty.
"""

import threading
import time
from types import TracebackType
from typing import Self

import httpx

APART = 9.0
TARGETS_APART = 30.0
SPAN = 3_600.0


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
        asked = listed = 0.0
        with client.stream("GET", "/api/v1/live", params={"target": self._target}) as stream:
            for line in stream.iter_lines():
                if self._stopping.is_set():
                    return
                now = time.monotonic()
                self.samples += line == "event: sample"
                if line == "event: pass" and now - asked >= APART:
                    asked = now
                    self._ask(client)
                if now - listed >= TARGETS_APART:
                    listed = now
                    self._get(client, "/api/v1/targets")

    def _ask(self, client: httpx.Client) -> None:
        until = time.time()
        for part in ("panels/load", "panels/throughput", "vitals", "statements", "events"):
            self._get(client, f"/api/v1/targets/{self._target}/{part}?from={until - SPAN}&to={until}")

    def _get(self, client: httpx.Client, path: str) -> None:
        client.get(path).raise_for_status()
        self.requests += 1
