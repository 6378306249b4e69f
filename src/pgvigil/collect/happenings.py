"""Changes of state columns as events: what it was, what it is."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pgvigil.catalog.types import Column, Kind, Query, Type
from pgvigil.collect.layout import Row
from pgvigil.model import Event, Value

_NAMES = ("name", "datname", "relname", "rolname")


class StateEvents:
    """The events that the state columns of one query name."""

    def __init__(self, query: Query) -> None:
        self._probe = query.probe.name
        self._columns = query.columns
        self._watched = [
            (position, column.event)
            for position, column in enumerate(query.columns)
            if column.kind is Kind.STATE and column.event is not None
        ]
        self._subject = _subject_columns(query.columns, query.probe.key)

    def between(self, pairs: Iterable[tuple[Row | None, Row]], ts: int) -> list[Event]:
        """What changed from one reading of each key to the next; nothing where there is no reading before."""
        found: dict[object, Event] = {}
        for old, new in pairs:
            for at, kind in self._watched if old is not None else ():
                if old is None or old[at] == new[at]:
                    continue
                column = self._columns[at]
                event = Event(ts, kind, self._subject_of(new), _shown(old[at], column), _shown(new[at], column))
                # A moment that many rows share, as when the statistics of all are reset, is one happening.
                same = (kind, event.before, event.after) if column.type is Type.TIMESTAMPTZ else len(found)
                found[same] = replace(event, subject=self._probe) if same in found else event
        return list(found.values())

    def _subject_of(self, row: Row) -> str:
        words = [str(row[at]) for at in self._subject if row[at] is not None]
        return " ".join(words) or self._probe


def _subject_columns(columns: Sequence[Column], key: Sequence[str]) -> list[int]:
    """The columns that tell a row apart for a person: a name where there is one, else the key."""
    names = [column.name for column in columns]
    return [names.index(name) for name in _NAMES if name in names][:1] or [names.index(name) for name in key]


def _shown(value: Value, column: Column) -> str | None:
    if value is None:
        return None
    if column.type is Type.BOOL:
        return "true" if value else "false"
    return str(value)
