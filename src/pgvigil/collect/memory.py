"""Which probes are not asked for a while because they failed, so that the server's log stays quiet."""

from dataclasses import dataclass

from pgvigil.pg import FailureKind

FOR_GOOD = frozenset({FailureKind.PRIVILEGE, FailureKind.MISSING})
"""What does not mend itself: not asked again until something about the server changes."""

_LASTING = 3_600.0
_FIRST_REST = 10.0
_LONGEST_REST = 300.0
_RESTS = frozenset({FailureKind.LOCK, FailureKind.DEADLINE, FailureKind.OTHER})


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when (seconds on our steady clock) a probe is left alone, why, and how often it failed in a row."""

    until: float
    reason: str
    times: int
    for_good: bool


class Memory:
    """What failed, by probe."""

    def __init__(self) -> None:
        self._rests: dict[str, Rest] = {}

    def failed(self, name: str, kind: FailureKind, reason: str, now: float, *, longest: float = _LONGEST_REST) -> bool:
        """Note a failure that makes it rest `longest` seconds at most; True where it is for good and new."""
        before = self._rests.get(name)
        times = 1 if before is None else before.times + 1
        if kind in FOR_GOOD:
            self._rests[name] = Rest(now + _LASTING, reason, times, for_good=True)
            return before is None or not before.for_good
        if kind in _RESTS:
            rest = min(_FIRST_REST * 2 ** (times - 1), longest)
            self._rests[name] = Rest(now + rest, reason, times, for_good=False)
        return False

    def worked(self, name: str) -> None:
        """The probe brought rows."""
        self._rests.pop(name, None)

    def resting(self, name: str, now: float) -> Rest | None:
        """Why the probe is not asked now, or None where it may be."""
        rest = self._rests.get(name)
        return rest if rest is not None and rest.until > now else None

    @property
    def reasons(self) -> dict[str, str]:
        """What failed for good."""
        return {name: rest.reason for name, rest in self._rests.items() if rest.for_good}

    def forget(self) -> None:
        """Something changed: everything may be asked again."""
        self._rests.clear()
