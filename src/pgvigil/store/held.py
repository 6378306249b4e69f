"""Passes that wait for the disk, and what is left of those for which there was no room."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from pgvigil.model import Gap
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
        self._gaps: dict[tuple[int, int, str], Packed] = {}
        self._told_once: list[Packed] = []
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
        """Let go of the oldest until the rest takes no more than `bound` bytes; the newest always stays. Texts that
        their probe tells once go last: whoever told them takes them for kept."""
        while self.bytes > bound and len(self._passes) > 1:
            oldest = self._passes.popleft()
            self.bytes -= oldest.bytes
            self.dropped += 1
            oldest.answer()
            for one in oldest.packed:
                self._lose(one)
        while self.bytes > bound and self._told_once:
            self.bytes -= self._told_once.pop(0).bytes

    def lost(self) -> list[Packed]:
        """Gaps, events and texts of what was let go, in batches that bring nothing else."""
        return [*self._gaps.values(), *self._told_once]

    def forget_lost(self, written: Sequence[Packed]) -> None:
        """These gaps, events and texts are on disk; what was let go since is not."""
        done = {id(one) for one in written}
        self._gaps = {key: one for key, one in self._gaps.items() if id(one) not in done}
        self.bytes -= sum(one.bytes for one in self._told_once if id(one) in done)
        self._told_once = [one for one in self._told_once if id(one) not in done]
        self.dropped = 0

    def _lose(self, one: Packed) -> None:
        batch = one.batch
        texts = one.texts if one.facts is None and one.last is None else None
        if batch.events or batch.gaps or texts:
            self._told_once.append(Packed(batch, one.rows, texts=texts))
            self.bytes += self._told_once[-1].bytes
        key = (batch.target, batch.incarnation, batch.probe)
        before = self._gaps.get(key)
        since = before.batch.gaps[0].since if before else batch.ts - int((batch.secs or 0.0) * 1_000_000)
        gap = Gap(since, batch.ts, "store", LOST_DETAIL)
        self._gaps[key] = Packed(replace(batch, events=(), gaps=(gap,)), 0)
