"""What is known of one target while it is watched: its capabilities, the query of each probe, and their series."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pgvigil.catalog import Catalog, Query, choose
from pgvigil.catalog.types import Kind, Probe, Shape, Type
from pgvigil.collect.cleaning import Cleaner, cleaner_for
from pgvigil.collect.keeper import Keeper
from pgvigil.collect.layout import Row, layout_of
from pgvigil.collect.memory import Memory
from pgvigil.collect.quiet import RARER, limit_for
from pgvigil.collect.removals import Removals
from pgvigil.collect.series import STATEMENTS_RELATION, CounterSeries, Series, SnapshotSeries, series_for
from pgvigil.model import SERVER, Batch, Capabilities, Event, Invisible, Reading, Target

INFO_RELATION = "pg_stat_statements_info"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where we stand with a target: what it is, and the numbers under which its facts are kept."""

    capabilities: Capabilities
    incarnation: int
    epoch: int


class Station:
    """Holds everything that outlives a connection."""

    def __init__(
        self, target: Target, catalog: Catalog, keeper: Keeper, *, salt: bytes, allowed_tags: frozenset[str]
    ) -> None:
        self.target = target
        self.catalog = catalog
        self.memory = Memory()
        self.removals = Removals()
        self.standing: Standing | None = None
        self.queries: dict[str, Query] = {}
        self.invisible: dict[str, Invisible] = {}
        self.signals: dict[str, float] = {}
        self.databases = 1
        self.look_again = False  # a visit met what calls for finding out anew what the server is
        self.elsewhere = False  # a new connection reached another server than the one that we arrived at
        self.ready = asyncio.Event()
        self._keeper = keeper
        self._salt = salt
        self._tags = allowed_tags
        self._limits: dict[str, int | None] = {}
        self._series: dict[tuple[str, int], Series] = {}
        self._kept: dict[tuple[str, int], Reading] = {}
        self._told: list[Event] = []
        self._pass_no = 0

    def known(self) -> Standing:
        """Where we stand; raises RuntimeError before we arrived."""
        if self.standing is None:
            raise RuntimeError("nobody has yet asked the server what it is")
        return self.standing

    def is_ours(self, started_at: int) -> bool:
        """Whether the server that was started then is the one that we arrived at, and has not restarted since."""
        return started_at == self.known().capabilities.started_at

    def signal(self, probe: Probe, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Count what `when` of other probes may compare."""
        for name, signal in probe.signals.items():
            at = names.index(signal.column)
            self.signals[f"{probe.name}.{name}"] = sum(1 for row in rows if row[at] in signal.values)

    def may_come_into_sight(self) -> bool:
        """Whether a probe is invisible for a reason that somebody can remove."""
        return any(each.remedy is not None for each in self.invisible.values())

    def next_pass(self) -> int:
        """A number for a pass."""
        self._pass_no += 1
        return self._pass_no

    def cleaner(self, query: Query) -> Cleaner:
        """What cleans the rows of a query."""
        return cleaner_for(query, salt=self._salt, allowed_tags=self._tags)

    def series(self, name: str, place: int = SERVER) -> Series:
        """The series of a probe at a place; made, and restored from what was kept, when first asked for."""
        found = self._series.get((name, place))
        if found is None:
            found = self._series[name, place] = self._made(self.queries[name], place)
            found.echoes = self._limits.get(name, 0) is not None
        return found

    def limit(self, name: str) -> int:
        """The limit (ms) under which a probe runs."""
        return self._limits.get(name) or self.queries[name].probe.deadline_ms

    def period(self, name: str) -> float:
        """Seconds between two turns of a probe, before the governor stretches them."""
        every = self.queries[name].probe.every or 1.0
        return every * RARER if self._limits.get(name, 0) is None else every

    def kept(self, name: str, place: int = SERVER) -> Reading | None:
        """What was kept of a probe before we began; told once, so that it does not stay in memory."""
        return self._kept.pop((name, place), None)

    def leave(self, places: Collection[int]) -> None:
        """There are only these databases: what was read in others is of no use any more."""
        self._series = {at: series for at, series in self._series.items() if at[1] == SERVER or at[1] in places}
        self._kept = {at: reading for at, reading in self._kept.items() if at[1] == SERVER or at[1] in places}

    def statements(self) -> CounterSeries | None:
        """The series of the statements, where they can be seen."""
        return self._counters_of(STATEMENTS_RELATION)

    def info(self) -> CounterSeries | None:
        """The series of pg_stat_statements_info, where it can be seen."""
        return self._counters_of(INFO_RELATION)

    def events(self) -> list[Event]:
        """What happened to the target as a whole and was not told yet."""
        told, self._told = self._told, []
        return told

    async def arrive(self, capabilities: Capabilities, now: int, *, away: bool) -> None:
        """Take in what the server is; `away` tells that the connection was made anew since we last looked."""
        before = self.standing
        if before is None:
            await self._begin(capabilities, now)
        else:
            await self._go_on(before, capabilities, now, away=away)
        self._choose(capabilities)
        self.elsewhere = False
        self.ready.set()

    def paired(self) -> tuple[str, ...]:
        """The statements and what tells of their removal: read together, in this order, or neither."""
        pair = (self._probe_of(STATEMENTS_RELATION), self._probe_of(INFO_RELATION))
        return tuple(probe.name for probe in pair if probe is not None and probe.name in self.queries)

    def forget_statements(self) -> None:
        """We see other rows than before: what they counted is no difference."""
        if (series := self.statements()) is not None:
            series.forget("identity")

    def refused(self, batch: Batch) -> None:
        """The keeper will never take this batch: what comes next is no difference to what was in it."""
        self._forget(batch.probe, "failed")

    def _forget(self, name: str, reason: str) -> None:
        for (of, _), series in self._series.items():
            if of == name:
                series.forget(reason)

    async def _begin(self, capabilities: Capabilities, now: int) -> None:
        # From the new epoch on nobody else's batches are taken, so what is read then is the last.
        epoch = await self._keeper.begin_epoch(self.target.id, now)
        incarnation = await self._keeper.incarnation(self.target.id, capabilities.identity, now)
        self._kept.clear()
        for name in (probe.name for probe in self.catalog.probes.values() if probe.kept):
            readings = await self._keeper.readings(self.target.id, incarnation, name)
            self._kept.update(((name, place), reading) for place, reading in readings.items())
        # Not before all of it was read: a keeper that was busy in between is asked again from the beginning.
        self.standing = Standing(capabilities, incarnation, epoch)
        self._restore_removals()
        newest = max((reading.ts for reading in self._kept.values()), default=None)
        if newest is not None and capabilities.started_at > newest:
            self._restarted(capabilities)

    async def _go_on(self, before: Standing, capabilities: Capabilities, now: int, *, away: bool) -> None:
        old = before.capabilities
        incarnation = before.incarnation
        if old.identity != capabilities.identity:
            incarnation = await self._keeper.incarnation(self.target.id, capabilities.identity, now)
        self.standing = replace(before, capabilities=capabilities, incarnation=incarnation)
        if replace(old, started_at=0) != replace(capabilities, started_at=0):
            self.memory.forget()
        if incarnation != before.incarnation or _is_another(old, capabilities):
            self._other_server(old, capabilities, now)
        elif old.started_at != capabilities.started_at:
            self.memory.forget()
            self._restarted(capabilities)
            self._doubt("restart")
        elif away:
            self._doubt("unreachable")

    def _restarted(self, capabilities: Capabilities) -> None:
        self._told.append(Event(capabilities.started_at, "restart", "server", None, capabilities.version))

    def _other_server(self, old: Capabilities, new: Capabilities, now: int) -> None:
        kind = "failover" if _took_over(old, new) else "identity"
        self._told.append(Event(now, kind, "server", old.version, new.version))
        self._kept.clear()
        self.removals = Removals()
        for series in self._series.values():
            if isinstance(series, SnapshotSeries) and not _has_oids(series.query):
                series.doubt("identity")
            else:
                series.forget("identity")

    def _doubt(self, reason: str) -> None:
        for series in self._series.values():
            series.doubt(reason)

    def _choose(self, capabilities: Capabilities) -> None:
        self.invisible.clear()
        for name, probe in self.catalog.probes.items():
            chosen = choose(probe, capabilities)
            if isinstance(chosen, Invisible):
                self.invisible[name] = chosen
                self.queries.pop(name, None)
                self._forget(name, "identity")  # when it comes into sight again, there may be more of it
                continue
            if self.queries.get(name) != chosen:
                self.queries[name] = chosen
                self._exchange(chosen)
            # Where the log would take the fingerprints, there are none.
            limit = limit_for(capabilities.settings, probe.deadline_ms) if chosen.changed_by else probe.deadline_ms
            self._limits[name] = limit
            for (of, _), series in self._series.items():
                if of == name:
                    series.echoes = limit is not None

    def _exchange(self, query: Query) -> None:
        """Go on with another query of the same probe: the server or its extension was upgraded."""
        for (name, place), old in list(self._series.items()):
            if name == query.probe.name:
                new = series_for(query, self.cleaner(query))
                if (reading := old.reading()) is not None:
                    new.restore(reading)
                    new.doubt("unreachable")
                if old.gap is not None:
                    new.forget(old.gap)
                old.retire()
                self._series[name, place] = new

    def _made(self, query: Query, place: int) -> Series:
        made = series_for(query, self.cleaner(query))
        here = self.kept(query.probe.name, place)
        if here is not None:
            made.restore(here)
            made.doubt("restart" if self.known().capabilities.started_at > here.ts else "stopped")
        return made

    def _counters_of(self, relation: str) -> CounterSeries | None:
        probe = self._probe_of(relation)
        if probe is None or probe.name not in self.queries:
            return None
        series = self.series(probe.name)
        return series if isinstance(series, CounterSeries) else None

    def _probe_of(self, relation: str) -> Probe | None:
        """The probe that counts what this relation counts."""
        probes = self.catalog.probes.values()
        return next((each for each in probes if each.relation == relation and each.shape is Shape.COUNTERS), None)

    def _restore_removals(self) -> None:
        counted, informed = self._probe_of(STATEMENTS_RELATION), self._probe_of(INFO_RELATION)
        if counted is None or informed is None:
            return
        statements, info = self._kept.get((counted.name, SERVER)), self._kept.get((informed.name, SERVER))
        if statements is not None and info is not None and info.rows:
            layout = layout_of(tuple(informed.columns.values()), informed.key)
            row = layout.realign(info.names, info.rows)[0]
            self.removals.restore(layout, row, min(statements.ts, info.ts))


def _is_another(old: Capabilities, new: Capabilities) -> bool:
    """Whether a primary and its standby, alike in all else, answer by turns behind one address."""
    return new.started_at < old.started_at or (new.started_at != old.started_at and new.in_recovery != old.in_recovery)


def _took_over(old: Capabilities, new: Capabilities) -> bool:
    """Whether a standby was promoted whose change of role we cannot have seen: that is told by the probe that reads
    the role."""
    before, now = old.identity, new.identity
    alike = before.system_identifier is not None and replace(before, timeline=None) == replace(now, timeline=None)
    grew = (now.timeline or 0) > (before.timeline or 0)
    # A server that promoted itself may tell of its new timeline later than of its role.
    late = new.started_at == old.started_at and not new.in_recovery
    return alike and grew and new.in_recovery == old.in_recovery and not late


def _has_oids(query: Query) -> bool:
    return any(column.kind is Kind.KEY and column.type is Type.OID for column in query.columns)
