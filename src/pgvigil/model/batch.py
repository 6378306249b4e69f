"""What one pass of one probe brought: facts to append, and all that is needed to go on after a restart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Value = None | bool | int | float | str
"""A cell. Times are integer microseconds since the epoch, UTC; never a datetime."""

SERVER = 0
"""The place of what is read once for the server; other places are OIDs of databases."""


class Outcome(StrEnum):
    """How a probe fared in a pass."""

    OK = "ok"
    FAILED = "failed"
    LATE = "late"  # its deadline, or the pass's, ended it
    SKIPPED = "skipped"  # not asked: the pass before still ran, a catalog is locked, or the governor stretched it
    INVISIBLE = "invisible"  # not asked: cannot be seen here; the reason says why


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `kind` (`restart`, `reset`, `eviction`, `setting`, `failover`, ...), what it happened
    to, and the state before and after where it has them (already scrubbed of secrets)."""

    ts: int
    kind: str
    subject: str
    before: str | None = None
    after: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval (`since`, `until`] in which this probe's counters moved unseen, or may have; `reason` one word of
    `restart`, `reset`, `eviction`, `unreachable`, `stopped`, `failed`, `late`, `keyframe`, `identity`."""

    since: int
    until: int
    reason: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one pass of one probe brought for one target; appending it twice is harmless.

    (`target`, `probe`, `epoch`, `pass_no`) identifies it: `epoch` grows each time a collector takes the target over,
    `pass_no` with every pass of that epoch. `ts` is the server's clock at the reading, in microseconds (ours where
    the server gave none); `secs` the seconds since the reading before, None when there is none to compare with (then
    `rows` of a `counters` probe is empty, and `last` is the baseline).

    `names` are the columns of `rows` and `last`, in one order: the declared columns of the probe that this server
    has; `rows` of a `counters` probe end in one more value, `uncertain` (bool), not in `names`. In `rows` counters
    are differences over `secs`, everything else is as read; in `last` counters are absolute, and only keys that
    changed since the reading before are in it, or all of them if `complete`. `gone` are the keys (in the probe's
    order of key columns) that a complete reading no longer holds. `samples` is how often the sampler looked during
    `secs`; load is a sum of counted sessions over the sum of `samples`. `place` is where it was read: each goes on from
    its own reading before.
    """

    target: int
    incarnation: int
    probe: str
    epoch: int
    pass_no: int
    ts: int
    secs: float | None
    outcome: Outcome
    elapsed_ms: float
    complete: bool = True
    reason: str | None = None
    names: tuple[str, ...] = ()
    rows: Sequence[tuple[Value, ...]] = ()
    last: Sequence[tuple[Value, ...]] = ()
    gone: Sequence[tuple[Value, ...]] = ()
    events: tuple[Event, ...] = ()
    gaps: tuple[Gap, ...] = ()
    samples: int | None = field(default=None)
    place: int = SERVER


@dataclass(frozen=True, slots=True)
class Reading:
    """The last absolute reading of a probe at a place as the store kept it: where counting goes on after a restart."""

    ts: int
    names: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
