"""The application over a store that nobody fills: what a measurement of the page and its API asks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi import FastAPI

from pgvigil.catalog.panels import load_panels
from pgvigil.catalog.rules import load_rules
from pgvigil.catalog.types import Catalog
from pgvigil.catalog.waits import load_waits
from pgvigil.collect.glances import Glance
from pgvigil.collect.live import LiveEvent
from pgvigil.collect.logcost import LogCost
from pgvigil.collect.stretched import Stretch
from pgvigil.model import Capabilities, Condition, Invisible, Secret, Target, TargetState
from pgvigil.serve.app import create_app
from pgvigil.serve.watch import Watch
from pgvigil.store import Store

TARGET = "load-r"


@dataclass(frozen=True, slots=True)
class Absent:
    """Stands for the collector of the simulated server: nobody watches it now."""

    target: Target
    state: TargetState
    capabilities: Capabilities | None = None
    invisible: tuple[Invisible, ...] = ()
    log_cost: LogCost | None = None
    stretched: tuple[Stretch, ...] = ()

    def hidden(self, probe: str) -> Invisible | None:
        """Nothing is."""

    async def glance(self) -> Glance:
        """Never."""
        raise TimeoutError

    async def subscribe(self) -> AsyncIterator[LiveEvent]:
        """Nothing."""
        nothing: tuple[LiveEvent, ...] = ()
        for event in nothing:
            yield event


def standing_app(store: Store, catalog: Catalog, end: int) -> FastAPI:
    """The API and the page over the store of TARGET, at the moment `end` of its clock, in microseconds."""
    watcher = Absent(Target(1, TARGET, Secret(""), 2.0), TargetState(Condition.WATCHING, end))
    found = (load_rules(catalog), load_panels(catalog), load_waits())
    watch = Watch(store, catalog, *found, {TARGET: watcher}, lambda: end, "bench")
    return create_app(watch, "bench")
