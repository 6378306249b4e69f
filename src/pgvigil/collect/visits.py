"""Probes that run in every database: one roaming connection, a database at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pgvigil.catalog.types import Scope
from pgvigil.collect.asking import load
from pgvigil.collect.dialing import Dialer
from pgvigil.collect.passes import Passed, Passes
from pgvigil.collect.station import Station
from pgvigil.model import Outcome
from pgvigil.pg import ConnectError, Request, Rows, Session

_DEADLINE = 2.0


@dataclass(frozen=True, slots=True)
class Database:
    """A database that may be visited."""

    oid: int
    name: str


class Visits:
    """Goes from database to database."""

    def __init__(self, station: Station, dialer: Dialer, passes: Passes) -> None:
        self._station = station
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
            own = [database for database in databases if database.name == here]
            for database in own:
                yield await self._passes.run(session, names, database.oid)
        finally:
            session.close()
        if self._station.known().capabilities.pooled:
            return
        for database in databases:
            if database.name != here:
                yield await self._visit(database, names)

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

    async def _databases(self, session: Session) -> list[Database]:
        (reply,) = await session.run([self._list], deadline=_DEADLINE)
        rows = reply.rows if isinstance(reply, Rows) else []
        found = [Database(oid, str(name)) for oid, name in rows if isinstance(oid, int)]
        self._station.databases = max(1, len(found))
        return found
