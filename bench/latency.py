"""How long the API takes over a month of load R, asked in process through its routes, idle and while ingesting."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from bench.figures import median, percentile
from bench.plan import Plan
from bench.posts import posts
from bench.promises import OF
from bench.section import Result
from bench.simulate import Passes
from bench.standing import TARGET, standing_app
from bench.table import Row, at_most
from pgvigil import catalog
from pgvigil.catalog.panels import load_panels
from pgvigil.catalog.types import Catalog
from pgvigil.store import Store

SECOND = 1_000_000
LIMIT = 150.0
SPANS = {"1 h": 3_600, "6 h": 21_600, "1 d": 86_400, "3 d": 259_200, "7 d": 604_800, "30 d": 2_592_000}
ROUTES = (
    "vitals",
    "statements?limit=25",
    "statements?sort=calls_per_s&limit=500",
    "statements/groups",
    "events",
)
PROMISES = OF["month"]

Asked = dict[str, list[float]]
"""Milliseconds of every request, by its kind."""


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


def measure(store: Store, found: Catalog, passes: Passes, end: int, plan: Plan) -> Result:
    """Rows for both, and a line for each kind of request."""
    app = standing_app(store, found, end)
    turns = 5 if plan.quick else 20

    async def ask() -> Asked:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await ask_all(client, end, plan, turns)

    ingest = Ingest(store, passes, end)
    idle = asyncio.run(ask())
    thread = threading.Thread(target=ingest.run, name="ingest", daemon=True)
    thread.start()
    busy = asyncio.run(ask())
    ingest.stopping.set()
    thread.join()
    spans = f"1 h to {plan.filled[-1] // 24} days"
    rows = [
        _row("latency", plan, idle, f"{turns} of each of {len(idle)} requests: {spans}"),
        _row("latency_ingesting", plan, busy, f"the same, {ingest.appended} passes appended meanwhile, one a second"),
    ]
    return Result(rows, ["Requests over the month, slowest first:", *lines(busy, idle)])


async def ask_all(client: httpx.AsyncClient, now: int, plan: Plan, turns: int) -> Asked:
    """Everything that the page asks, over spans up to all of the month that is filled, one after the other."""
    drawn = [f"panels/{name}" for name, panel in load_panels(catalog.load()).items() if panel.asked is not None]
    longest = plan.filled[-1] * 3_600
    took: Asked = {}
    for _ in range(turns):
        for title, seconds in SPANS.items():
            if seconds > longest:
                continue
            until = now / SECOND
            span = f"from={until - seconds}&to={until}"
            for route in (*ROUTES, *drawn):
                await _time(client, took, f"{route} over {title}", f"/targets/{TARGET}/{route}", span)
            await _time(client, took, f"fleet over {title}", "/fleet", span)
        await _time(client, took, "verdict", f"/targets/{TARGET}/verdict", f"at={now / SECOND}")
        await _time(client, took, "targets", "/targets", "")
    return took


async def _time(client: httpx.AsyncClient, took: Asked, kind: str, route: str, parameters: str) -> None:
    mark = "&" if "?" in route else "?"
    began = time.perf_counter()
    answer = await client.get(f"/api/v1{route}{mark}{parameters}")
    took.setdefault(kind, []).append(1e3 * (time.perf_counter() - began))
    answer.raise_for_status()


def slowest(asked: Asked) -> list[str]:
    """The kinds of request, the one with the highest 95th percentile first."""
    return sorted(asked, key=lambda kind: -percentile(asked[kind], 95))


def lines(asked: Asked, idle: Asked | None = None) -> list[str]:
    """A line for each kind, the slowest first."""
    return [
        f"{kind}: {f'idle {_of(idle[kind])}, ingesting ' if idle else ''}{_of(asked[kind])}" for kind in slowest(asked)
    ]


def _of(took: Sequence[float]) -> str:
    return f"p50 {median(took):.0f} p95 {percentile(took, 95):.0f} ms"


def _row(key: str, plan: Plan, took: Asked, how: str) -> Row:
    every = [value for values in took.values() for value in values]
    worst = slowest(took)[0]
    of_worst = percentile(took[worst], 95)
    return Row(
        key,
        *PROMISES[key],
        f"{percentile(every, 95):.0f} ms over all; slowest kind {of_worst:.0f} ms ({worst})",
        f"in process through the routes, {how}; held against the slowest kind",
        at_most(of_worst, LIMIT, quick=plan.quick),
    )
