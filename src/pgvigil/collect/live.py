"""What a collector tells as it happens, and the hub that hands it to whoever listens.

A reader that does not keep up loses the oldest events, never the collector's time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from pgvigil.model import TargetState

QUEUED = 64
"""Events kept for a reader that is behind: about a minute of samples."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Sessions at one moment. `active` counts active client-side work by wait event type, None being CPU;
    `connections` counts client connections by state. `ts` in microseconds on the server's clock."""

    ts: int
    active: Mapping[str | None, int]
    connections: Mapping[str | None, int]


@dataclass(frozen=True, slots=True)
class PassKept:
    """A pass is in the store: `probes` brought something, `failed` were asked and brought nothing."""

    ts: int
    probes: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The target's condition is another, or has another cause."""

    state: TargetState


LiveEvent = Sample | PassKept | StateChanged


class Hub:
    """Hands every event to every subscriber's own bounded queue."""

    def __init__(self, queued: int = QUEUED) -> None:
        self._queued = queued
        self._readers: set[asyncio.Queue[LiveEvent | None]] = set()
        self._closed = False

    def publish(self, event: LiveEvent) -> None:
        """Give an event to all readers; never waits."""
        for queue in self._readers:
            _put(queue, event)

    def close(self) -> None:
        """End every subscription after what is already queued."""
        self._closed = True
        for queue in self._readers:
            _put(queue, None)

    async def subscribe(self) -> AsyncIterator[LiveEvent]:
        """Events from now on, until the hub closes or the reader leaves."""
        queue: asyncio.Queue[LiveEvent | None] = asyncio.Queue(self._queued)
        if self._closed:
            return
        self._readers.add(queue)
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._readers.discard(queue)


def _put(queue: asyncio.Queue[LiveEvent | None], event: LiveEvent | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(event)
