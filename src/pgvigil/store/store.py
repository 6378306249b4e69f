"""The store as the other packages see it. Every method may be called from any thread; none waits for the network."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from pgvigil.catalog.types import Catalog, Shape
from pgvigil.model import Batch, Identity, Reading, Secret
from pgvigil.store import boundaries, maintenance, query, registry, remembered, schema, views
from pgvigil.store.append import append
from pgvigil.store.backup import back_up, make_copy
from pgvigil.store.boundaries import HOUR, Boundaries, Retention, hour_of
from pgvigil.store.engine import Engine
from pgvigil.store.errors import BatchRefusedError, StoreError, StoreFailedError
from pgvigil.store.key import find_key
from pgvigil.store.known import Known
from pgvigil.store.location import Location, locate
from pgvigil.store.pack import Packed, pack
from pgvigil.store.query import Table
from pgvigil.store.refusals import failure, is_damage, masked, reason
from pgvigil.store.remembered import Remembered, decode, fold, rows_of
from pgvigil.store.series import PASSES, Layout, dimension_of, lay_out
from pgvigil.store.steady import Steady
from pgvigil.store.text import ident, sql
from pgvigil.store.transaction import transaction

_PATIENCE = 0.2
"""Seconds for which opening the store anew waits until nobody asks it for anything; else a later turn does it."""

Mark = tuple[int, int]
"""Epoch and number of a pass."""


def open_store(
    url: str,
    key: Secret | None,
    catalog: Catalog,
    *,
    read_only: bool = False,
    retention: Retention | None = None,
) -> "Store":
    """Open the store at `url`, making it if there is none and bringing its tables to what `catalog` declares.

    Without `key` that of the key file beside the store is taken, or generated for a new store (`Store.notice` tells
    of it). Raises StoreError.
    """
    location = locate(url)
    if read_only and not location.file.exists():  # before a key is looked for: one would be made that nobody is told of
        raise StoreError(f"There is no store at {location.file}.")
    found = find_key(location, key)
    with ExitStack() as stack:
        engine = Engine(location, found.secret, read_only=read_only)
        stack.callback(engine.close)
        store = Store(engine, lay_out(catalog), retention or Retention(), found.notice)
        stack.pop_all()  # from here on the store closes it
    return store


class Store:
    """One open store file and what it holds."""

    def __init__(self, engine: Engine, layout: Layout, retention: Retention, notice: str = "") -> None:
        self._engine = engine
        self._layout = layout
        self._notice = notice
        self._writing = threading.Lock()
        self._maintaining = threading.Lock()
        self._known = Known()
        self._steady = Steady()
        self._marks: dict[tuple[int, str], Mark] = {}
        self._number = 0
        self._broken = False
        self._renewed: int | None = None
        self._late_until: dict[str, int] = {}
        self._upkeep = maintenance.Upkeep(layout, retention, {}, self._claim, self._unlearn)
        with engine.told(), engine.cursor() as cursor:
            if engine.read_only:
                schema.check_version(cursor)
            else:
                schema.migrate(cursor, layout)
        self._recall()

    @property
    def location(self) -> Location:
        """Where the file lies."""
        return self._engine.location

    @property
    def notice(self) -> str:
        """What the user has to be told of the key, or nothing."""
        return self._notice

    @property
    def layout(self) -> Layout:
        """Which tables there are."""
        return self._layout

    def target_id(self, name: str, cpus: float | None, labels: Mapping[str, str]) -> int:
        """The stable number of the target of this name."""
        with self._engine.told(), self._writing, self._engine.cursor() as cursor, transaction(cursor):
            return registry.target_id(cursor, name, cpus, labels)

    def begin_epoch(self, target: int, now: int) -> int:
        """The number of a new epoch of a target, greater than all before."""
        with self._engine.told(), self._writing, self._engine.cursor() as cursor, transaction(cursor):
            return registry.begin_epoch(cursor, target, now)

    def incarnation(self, target: int, identity: Identity, now: int) -> int:
        """The number of the target's incarnation that has this identity, new if it was never seen."""
        with self._engine.told(), self._writing, self._engine.cursor() as cursor, transaction(cursor):
            return registry.incarnation(cursor, target, identity, now)

    def readings(self, target: int, incarnation: int, probe: str) -> dict[int, Reading]:
        """The last absolute reading of a probe at each place where it had any. For a `dimension` probe: the keys whose
        texts are known."""
        parts = self._remembered(target, incarnation, probe)
        found = {part.place: (part.read_at, part.last) for part in parts if part.read_at is not None}
        if self._layout.probes[probe].shape is Shape.DIMENSION:
            return {place: self._known_texts(target, incarnation, probe, ts) for place, (ts, _) in found.items()}
        series = self._layout.series[probe]
        names = tuple(field.name for field in (*series.keys, *series.values))
        return {place: Reading(ts, names, list(rows_of(last, names))) for place, (ts, last) in found.items()}

    def append(self, batches: Sequence[Batch]) -> None:
        """Keep what a pass brought, all in one transaction; what is kept already is left out. Raises StoreError."""
        self.append_packed([self.pack(batch) for batch in batches])

    def pack(self, batch: Batch) -> Packed:
        """The batch in the form that takes least room and time to write; raises BatchRefusedError."""
        return pack(batch, self._layout)

    def append_packed(self, packed: Sequence[Packed], lost: Sequence[Packed] = ()) -> None:
        """Keep packed batches, as `append` does, and of those that were `lost` on the way gaps, events and texts."""
        with self._writing:
            fresh = [self._placed(one) for one in packed if self._is_new(one.batch)]
            if fresh or lost:
                self._write(fresh, lost)

    def query(self, text: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> Table:
        """Answer one of our own queries; moments come as integer microseconds."""
        return query.run(self._engine, text, parameters)

    def select(self, text: str) -> Table:
        """Answer a user's query: one SELECT, 30 seconds and 256 MB at most. Raises QueryRefusedError."""
        return query.select(self._engine, text)

    def relation(self, probe: str, since: int, until: int, step: int | None = None) -> str:
        """What to write after FROM to read a probe over a span in microseconds, exact at its ends.

        With `step`, also microseconds, rows may be as long as that: sums by step, or of the whole span.
        """
        series = self._layout.series[probe]
        at = self._upkeep.boundaries.get(probe, Boundaries())
        return views.relation(series, views.tier_for(since, until, step), since, until, at)

    def grain(self, probe: str, since: int, until: int) -> int:
        """The seconds of the coarsest rows that `relation` reads for a span in microseconds."""
        at = self._upkeep.boundaries.get(probe, Boundaries())
        return views.grain(views.tier_for(since, until), since, until, at)

    def columns(self, table: str) -> Mapping[str, str]:
        """The columns of a table or view, and their types."""
        empty = self.query(sql("empty", table=ident(table)))
        return dict(zip(empty.names, empty.types, strict=True))

    def maintain(self, now: int) -> bool:
        """Do one small step of upkeep, if any is due; True if one was done and another may be. Where none is, the file
        is opened anew once an hour."""
        with self._maintaining, self._engine.told():
            with self._engine.cursor() as cursor:
                if maintenance.step(cursor, self._upkeep, now):
                    return True
            self._renew(now)
            return False

    def recover(self) -> None:
        """Open the file again after a failed write, or once closed; raises StoreError while that is not possible."""
        with self._maintaining, self._writing:
            if self._broken:
                self._engine.reopen()
                self._recall()
                self._broken = False

    def backup(self, file: Path) -> int:
        """Write an encrypted copy, of the same key, to a new file while the store is in use; its size in bytes."""
        with self._maintaining:
            return back_up(self._engine, file)

    def compact(self) -> tuple[int, int]:
        """Write the file anew without the room that retention left in it; bytes before and after.

        Appends and queries wait or fail for as long as that takes, about 20 seconds per 100 MB.
        """
        with self._maintaining, self._writing:
            self._engine.checkpoint()
            before = self.location.file.stat().st_size
            make_copy(self._engine)
            with self._opening_again():
                self._engine.replace_by_copy()
                self._recall()
            return before, self.location.file.stat().st_size

    def close(self) -> None:
        """Close the file."""
        with self._maintaining, self._writing:
            self._broken = True
            self._engine.close()

    def _renew(self, now: int) -> None:
        """Once an hour, have the engine forget: of every column it ever read it keeps where its parts lie, and of pages
        that are long gone a trace, some megabytes a day. To open a store of 500 MB again takes a tenth of a second."""
        if self._renewed is None:
            self._renewed = now
        if abs(now - self._renewed) < HOUR or self._broken:
            return
        with self._writing, self._opening_again():
            if self._engine.renew(_PATIENCE):
                self._renewed = now

    @contextmanager
    def _opening_again(self) -> Iterator[None]:
        """The file is closed and opened within; where it cannot be opened now, `recover` sees to it."""
        self._broken = True
        yield
        self._broken = False

    def _remembered(self, target: int, incarnation: int, probe: str) -> list[Remembered]:
        with self._engine.told(), self._engine.cursor() as cursor:
            contents = [content for _, content in remembered.rows(cursor, target)]
        parts = (part for content in contents for part in decode(content))
        mine = [part for part in parts if (part.incarnation, part.probe) == (incarnation, probe)]
        return fold(mine, self._layout)

    def _known_texts(self, target: int, incarnation: int, probe: str, read_at: int) -> Reading:
        dimension = self._layout.dimensions[dimension_of(self._layout.probes[probe]) or ""]
        names = tuple(field.name for field in dimension.keys)
        statement = sql("reading", columns=", ".join(map(ident, names)) or "NULL", table=ident(dimension.name))
        rows = self.query(statement, {"target": target, "incarnation": incarnation}).rows
        return Reading(read_at, names, [row[: len(names)] for row in rows])

    def _recall(self) -> None:
        """Read from the file what is kept in memory beside it."""
        self._forget()
        with self._engine.told(), self._engine.cursor() as cursor:
            self._number = 0
            self._marks.clear()
            for target in remembered.targets(cursor):
                self._recall_of(target, remembered.rows(cursor, target))
            self._upkeep.boundaries = boundaries.read(cursor)
            self._upkeep.settled.clear()
            self._late_until = {name: at.rolled for name, at in self._upkeep.boundaries.items()}
            if not self._engine.read_only:
                with transaction(cursor):
                    views.create(cursor, self._layout, self._upkeep.boundaries)

    def _recall_of(self, target: int, rows: Sequence[tuple[int, bytes]]) -> None:
        for number, content in rows:
            self._number = max(self._number, number)
            for part in decode(content):
                mark = self._marks.get((target, part.probe), (0, 0))
                self._marks[target, part.probe] = max(mark, (part.epoch, part.pass_no))

    def _claim(self, series: str, until: int) -> None:
        """From now on, rows up to `until` are late. Under the lock: none is being written meanwhile."""
        with self._writing:
            self._late_until[series] = max(until, self._late_until.get(series, 0))

    def _unlearn(self) -> None:
        """Texts were deleted: what is told again is new again."""
        with self._writing:
            self._known.forget()

    def _is_new(self, batch: Batch) -> bool:
        mark = self._marks.get((batch.target, batch.probe))
        return mark is None or (batch.epoch, batch.pass_no) > mark

    def _placed(self, one: Packed) -> Packed:
        """The batch, its moment moved to the first that is still kept as read, if it is older than all of them."""
        names = [PASSES.name, one.batch.probe]
        first = 1 + max(self._upkeep.boundaries.get(name, Boundaries()).raw_from for name in names)
        return replace(one, batch=replace(one.batch, ts=first)) if one.batch.ts < first else one

    def _thinned(self, one: Packed) -> Packed:
        facts = self._steady.thin(one, self._layout.series.get(one.batch.probe))
        return one if facts is one.facts else replace(one, facts=facts)

    def _forget(self) -> None:
        self._known.forget()
        self._steady.forget()

    def _write(self, packed: Sequence[Packed], lost: Sequence[Packed]) -> None:
        try:
            packed = [self._thinned(one) for one in packed]
            with self._engine.cursor() as cursor, transaction(cursor):
                append(cursor, packed, lost, self._number + 1, self._layout, self._known)
                self._reopen(cursor, packed)
        except BatchRefusedError:
            self._forget()
            raise
        except duckdb.Error as error:
            self._forget()
            # Short of memory (a user's query took it), nothing is wrong with the file.
            self._broken = self._broken or not isinstance(error, duckdb.OutOfMemoryException)
            raise self._refusal(error) from error
        self._number += 1
        for one in packed:
            self._marks[one.batch.target, one.batch.probe] = (one.batch.epoch, one.batch.pass_no)

    def _reopen(self, cursor: duckdb.DuckDBPyConnection, packed: Sequence[Packed]) -> None:
        late = {
            (name, hour_of(one.batch.ts))
            for one in packed
            for name in (PASSES.name, one.batch.probe)
            if name in self._layout.series and one.batch.ts <= self._late_until.get(name, 0)
        }
        for name, hour in sorted(late):
            cursor.execute(sql("reopen"), {"series": name, "hour": hour})

    def _refusal(self, error: duckdb.Error) -> StoreError:
        if isinstance(error, duckdb.DataError | duckdb.ProgrammingError) and not isinstance(error, duckdb.IOException):
            return BatchRefusedError(f"The store refused a batch: {masked(error)}.")
        if is_damage(error):  # it is held in memory: it fits the store that a backup brings back
            return StoreFailedError(f"The store could not be written. {failure(error, self.location.file)}")
        return StoreFailedError(f"The store could not be written: {reason(error)}.")
