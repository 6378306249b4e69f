"""Samples of sessions counted into buckets of ten seconds: one row per combination of keys."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pgvigil.catalog.types import Column, Kind, Privacy, Rollup
from pgvigil.collect.layout import Row
from pgvigil.model import Value

LENGTH = 10_000_000
"""Microseconds of a bucket; buckets begin at multiples of it on the server's clock."""

TOP = 200
"""Combinations of keys kept apart in a bucket; of the others only words stay, which are few."""

OTHER = "(other)"
SAMPLES = "samples"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was seen in (`until` - `secs`, `until`]: rows end in the number of times they were seen. `elapsed_ms` is
    what all looks together took, those that failed included."""

    until: int
    secs: float
    samples: int
    rows: Sequence[Row]
    elapsed_ms: float
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class _Open:
    begin: int
    samples: int = 0
    elapsed_ms: float = 0.0
    seen: Counter[Row] = field(default_factory=Counter)
    gauges: dict[Row, list[Value]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


class Buckets:
    """Counts the rows of one query. `top` combinations are kept apart, by how often they were seen."""

    def __init__(self, columns: Sequence[Column], *, top: int = TOP) -> None:
        self._top = top
        self._keys = [at for at, column in enumerate(columns) if column.kind is Kind.KEY]
        self._gauges = [at for at, column in enumerate(columns) if column.kind is not Kind.KEY]
        self._rollups = [columns[at].rollup or Rollup.LAST for at in self._gauges]
        self._words = [columns[at].privacy is Privacy.WORD for at in self._keys]
        names = [columns[at].privacy is Privacy.NAME for at in self._keys]
        self._marked = names.index(True) if True in names else None
        self._open: _Open | None = None
        self.names = (*(columns[at].name for at in (*self._keys, *self._gauges)), SAMPLES)

    def add(self, ts: int, rows: Iterable[Row], elapsed_ms: float = 0.0) -> Bucket | None:
        """Count one sample made at `ts` (microseconds); a bucket that ended before it is returned."""
        ended = self._at(ts)
        bucket = self._here(ts)
        bucket.samples += 1
        bucket.elapsed_ms += elapsed_ms
        for row in rows:
            key = tuple(row[at] for at in self._keys)
            values = [row[at] for at in self._gauges]
            bucket.seen[key] += 1
            before = bucket.gauges.get(key)
            bucket.gauges[key] = values if before is None else self._rolled(before, values)
        return ended

    def failed(self, ts: int, reason: str, elapsed_ms: float = 0.0) -> Bucket | None:
        """Note a sample that brought nothing."""
        ended = self._at(ts)
        bucket = self._here(ts)
        bucket.failures.append(reason)
        bucket.elapsed_ms += elapsed_ms
        return ended

    def end(self) -> Bucket | None:
        """The bucket that is open, closed now."""
        return self._close()

    def _at(self, ts: int) -> Bucket | None:
        return self._close() if self._open is not None and ts // LENGTH * LENGTH != self._open.begin else None

    def _here(self, ts: int) -> _Open:
        if self._open is None:
            self._open = _Open(ts // LENGTH * LENGTH)
        return self._open

    def _close(self) -> Bucket | None:
        bucket, self._open = self._open, None
        if bucket is None:
            return None
        return Bucket(
            until=bucket.begin + LENGTH,
            secs=LENGTH / 1e6,
            samples=bucket.samples,
            rows=self._rows(bucket),
            elapsed_ms=bucket.elapsed_ms,
            failures=tuple(dict.fromkeys(bucket.failures)),
        )

    def _rows(self, bucket: _Open) -> list[Row]:
        ranked = bucket.seen.most_common()
        rows = [(*key, *bucket.gauges[key], count) for key, count in ranked[: self._top]]
        folded: Counter[Row] = Counter()
        gauges: dict[Row, list[Value]] = {}
        for key, count in ranked[self._top :]:
            other = self._folded(key)
            folded[other] += count
            values = bucket.gauges[key]
            gauges[other] = values if other not in gauges else self._rolled(gauges[other], values)
        return rows + [(*key, *gauges[key], count) for key, count in folded.items()]

    def _folded(self, key: Row) -> Row:
        words = [value if word else None for value, word in zip(key, self._words, strict=True)]
        if self._marked is not None:
            words[self._marked] = OTHER
        return tuple(words)

    def _rolled(self, before: Sequence[Value], new: Sequence[Value]) -> list[Value]:
        return [_roll(rollup, old, now) for rollup, old, now in zip(self._rollups, before, new, strict=True)]


def _roll(rollup: Rollup, old: Value, new: Value) -> Value:
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return old if new is None else new
    if rollup is Rollup.MAX:
        return max(old, new)
    if rollup is Rollup.MIN:
        return min(old, new)
    return old + new if rollup is Rollup.SUM else new
