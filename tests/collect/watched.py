"""A collector with a real store behind it, for tests that watch a real server."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pgvigil.catalog import Catalog
from pgvigil.collect import Collector, LiveEvent, Options
from pgvigil.model import Condition, Secret, Target
from pgvigil.store import Store, Writer, open_store

KEY = Secret("a key of the tests, long enough")
PATIENCE = 60.0
"""Seconds that a test waits for what must come: a bound for a machine that is busy, not a promise."""


class Watched:
    """An async context manager: a store, its writer, and a collector that runs."""

    def __init__(
        self, place: Path, catalog: Catalog, dsn: str, *, name: str = "t", options: Options | None = None
    ) -> None:
        self._url = f"duckdb://{place}/store/pgvigil.db"
        self._catalog = catalog
        self._dsn = dsn
        self._name = name
        self._options = options
        self.events: list[LiveEvent] = []

    async def __aenter__(self) -> Self:
        self.store: Store = open_store(self._url, KEY, self._catalog)
        self.writer = Writer(self.store)
        target = Target(self.store.target_id(self._name, None, {}), self._name, Secret(self._dsn))
        self.collector = Collector(target, self._catalog, self.writer, self._options)
        self._listener = asyncio.create_task(self._listen())
        self._task = asyncio.create_task(self.collector.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.collector.stop()
        await self._task
        await self._listener
        await self.writer.close()
        self.store.close()

    async def kill(self) -> None:
        """End it as a SIGKILL would, as far as the store is concerned: nothing is handed over any more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a user would read."""
        return list(self.store.select(query).rows)

    def last(self, probe: str) -> list[dict[str, Any]]:
        """The last absolute reading of a probe that was kept, of all places together."""
        readings = self.store.readings(1, self.one("select max(incarnation) from passes"), probe).values()
        return [dict(zip(reading.names, row, strict=True)) for reading in readings for row in reading.rows]

    def one(self, query: str) -> Any:
        """The only value of what a user would read."""
        return self.rows(query)[0][0]

    async def until(self, holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
        """Wait until something holds; returns how long it took."""
        began = time.monotonic()
        while not holds():
            if self._task.done():
                raise AssertionError(f"the collector ended: {self._task}")
            if time.monotonic() - began > seconds:
                raise AssertionError(f"after {seconds} s not yet {what}; state {self.collector.state}")
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def until_state(self, condition: Condition, words: str = "", seconds: float = PATIENCE) -> float:
        """Wait for a condition whose cause holds these words."""
        state = lambda: self.collector.state.condition is condition and words in self.collector.state.cause  # noqa: E731
        return await self.until(state, f"{condition} ({words})", seconds)

    async def until_passes(self, more: int, probe: str = "statements") -> None:
        """Have so many more passes of a probe made that begin after now, and wait until they are kept."""
        for _ in range(more):
            moment = time.time_ns() // 1_000
            self.collector.look_now()
            await self.until(lambda moment=moment: self._passed(probe) > moment, f"another pass of {probe}")  # type: ignore[misc]

    def _passed(self, probe: str) -> int:
        """When the last pass of a probe began that is kept."""
        found = self.store.query(f"select max(ts) from passes where probe = '{probe}' and outcome = 'ok'").rows
        return int(found[0][0] or 0)

    async def _listen(self) -> None:
        async for event in self.collector.subscribe():
            self.events.append(event)
