"""Handing batches to the keeper, and telling of it."""

from collections.abc import Callable, Sequence

from pgvigil.collect.live import Hub, PassKept
from pgvigil.collect.outbox import Outbox
from pgvigil.collect.reporting import Problem, Reporter
from pgvigil.model import Batch, Condition, KeeperState, Outcome, PgvigilError

BUSY = Problem(
    Condition.LIMITED,
    "The store cannot keep what was collected.",
    "Look at its disk; counters go on from where they were, only detail is lost meanwhile.",
)


class Post:
    """Delivers an outbox and tells of it."""

    def __init__(self, outbox: Outbox, hub: Hub, reporter: Reporter, state: Callable[[], KeeperState]) -> None:
        self._outbox = outbox
        self._state = state
        self._hub = hub
        self._reporter = reporter
        self._refused = False

    @property
    def pending(self) -> bool:
        """Whether something waits to be kept."""
        return self._outbox.pending

    async def send(self, ts: int, batches: Sequence[Batch]) -> bool:
        """Have these kept, after what still waits; False where they have to wait."""
        self._outbox.post(batches)
        if not await self.deliver():
            return False
        good = tuple(batch.probe for batch in batches if batch.outcome is Outcome.OK)
        bad = tuple(batch.probe for batch in batches if batch.outcome in {Outcome.FAILED, Outcome.LATE})
        if good or bad:
            self._hub.publish(PassKept(ts, good, bad))
        return True

    async def deliver(self) -> bool:
        """Have kept what waits."""
        try:
            kept = await self._outbox.deliver()
        except PgvigilError as error:
            self._refused = True
            self._reporter.trouble("refused", Problem(Condition.LIMITED, str(error)))
            return False
        if kept and self._refused:
            self._refused = False
            self._reporter.well("refused")
        self._tell(trouble(self._state()) if kept else BUSY)
        return kept

    def _tell(self, problem: Problem | None) -> None:
        if problem is None:
            self._reporter.well("store")
        else:
            self._reporter.trouble("store", problem)


def trouble(state: KeeperState) -> Problem | None:
    """What is wrong with the keeping, None where nothing is."""
    if state.cause:
        held = f"{state.held} passes ({state.held_bytes / 1e6:.1f} MB) are held in memory meanwhile"
        lost = f", {state.dropped} had no room there and become gaps" if state.dropped else ""
        return Problem(Condition.LIMITED, state.cause, f"Look at the store's disk. {held}{lost}.")
    if state.upkeep:
        return Problem(Condition.LIMITED, state.upkeep, "What is collected is kept, but the store grows meanwhile.")
    return None
