"""Probes that run in every database: one roaming connection, a database at a time."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from pgvigil.catalog.types import Scope
from pgvigil.collect.asking import Database, load, visited
from pgvigil.collect.binding import words_of
from pgvigil.collect.dialing import Dialer
from pgvigil.collect.passes import Passed, Passes
from pgvigil.collect.station import Station
from pgvigil.model import Condition, Outcome
from pgvigil.pg import ConnectError, Failure, FailureKind, Request, Session

LISTING = "list of databases"
"""What rests where the list has no answer; no probe bears that name."""

_DEADLINE = 2.0
_REMEDIES = {
    FailureKind.PRIVILEGE: "Grant SELECT on pg_database to our role.",
    FailureKind.LOCK: "Look in pg_locks for AccessExclusiveLock on pg_database or another catalog; end who holds it.",
}


class Visits:
    """Goes from database to database."""

    def __init__(self, station: Station, dialer: Dialer, passes: Passes, steady: Callable[[], float]) -> None:
        self._station = station
        self._steady = steady
        self._dialer = dialer
        self._passes = passes
        self._list = Request("databases", load("databases"), (), 500)

    @property
    def names(self) -> list[str]:
        """The probes that need visits."""
        queries = self._station.queries.values()
        return [query.probe.name for query in queries if query.probe.scope is Scope.DATABASE]

    async def round(self, names: Sequence[str]) -> AsyncIterator[Passed]:
        """Visit every database for these probes; each visit is a pass of its own."""
        here = self._station.known().capabilities.database
        try:
            session = await self._dialer()
        except ConnectError as error:
            yield self._refused(names, error.cause, error)
            return
        try:
            databases = await self._databases(session)
            if isinstance(databases, Failure):
                yield self._unlisted(names, databases)
                return
            own = [database for database in databases if database.name == here]
            for database in own:
                if able := self._able(names, database):
                    yield await self._passes.run(session, able, database.oid)
        finally:
            session.close()
        if self._station.known().capabilities.pooled:
            return
        for database in databases:
            if database.name != here and (able := self._able(names, database)):
                yield await self._visit(database, able)

    def _able(self, names: Sequence[str], database: Database) -> list[str]:
        """The probes that do not rest in a database."""
        steady = self._steady()
        return [name for name in names if self._station.memory.resting(name, steady, database.oid) is None]

    async def _visit(self, database: Database, names: Sequence[str]) -> Passed:
        try:
            session = await self._dialer(database.name)
        except ConnectError as error:
            return self._refused(names, f"database {database.name}: {error.cause}", error)
        try:
            return await self._passes.run(session, names, database.oid)
        finally:
            session.close()

    def _refused(self, names: Sequence[str], reason: str, error: ConnectError) -> Passed:
        now = self._passes.now()
        return Passed(now, self._passes.bare(names, now, Outcome.FAILED, reason), refusal=error)

    def _unlisted(self, names: Sequence[str], failure: Failure) -> Passed:
        """Nobody knows which databases there are; asked again as a probe is that failed so (decision 0005)."""
        what, words = "the list of databases has no answer", words_of(failure)
        remedy = _REMEDIES.get(failure.kind, "")
        again = self._station.memory.failed(LISTING, failure, words, self._steady())
        # Its words may name a role or a table.
        logged = f"{what} ({failure.kind}), told on the page."
        error = ConnectError(Condition.LIMITED, f"{what} ({words}).", remedy, logged=logged)
        return replace(self._refused(names, f"{what} ({words})", error), look_again=again)

    async def _databases(self, session: Session) -> list[Database] | Failure:
        (reply,) = await session.run([self._list], deadline=_DEADLINE)
        if isinstance(reply, Failure):
            return reply
        self._station.memory.worked(LISTING)
        found = visited(reply)
        self._station.databases = max(1, len(found))
        self._station.memory.leave({database.oid for database in found})
        if all(isinstance(started_at, int) and self._station.is_ours(started_at) for *_, started_at in reply.rows):
            # Those that may not be visited may be so again, and go on from where they were.
            self._station.leave({oid for oid, *_ in reply.rows if isinstance(oid, int)})
        return found
