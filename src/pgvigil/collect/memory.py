"""Which probes are not asked for a while because they failed, so that the server's log stays quiet (decision 0005)."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from pgvigil.model import SERVER
from pgvigil.pg import Failure, FailureKind

FOR_GOOD = frozenset({FailureKind.PRIVILEGE, FailureKind.MISSING})
"""What does not mend itself before something changes."""

REST = 300.0
"""Seconds: the server's log takes a line in five minutes; `forget` and `free` end it."""

SHORT_REST = 10.0
"""Seconds after a failure that tells more of the server, which stood still, than of the probe."""

_RESTS = frozenset({*FOR_GOOD, FailureKind.LOCK, FailureKind.DEADLINE, FailureKind.OTHER})
_BY_CHANCE = frozenset({FailureKind.CANCELLED})


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when (seconds on our steady clock) a probe is left alone, why, and whether that may have been by chance."""

    until: float
    reason: str
    kind: FailureKind
    by_chance: bool


class Memory:
    """What failed, by probe and place: what fails in one database works in others. A place is the number of a database,
    or SERVER."""

    def __init__(self) -> None:
        self._rests: dict[tuple[str, int], Rest] = {}

    def failed(self, name: str, failure: Failure, reason: str, now: float, place: int = SERVER) -> bool:
        """Note a failure of a probe at a place and its reason in words; True where it is for good and new."""
        at, kind = (name, place), failure.kind
        before = self._rests.get(at)
        if kind in _RESTS or kind in _BY_CHANCE:
            by_chance = before is None and (failure.stalled or kind in _BY_CHANCE)
            short = SHORT_REST if failure.stalled else 0.0
            self._rests[at] = Rest(now + (short if by_chance else REST), reason, kind, by_chance)
        return kind in FOR_GOOD and (before is None or before.kind not in FOR_GOOD)

    def worked(self, name: str, place: int = SERVER) -> None:
        """The probe brought rows there."""
        self._rests.pop((name, place), None)

    def over(self, name: str) -> None:
        """The probe is asked at need, and the need is over: what failed is no reason to worry, but still a reason to
        wait."""
        for at, rest in self._rests.items():
            if at[0] == name:
                self._rests[at] = replace(rest, by_chance=True)

    def resting(self, name: str, now: float, place: int = SERVER) -> Rest | None:
        """Why the probe is not asked there now, or None where it may be."""
        rest = self._rests.get((name, place))
        return rest if rest is not None and rest.until > now else None

    @property
    def reasons(self) -> dict[str, str]:
        """What failed, and not by chance."""
        return {name: rest.reason for (name, _), rest in self._rests.items() if not rest.by_chance}

    def waits_for_locks(self, now: float) -> bool:
        """Whether something rests that came to a lock."""
        return any(rest.kind is FailureKind.LOCK and rest.until > now for rest in self._rests.values())

    def free(self) -> None:
        """Nobody locks anything any more: what came to a lock may be asked again."""
        for at, rest in self._rests.items():
            if rest.kind is FailureKind.LOCK:
                self._rests[at] = replace(rest, until=float("-inf"))

    def leave(self, places: Collection[int]) -> None:
        """There are only these databases: what failed in others is over."""
        self._rests = {at: rest for at, rest in self._rests.items() if at[1] == SERVER or at[1] in places}

    def forget(self) -> None:
        """Something changed: everything may be asked again."""
        self._rests.clear()
