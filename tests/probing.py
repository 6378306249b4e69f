"""Reading the catalog's probes from a real server, the way the collector does: through `pg`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pgvigil.catalog import Catalog, Query, choose
from pgvigil.model import Capabilities, Invisible, Secret, Target, Value
from pgvigil.pg import (
    FailureKind,
    Parameter,
    Reply,
    Request,
    Rows,
    Session,
    compose,
    connect,
    find_capabilities,
    int8_array,
    wrap_changed,
)

Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Prober:
    """A session with one database of a server, and what that server lets it see."""

    session: Session
    catalog: Catalog
    capabilities: Capabilities

    def query(self, name: str) -> Query:
        """What was chosen for this server; fails where the probe is not visible."""
        chosen = choose(self.catalog.probes[name], self.capabilities)
        assert isinstance(chosen, Query), chosen
        return chosen

    def sql(self, name: str, object_name: str | None = None) -> str:
        """What is sent for a probe, its fingerprints included."""
        query = self.query(name)
        text = compose(query, self.capabilities, object_name)
        return wrap_changed(text, query.probe.key, query.changed_by, query.columns) if query.changed_by else text

    async def reply(self, name: str, known: Sequence[int] = (), object_name: str | None = None) -> Reply:
        """One reading; `known` are fingerprints or, for a dimension that takes them, keys."""
        query = self.query(name)
        takes = bool(query.changed_by) or query.takes == "keys"
        parameters: tuple[Parameter, ...] = (int8_array(list(known)),) if takes else ()
        request = Request(name, self.sql(name, object_name), parameters, 10_000, query.zeros)
        (reply,) = await self.session.run([request], deadline=20)
        return reply

    async def rows(self, name: str, known: Sequence[int] = (), object_name: str | None = None) -> list[Row]:
        """The rows of one reading by column, `pgvigil_fingerprint` included where there is one; of all objects, where
        it is asked for each."""
        probe = self.catalog.probes[name]
        if probe.for_each is not None and object_name is None:
            return [row for each in await self.objects(name) for row in await self.rows(name, known, each)]
        reply = await self.reply(name, known, object_name)
        for _ in range(4):
            if isinstance(reply, Rows) or reply.kind is not FailureKind.LOCK:
                break
            await asyncio.sleep(0.2)  # autovacuum may hold a lock on a catalog for a moment
            reply = await self.reply(name, known, object_name)
        assert isinstance(reply, Rows), (name, reply.kind, reply.message)
        return [dict(zip(reply.names, row, strict=True)) for row in reply.rows]

    async def objects(self, name: str) -> list[str]:
        """The objects for each of which a probe is asked."""
        text = self.catalog.probes[name].queries[self.catalog.probes[name].for_each or ""]
        (reply,) = await self.session.run([Request(name, text, (), 10_000)], deadline=20)
        assert isinstance(reply, Rows), (name, reply.kind, reply.message)
        return [str(each) for (each,) in reply.rows]

    def invisible(self) -> dict[str, Invisible]:
        """The probes that this server does not show."""
        chosen = {name: choose(probe, self.capabilities) for name, probe in self.catalog.probes.items()}
        return {name: each for name, each in chosen.items() if isinstance(each, Invisible)}


@asynccontextmanager
async def probing(dsn: str, catalog: Catalog, **options: Any) -> AsyncIterator[Prober]:
    """A prober of the database that the DSN names."""
    session = await connect(Target(1, "tested", Secret(dsn)), timeout=20, **options)
    try:
        yield Prober(
            session,
            catalog,
            await find_capabilities(session, catalog.relations, catalog.settings, catalog.tables, deadline=20),
        )
    finally:
        session.close()
