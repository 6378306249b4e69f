"""Which probes are not asked for a while because they failed, so that the server's log stays quiet (decision 0005)."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from pgvigil.model import SERVER
from pgvigil.pg import FailureKind

FOR_GOOD = frozenset({FailureKind.PRIVILEGE, FailureKind.MISSING})
"""What does not mend itself: not asked again at once even if it never failed before."""

FIRST_REST = 10.0
LONG_REST = 300.0
"""Seconds: after the first failure, which may be a mishap, and after each that follows; `forget` and `free` end it."""

_RESTS = frozenset({FailureKind.LOCK, FailureKind.DEADLINE, FailureKind.OTHER})


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when (seconds on our steady clock) a probe is left alone, why, and how often it failed in a row."""

    until: float
    reason: str
    times: int
    kind: FailureKind


class Memory:
    """What failed, by probe and place: what fails in one database works in others. A place is the number of a database,
    or SERVER."""

    def __init__(self) -> None:
        self._rests: dict[tuple[str, int], Rest] = {}

    def failed(
        self,
        name: str,
        kind: FailureKind,
        reason: str,
        now: float,
        *,
        longest: float = LONG_REST,
        place: int = SERVER,
    ) -> bool:
        """Note a failure that makes it rest `longest` seconds at most; True where it is for good and new."""
        before = self._rests.get((name, place))
        times = 1 if before is None else before.times + 1
        lasting = kind in FOR_GOOD
        if lasting or kind in _RESTS:
            rest = longest if lasting or times > 1 else FIRST_REST
            self._rests[name, place] = Rest(now + rest, reason, times, kind)
        return lasting and (before is None or before.kind not in FOR_GOOD)

    def worked(self, name: str, place: int = SERVER) -> None:
        """The probe brought rows there."""
        self._rests.pop((name, place), None)

    def resting(self, name: str, now: float, place: int = SERVER) -> Rest | None:
        """Why the probe is not asked there now, or None where it may be."""
        rest = self._rests.get((name, place))
        return rest if rest is not None and rest.until > now else None

    @property
    def reasons(self) -> dict[str, str]:
        """What failed for good, or more than once."""
        return {name: rest.reason for (name, _), rest in self._rests.items() if rest.kind in FOR_GOOD or rest.times > 1}

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
