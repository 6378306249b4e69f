"""What a collector needs of whoever keeps what it brings; the store's writer is one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pgvigil.model import Batch, Identity, KeeperState, Reading


class Keeper(Protocol):
    """Keeps batches and says where counting left off. All moments in microseconds."""

    async def begin_epoch(self, target: int, now: int) -> int:
        """A number higher than any before: this collector's turn with the target."""
        ...

    async def incarnation(self, target: int, identity: Identity, now: int) -> int:
        """The number of this identity of the target, a new one where it was never seen."""
        ...

    async def readings(self, target: int, incarnation: int, probe: str) -> Mapping[int, Reading]:
        """The last absolute reading that was kept of each place."""
        ...

    async def append(self, batches: Sequence[Batch]) -> None:
        """Keep all of these or none; returns when kept, or held in memory while nothing can be written (`state` says
        so); raises KeeperBusyError where it can do neither just now."""
        ...

    @property
    def state(self) -> KeeperState:
        """How the keeping goes."""
        ...
