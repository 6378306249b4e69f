"""Passes that wait for the disk, and what is left of those for which there was no room."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from pgvigil.model import Batch, Gap
from pgvigil.store.pack import Packed

LOST_DETAIL = "The disk did not take it, and the memory set aside for that was full."


@dataclass(slots=True)
class Pass:
    """What was handed over at once, how many bytes it takes, and who waits for it to be on disk."""

    packed: Sequence[Packed]
    done: "Future[None]"
    bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.bytes = sum(one.bytes for one in self.packed)

    def answer(self, error: Exception | None = None) -> None:
        """Tell who waits, the first time."""
        if self.done.done() or not self.done.set_running_or_notify_cancel():
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)


class Held:
    """Passes in the order they came. Not for several threads at once: the writer guards it."""

    def __init__(self) -> None:
        self._passes: deque[Pass] = deque()
        self._taken: Pass | None = None
        self._gaps: dict[tuple[int, int, str], Batch] = {}
        self._events: list[Batch] = []
        self.bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._passes) + (self._taken is not None)

    def add(self, one: Pass) -> None:
        """Hold a pass."""
        self._passes.append(one)
        self.bytes += one.bytes

    def take(self) -> Pass | None:
        """The oldest pass, to be written now; until `finish` or `give_back` it cannot be let go."""
        self._taken = self._passes.popleft() if self._passes else None
        return self._taken

    def finish(self) -> None:
        """What was taken is on disk, or will never be."""
        if self._taken:
            self.bytes -= self._taken.bytes
        self._taken = None

    def give_back(self) -> None:
        """What was taken could not be written; it is the oldest again."""
        if self._taken:
            self._passes.appendleft(self._taken)
        self._taken = None

    def answer_all(self) -> None:
        """Tell all who wait that their passes are held."""
        for one in self._passes:
            one.answer()

    def shrink(self, bound: int) -> None:
        """Let go of the oldest until the rest takes no more than `bound` bytes; the newest always stays."""
        while self.bytes > bound and len(self._passes) > 1:
            oldest = self._passes.popleft()
            self.bytes -= oldest.bytes
            self.dropped += 1
            oldest.answer()
            for one in oldest.packed:
                self._lose(one.batch)

    def lost(self) -> list[Batch]:
        """Gaps and events of what was let go, in batches that bring nothing else."""
        return [*self._gaps.values(), *self._events]

    def forget_lost(self) -> None:
        """The gaps and events are on disk."""
        self._gaps.clear()
        self._events.clear()
        self.dropped = 0

    def _lose(self, batch: Batch) -> None:
        if batch.events or batch.gaps:
            self._events.append(batch)
        key = (batch.target, batch.incarnation, batch.probe)
        before = self._gaps.get(key)
        since = before.gaps[0].since if before else batch.ts - int((batch.secs or 0.0) * 1_000_000)
        self._gaps[key] = replace(batch, events=(), gaps=(Gap(since, batch.ts, "store", LOST_DETAIL),))
