"""One pass: everything that is due at one place, asked in one pipeline, and what it brought as batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgvigil.catalog.types import Takes
from pgvigil.collect.asking import PASS_DEADLINE, merged, objects_for, request_for
from pgvigil.collect.binding import Binder, words_of
from pgvigil.collect.heart import Pulse
from pgvigil.collect.series import Moment, Series
from pgvigil.collect.telling import Telling
from pgvigil.collect.tools import Tools
from pgvigil.model import SERVER, Batch, Event, Outcome, PgvigilError
from pgvigil.pg import ConnectError, Failure, Reply, Request, Rows, Session

ELSEWHERE = "another server answered, or one that has restarted"

_SEES_ALL = "pg_read_all_stats"


@dataclass(frozen=True, slots=True)
class Passed:
    """What a pass brought: `batches` are kept together.

    `failure` is set where the heartbeat had no answer, `locked` where it found the catalog locked, `refusal` where
    there was no connection, `elsewhere` where another server answered than the one that is known; `look_again` asks to
    find out anew what the server is; `costs` are milliseconds by probe.
    """

    ts: int
    batches: tuple[Batch, ...]
    failure: Failure | None = None
    locked: str | None = None
    refusal: ConnectError | None = None
    elsewhere: bool = False
    look_again: bool = False
    costs: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Answers:
    """Replies of one pass by probe; `partial` says of which of them some objects are missing, and why, `emptied` that
    those of the statements were read after a full reset and before any other removal."""

    moment: Moment
    series: Mapping[str, Series]
    replies: Mapping[str, Reply]
    partial: Mapping[str, str]
    emptied: bool = False
    events: dict[str, list[Event]] = field(default_factory=dict)


class Passes:
    """Runs passes for one target."""

    def __init__(self, tools: Tools, telling: Telling) -> None:
        self._station = tools.station
        self._telling = telling
        self._clock = tools.clock
        self._heart = tools.heart
        self._sees_all: bool | None = None
        self._logging: str | None = None

    async def run(self, session: Session, names: Sequence[str], place: int = SERVER) -> Passed:
        """Ask these probes at a place: the session's database."""
        pulse = await self._heart.beat(session)
        if isinstance(pulse, Failure):
            now = self._clock.now()
            return Passed(now, self.bare(names, now, Outcome.SKIPPED, words_of(pulse)), failure=pulse)
        if pulse.locked is not None:
            reason = f"{pulse.locked} is locked"
            return Passed(pulse.ts, self.bare(names, pulse.ts, Outcome.SKIPPED, reason), locked=pulse.locked)
        if not self._station.is_ours(pulse.started_at):
            return self._elsewhere(names, pulse.ts)
        quiet = pulse.logging != self._logging
        sight = place == SERVER and self._sight_changed(pulse)
        if sight and not pulse.sees_all:
            # Those of our own role alone would be kept as if they were all there are.
            names = [name for name in names if name not in self._station.paired()]
        answers = await self._ask(session, names, place, pulse, quiet=quiet)
        if not self._station.is_ours(pulse.started_at):  # found out meanwhile, on another connection
            return self._elsewhere(names, pulse.ts)
        if place == SERVER:
            self._watch_removals(answers)
        batches = self._taken_in(answers, place)
        again = [self._note(name, reply, pulse.steady, place) for name, reply in answers.replies.items()]
        promoted = any(event.kind == "failover" for batch in batches for event in batch.events)
        again_soon = (quiet and place == SERVER) or sight or promoted or any(again)
        return Passed(pulse.ts, batches, look_again=again_soon, costs=self._costs(answers.replies))

    def limits_chosen(self, pulse: Pulse) -> None:
        """The limits that keep fingerprints out of the log hold for what is logged at this pulse: where something else
        is logged, by now or in another database, none are sent."""
        self._logging = pulse.logging

    def now(self) -> int:
        """The server's time, microseconds."""
        return self._clock.now()

    def bare(self, names: Sequence[str], ts: int, outcome: Outcome, reason: str) -> tuple[Batch, ...]:
        """Batches of probes that were not asked, for one reason."""
        binder = Binder(self._station, ts)
        return tuple(binder.bare(name, outcome, reason) for name in names)

    def invisible(self) -> tuple[Batch, ...]:
        """Batches that say which probes cannot be seen, and why."""
        binder = Binder(self._station, self._clock.now())
        found = self._station.invisible
        kept = [name for name in found if self._station.catalog.probes[name].kept]
        return tuple(binder.bare(name, Outcome.INVISIBLE, found[name].reason) for name in kept)

    def _elsewhere(self, names: Sequence[str], ts: int) -> Passed:
        """A pass at another server, or at one that restarted: its numbers are no difference to those before."""
        self._station.elsewhere = True
        return Passed(ts, self.bare(names, ts, Outcome.SKIPPED, ELSEWHERE), elsewhere=True)

    def _sight_changed(self, pulse: Pulse) -> bool:
        """Whether we see the statements of more, or fewer, roles than at the reading before."""
        before, self._sees_all = self._sees_all, pulse.sees_all
        if before is None:
            capabilities = self._station.known().capabilities
            before = capabilities.is_superuser or _SEES_ALL in capabilities.roles
        if before == pulse.sees_all:
            return False
        self._station.forget_statements()
        return True

    async def _ask(self, session: Session, names: Sequence[str], place: int, pulse: Pulse, *, quiet: bool) -> _Answers:
        # Taken now: while a visit waits for replies, another look at the server may change what can be asked.
        series = {name: self._station.series(name, place) for name in names if name in self._station.queries}
        by_keys = [name for name in series if series[name].query.takes is Takes.KEYS]
        others = [name for name in series if name not in by_keys]
        limits = {name: self._station.limit(name) for name in others}
        capabilities = self._station.known().capabilities
        found = await objects_for(session, [series[name].query for name in others], capabilities)
        requests: list[Request] = []
        for name in others:
            asked = (series[name].query, capabilities, limits[name], series[name].parameters(pulse.steady, quiet=quiet))
            objects = found.get(name)
            if objects is None:
                requests.append(request_for(*asked))
            elif not isinstance(objects, Failure):
                requests += [request_for(*asked, each) for each in objects.names]
        replies, partial = merged(await session.run(requests, deadline=PASS_DEADLINE))
        for name, objects in found.items():
            if isinstance(objects, Failure):
                replies[name] = objects
            elif not objects.names:
                replies[name] = Rows(name, series[name].layout.names, [], 0.0)
            elif objects.left_out is not None:
                partial[name] = "; ".join(filter(None, (objects.left_out, partial.get(name))))
        emptied = await self._after_reset(session, series, replies, pulse)
        replies |= await self._telling.ask(session, by_keys, replies, pulse.steady)
        return _Answers(Moment(pulse.ts, self._clock.now(), pulse.steady), series, replies, partial, emptied)

    async def _after_reset(
        self, session: Session, series: Mapping[str, Series], replies: dict[str, Reply], pulse: Pulse
    ) -> bool:
        """Where all statements were reset since the pass before and do not tell since when they count, read all of them
        again: those that came back to the numbers they had look unchanged, and nobody knows which of `replies` were
        read before the reset. Returns whether what replaced those was read after it, and nothing was removed since."""
        match [series[name] for name in self._station.paired() if name in series]:
            case [statements, info] if statements.layout.born is None:
                pass
            case _:
                return False
        informed = replies.get(info.query.probe.name)
        if not isinstance(informed, Rows) or not informed.rows:
            return False
        if not self._station.removals.emptied(info.layout, informed.rows[0]):
            return False
        capabilities = self._station.known().capabilities
        requests = []
        for each in (statements, info):
            limit = self._station.limit(each.query.probe.name)
            requests.append(request_for(each.query, capabilities, limit, each.parameters(pulse.steady, quiet=True)))
        for reply in await session.run(requests, deadline=PASS_DEADLINE):
            spent = replies[reply.name].elapsed_ms + reply.elapsed_ms
            replies[reply.name] = replace(reply, elapsed_ms=spent)
        again = replies[info.query.probe.name]
        return isinstance(again, Rows) and again.rows == informed.rows

    def _watch_removals(self, answers: _Answers) -> None:
        """What took entries out of pg_stat_statements, before its rows are taken in."""
        station, removals, replies = self._station, self._station.removals, answers.replies
        statements, info = station.statements(), station.info()
        if statements is None:
            return
        counted = replies.get(statements.query.probe.name)
        informed = None if info is None else replies.get(info.query.probe.name)
        for name, reply in replies.items():
            if answers.series[name].query.takes is Takes.KEYS and isinstance(reply, Rows):
                removals.learn({row[0]: row[1] for row in reply.rows if len(row) > 1})
        if isinstance(counted, Rows):
            removals.watch(statements.tracker, counted.names, counted.rows)
        if info is not None and isinstance(informed, Rows) and informed.rows:
            answers.events[informed.name] = removals.inform(info.layout, informed.rows[0], answers.moment.ts)
        if isinstance(counted, Rows) and (moved := removals.take()) is not None:
            statements.announce(moved, emptied=answers.emptied)
        if isinstance(counted, Rows) and isinstance(informed, Rows):
            removals.settled(answers.moment.ts)

    def _taken_in(self, answers: _Answers, place: int) -> tuple[Batch, ...]:
        binder = Binder(self._station, answers.moment.ts, place)
        batches = [self._taken(binder, name, reply, answers) for name, reply in answers.replies.items()]
        if batches:
            batches[0] = replace(batches[0], events=(*self._station.events(), *batches[0].events))
        return tuple(batches)

    def _taken(self, binder: Binder, name: str, reply: Reply, answers: _Answers) -> Batch:
        if isinstance(reply, Failure):
            return binder.failed(name, reply)
        series = answers.series[name]
        try:
            brought = series.absorb(reply, answers.moment, partial=name in answers.partial)
        except PgvigilError as error:
            return binder.bare(name, Outcome.FAILED, str(error))
        self._station.signal(series.query.probe, brought.names, reply.rows)
        batch = binder.filled(name, brought, reply.elapsed_ms, answers.events.get(name, ()))
        return replace(batch, reason=answers.partial.get(name))

    def _note(self, name: str, reply: Reply, steady: float, place: int) -> bool:
        """Remember how a probe fared; True where that calls for another look at what the server is."""
        if isinstance(reply, Failure):
            return self._station.memory.failed(name, reply, words_of(reply), steady, place)
        self._station.memory.worked(name, place)
        return False

    def _costs(self, replies: Mapping[str, Reply]) -> dict[str, float]:
        """Milliseconds by probe. The first reply of a run waited for the round trip as well."""
        waited = self._heart.round_trip_ms
        costs = {}
        for name, reply in replies.items():
            if isinstance(reply, Rows):
                costs[name] = max(0.0, reply.elapsed_ms - waited)
            waited = 0.0
        return costs
