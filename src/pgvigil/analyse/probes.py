"""How the probes fare."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.analyse.queries import Reader, run
from pgvigil.model import Outcome

HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class ProbeHealth:
    """When a probe was last read (microseconds), how its last turn ended, and when it last `brought` rows."""

    last: int | None
    outcome: Outcome | None
    reason: str | None
    brought: int | None = None


def probe_health(reader: Reader, target: int, now: int) -> Mapping[str, ProbeHealth]:
    """By probe, how it fared on `target` in the last two hours."""
    since = now - 2 * HOUR
    rows = run(reader, "probe_health", ("passes",), since, now, {"target": target, "since": since, "until": now})
    return {
        probe: ProbeHealth(last, Outcome(outcome) if outcome else None, reason, brought)
        for probe, last, outcome, reason, brought in rows
    }
