"""A collector that, should it fail for a reason nobody foresaw, is logged and started anew; the others go on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from pgvigil.collect import Collector, LiveEvent
from pgvigil.model import Capabilities, Target, TargetState

log = logging.getLogger(__name__)

PAUSE = 10.0
"""Seconds before a failed collector is started anew."""


class Supervised:
    """Keeps a collector of one target running, made by `make`, from `run` to `stop`."""

    def __init__(self, make: Callable[[], Collector]) -> None:
        self._make = make
        self._collector = make()
        self._stopping = asyncio.Event()

    @property
    def target(self) -> Target:
        """Whom it watches."""
        return self._collector.target

    @property
    def state(self) -> TargetState:
        """In what condition the watching is."""
        return self._collector.state

    @property
    def capabilities(self) -> Capabilities | None:
        """What the server lets us see; None until it was reached."""
        return self._collector.capabilities

    def subscribe(self) -> AsyncIterator[LiveEvent]:
        """What it sees, as it sees it; ends with the collector."""
        return self._collector.subscribe()

    async def run(self) -> None:
        """Watch until `stop`."""
        while not self._stopping.is_set():
            try:
                await self._collector.run()
            except Exception:  # the outer loop: whatever it was, it must be seen, and the watching go on
                log.exception("target %s: the collector failed and is started anew", self.target.name)
                await self._pause()
                self._collector = self._make()

    async def stop(self) -> None:
        """End the watching."""
        self._stopping.set()
        await self._collector.stop()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), PAUSE)
        except TimeoutError:
            return
