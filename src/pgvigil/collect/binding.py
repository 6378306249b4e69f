"""Batches: what a pass brought, or why it brought nothing, under the numbers that identify it."""

from collections.abc import Iterable
from dataclasses import replace

from pgvigil.collect.series import Brought
from pgvigil.collect.station import Station
from pgvigil.collect.texts import scrub_message
from pgvigil.model import SERVER, Batch, Event, Outcome
from pgvigil.pg import Failure, FailureKind


def words_of(failure: Failure) -> str:
    """A failure in words that may be kept."""
    return f"{failure.kind}: {scrub_message(failure.message)}"


class Binder:
    """Makes the batches of one pass, which began at `ts` at a place."""

    def __init__(self, station: Station, ts: int, place: int = SERVER) -> None:
        standing = station.known()
        self._blank = Batch(
            target=station.target.id,
            incarnation=standing.incarnation,
            probe="",
            epoch=standing.epoch,
            pass_no=station.next_pass(),
            ts=ts,
            secs=None,
            outcome=Outcome.OK,
            elapsed_ms=0.0,
            place=place,
        )

    def filled(self, name: str, brought: Brought, elapsed_ms: float, events: Iterable[Event] = ()) -> Batch:
        """A reading that came."""
        return replace(
            self._blank,
            probe=name,
            secs=brought.secs,
            elapsed_ms=elapsed_ms,
            complete=brought.complete,
            names=brought.names,
            rows=brought.rows,
            last=brought.last,
            gone=brought.gone,
            events=(*events, *brought.events),
            gaps=brought.gaps,
        )

    def failed(self, name: str, failure: Failure) -> Batch:
        """A request that brought nothing."""
        outcome = Outcome.LATE if failure.kind is FailureKind.DEADLINE else Outcome.FAILED
        return replace(self.bare(name, outcome, words_of(failure)), elapsed_ms=failure.elapsed_ms)

    def bare(self, name: str, outcome: Outcome, reason: str) -> Batch:
        """A probe that was not asked, or whose answer was no use."""
        return replace(self._blank, probe=name, outcome=outcome, reason=reason, complete=False)
