"""What happened, and what is not known."""

from dataclasses import dataclass

from pgvigil.analyse.queries import Reader, run
from pgvigil.model import Event, Gap

TITLES = {
    "restart": "Server restarted",
    "crash": "Server crashed and recovered",
    "reset": "Statistics reset",
    "eviction": "Statements evicted",
    "setting": "Setting changed",
    "failover": "Role changed",
    "identity": "Another server behind the address",
    "extension": "Extension changed",
}


def title(kind: str) -> str:
    """The kind of an event in plain words."""
    return TITLES.get(kind, kind.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Page:
    """A page of events, latest first; `total` counts all pages."""

    events: tuple[Event, ...]
    total: int


def events(reader: Reader, target: int, since: int, until: int, *, limit: int = 50, offset: int = 0) -> Page:
    """What happened to `target` in (`since`, `until`]."""
    given = {"target": target, "since": since, "until": until, "limit": limit, "offset": offset}
    rows = run(reader, "events", (), since, until, given)
    counted = rows or (run(reader, "events", (), since, until, {**given, "limit": 1, "offset": 0}) if offset else ())
    return Page(tuple(Event(*row[:-1]) for row in rows), int(counted[0][-1]) if counted else 0)


@dataclass(frozen=True, slots=True)
class Gaps:
    """The latest gaps of a span, oldest first; `total` counts those left out too."""

    gaps: tuple[Gap, ...]
    total: int


def gaps(reader: Reader, target: int, probe: str, since: int, until: int, *, limit: int) -> Gaps:
    """Intervals that touch (`since`, `until`] in which `probe` of `target` does not know what happened."""
    given = {"target": target, "probe": probe, "since": since, "until": until, "limit": limit}
    rows = run(reader, "gaps", (), since, until, given)
    return Gaps(tuple(Gap(*row[:-1]) for row in reversed(rows)), int(rows[0][-1]) if rows else 0)
