"""The verdict on a target, as every route that tells it asks for it."""

from pgvigil.analyse.fleet import Judged, judged
from pgvigil.model import TargetState
from pgvigil.serve.watch import Watch, Watcher

PRESENT = 60_000_000
"""Microseconds: a moment not longer ago is judged with the state of the watching as it is."""


def state_at(watch: Watch, one: Watcher, at: int) -> TargetState | None:
    """In what condition the watching is; None for a moment of the past, of which that is not known."""
    return one.state if at > watch.clock() - PRESENT else None


def judge_at(watch: Watch, one: Watcher, at: int | None) -> Judged:
    """The verdict on a target at a moment in microseconds, by default now, and never later than now."""
    now = watch.clock()
    moment = now if at is None else min(at, now)
    hidden = {name: found for name in watch.catalog.probes if (found := one.hidden(name)) is not None}
    rules = tuple(watch.rules.values())
    return judged(watch.store, one.target, moment, state_at(watch, one, moment), hidden, rules, watch.catalog.probes)
