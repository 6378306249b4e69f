"""How long the API takes over a month of load R, asked in process through its routes, idle and while ingesting."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from bench.figures import median, percentile
from bench.plan import Plan
from bench.posts import posts
from bench.promises import OF
from bench.section import Result
from bench.simulate import Passes
from bench.table import Row, at_most
from pgvigil.catalog.panels import load_panels
from pgvigil.catalog.rules import load_rules
from pgvigil.catalog.types import Catalog
from pgvigil.collect.live import LiveEvent
from pgvigil.collect.logcost import LogCost
from pgvigil.collect.stretched import Stretch
from pgvigil.model import Capabilities, Condition, Invisible, Secret, Target, TargetState
from pgvigil.serve.app import create_app
from pgvigil.serve.watch import Watch
from pgvigil.store import Store

SECOND = 1_000_000
LIMIT = 150.0
SPANS = {"1 h": 3_600, "6 h": 21_600, "1 d": 86_400, "3 d": 259_200, "7 d": 604_800, "30 d": 2_592_000}
ROUTES = ("vitals", "statements?limit=25", "statements?sort=calls_per_s&limit=500", "events")
PROMISES = OF["month"]


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

    async def subscribe(self) -> AsyncIterator[LiveEvent]:
        """Nothing."""
        nothing: tuple[LiveEvent, ...] = ()
        for event in nothing:
            yield event


@dataclass(slots=True)
class Ingest:
    """A collector's passes going on while questions are asked: one a second, ten times as many as load R has."""

    store: Store
    passes: Passes
    start: int
    appended: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Append until told to stop."""
        for ts, batches in self.passes.of(self.start, 100_000, first=1_000_000):
            for post in posts(batches, self.store.layout.probes):
                self.store.append(post)
            self.appended += 1
            self.store.maintain(ts)
            if self.stopping.wait(1.0):
                return


def measure(store: Store, catalog: Catalog, passes: Passes, end: int, plan: Plan) -> Result:
    """Rows for both, and a line for each kind of request."""
    target = Target(1, "load-r", Secret(""), 2.0)
    watcher = Absent(target, TargetState(Condition.WATCHING, end))
    panels = load_panels(catalog)
    watch = Watch(store, catalog, load_rules(catalog), panels, {"load-r": watcher}, lambda: end, "bench")
    app = create_app(watch, "bench")
    routes = (*ROUTES, *(f"panels/{name}" for name, panel in panels.items() if panel.drawing is not None))
    longest = plan.filled[-1] * 3_600
    spans = {title: seconds for title, seconds in SPANS.items() if seconds <= longest}
    turns = 5 if plan.quick else 20
    ingest = Ingest(store, passes, end)
    idle = asyncio.run(_ask_all(app, routes, end, spans, turns))
    thread = threading.Thread(target=ingest.run, name="ingest", daemon=True)
    thread.start()
    busy = asyncio.run(_ask_all(app, routes, end, spans, turns))
    ingest.stopping.set()
    thread.join()
    rows = [
        _row("latency", plan, idle, f"{turns} of each of {len(idle)} requests: 1 h to {longest // 86_400} days"),
        _row("latency_ingesting", plan, busy, f"the same, {ingest.appended} passes appended meanwhile, one a second"),
    ]
    slowest = sorted(busy, key=lambda name: -percentile(busy[name], 95))
    notes = [
        f"{name}: idle p50 {median(idle[name]):.0f} p95 {percentile(idle[name], 95):.0f} ms, "
        f"ingesting p50 {median(busy[name]):.0f} p95 {percentile(busy[name], 95):.0f} ms"
        for name in slowest
    ]
    return Result(rows, ["Requests over the month, slowest first:", *notes])


async def _ask_all(
    app: FastAPI, routes: Sequence[str], now: int, spans: Mapping[str, int], turns: int
) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        for _ in range(turns):
            for title, seconds in spans.items():
                for route in routes:
                    took.setdefault(f"{route} over {title}", []).append(await _ask(client, route, now, seconds))
            took.setdefault("targets", []).append(await _get(client, "/api/v1/targets"))
    return took


async def _ask(client: httpx.AsyncClient, route: str, now: int, seconds: int) -> float:
    until = now / SECOND
    mark = "&" if "?" in route else "?"
    return await _get(client, f"/api/v1/targets/load-r/{route}{mark}from={until - seconds}&to={until}")


async def _get(client: httpx.AsyncClient, path: str) -> float:
    began = time.perf_counter()
    answer = await client.get(path)
    took = 1e3 * (time.perf_counter() - began)
    answer.raise_for_status()
    return took


def _row(key: str, plan: Plan, took: Mapping[str, Sequence[float]], how: str) -> Row:
    every = [value for values in took.values() for value in values]
    worst = max(took, key=lambda name: percentile(took[name], 95))
    of_worst = percentile(took[worst], 95)
    return Row(
        key,
        *PROMISES[key],
        f"{percentile(every, 95):.0f} ms over all; slowest kind {of_worst:.0f} ms ({worst})",
        f"in process through the routes, {how}; held against the slowest kind",
        at_most(of_worst, LIMIT, quick=plan.quick),
    )
