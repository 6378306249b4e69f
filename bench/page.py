"""What a reader of the page waits for: over a month of load R, in Chromium; and what a tab takes that stays open."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect

from bench.chromium import LINE, find_chromium, launched
from bench.figures import median, percentile, spread
from bench.latency import Asked, ask_all, lines, slowest
from bench.load import BenchError, load_on, watched_server
from bench.monitor import monitor
from bench.month import END, FILE, KEY
from bench.plan import Plan
from bench.promises import OF
from bench.section import Result
from bench.served import served
from bench.table import Row, at_most, left_out
from pgvigil.sandbox.roles import MONITOR

PROMISES = OF["page"]
TURNS = 9
STATEMENTS = 5_000
LONG_TASK = 50.0
"""Milliseconds from which on the browser tells of a task."""

SETTLED = 90.0
"""Seconds after which an open tab has all it keeps: the stream's five minutes of samples come on top, and are small."""

WIDE = ViewportSize(width=1440, height=1000)

WATCH_TASKS = """window.tasks = [];
new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({type: "longtask", buffered: true});"""

LONG = """() => setTimeout(() => {
  const end = performance.now() + 120;
  while (performance.now() < end);
}, 10)"""
"""A task that the browser has to tell of; it tells of none that it is made to do from outside."""

CHANGE = """(title) => new Promise((done) => {
  const began = performance.now();
  const presets = [...document.querySelectorAll("[aria-label='Time range'] button")];
  presets.find((one) => one.textContent.trim() === title).click();
  const drawn = () => requestAnimationFrame(() => done(performance.now() - began));
  const look = () => (document.querySelector("main [aria-busy=true]") ? requestAnimationFrame(look) : drawn());
  requestAnimationFrame(() => requestAnimationFrame(look));
})"""


@dataclass(frozen=True, slots=True)
class Scrolled:
    """The list: how many rows it had, and the tasks over LONG_TASK that sorting, filtering and scrolling took, in
    milliseconds."""

    rows: int
    tasks: Sequence[float]


def run(plan: Plan) -> Result:
    """All rows."""
    if plan.quick:
        return Result([left_out(key, *words, "by the quick bench") for key, words in PROMISES.items()])
    if not (plan.work / FILE).is_file():
        raise BenchError("the page is measured over the month: run both, with --only month,page")
    with served(f"duckdb://{plan.work / FILE}", KEY, END) as url:
        with browser() as chromium:
            paints, drawn = _paints(chromium, url)
            changes = _changes(chromium, url)
            scrolled = _scroll(chromium, url)
        requests = _saturated(url, plan)
    heap = _live(plan)
    rows = [*_drawing(paints, changes, scrolled), _saturated_row(requests), _heap_row(heap)]
    return Result(rows, _notes(drawn, requests))


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    found = find_chromium()
    if found is None:
        raise BenchError(f"there is no Chromium here; get it with: {LINE}")
    with launched(found) as chromium:
        yield chromium


@contextmanager
def _tab(chromium: Browser) -> Iterator[tuple[BrowserContext, Page]]:
    """A tab with an empty cache."""
    context = chromium.new_context(viewport=WIDE)
    context.set_default_timeout(60_000)
    try:
        yield context, context.new_page()
    finally:
        context.close()


def _settle(page: Page) -> None:
    """Until nothing is asked for any more."""
    page.locator("main section.panel").first.wait_for()
    expect(page.locator("main [aria-busy=true]")).to_have_count(0, timeout=60_000)


def _paints(chromium: Browser, url: str) -> tuple[list[float], list[float]]:
    """Milliseconds until the first content is painted, and until every panel in sight has its answer."""
    painted, drawn = [], []
    for _ in range(TURNS):
        with _tab(chromium) as (_, page):
            page.goto(f"{url}overview")
            _settle(page)
            drawn.append(page.evaluate("performance.now()"))
            entry = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            painted.append(page.evaluate(entry))
    return painted, drawn


def _changes(chromium: Browser, url: str) -> list[float]:
    """Milliseconds from the press until the month is drawn."""
    took = []
    with _tab(chromium) as (_, page):
        page.goto(f"{url}overview")
        _settle(page)
        for _ in range(TURNS):
            took.append(page.evaluate(CHANGE, "30 d"))
            page.evaluate(CHANGE, "1 h")
    return took


def _scroll(chromium: Browser, url: str) -> Scrolled:
    """Sort, filter and scroll the list of all statements of the month."""
    with _tab(chromium) as (context, page):
        context.route(re.compile(r"/statements\?.*limit=5000"), _filled)
        page.goto(f"{url}queries?range=30d")
        table = page.get_by_role("table", name="Statements")
        whole = f"[aria-label=Statements][aria-rowcount='{STATEMENTS + 1}']"
        page.locator(whole).wait_for()
        page.evaluate(WATCH_TASKS)
        page.evaluate(LONG)
        page.wait_for_timeout(1000)
        if not page.evaluate("tasks.splice(0).length"):
            raise BenchError("the browser does not tell of a task that takes long")
        for head in ("Calls", "Mean", "Statement", "Share of load"):
            table.get_by_role("button", name=head).first.click()
            page.wait_for_timeout(500)
            page.locator(whole).wait_for()
        box = table.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 200, box["y"] + 300)
        for step in range(120):
            page.mouse.wheel(0, 900 if step < 80 else -1200)
            page.wait_for_timeout(30)
        search = page.get_by_label("Words in the text")
        for word in ("select", "orders", ""):
            search.fill(word)
            page.wait_for_timeout(1500)
        page.locator(whole).wait_for()
        page.wait_for_timeout(500)
        return Scrolled(STATEMENTS, page.evaluate("tasks"))


def _filled(route: Route) -> None:
    """The list with as many rows as a server keeps by default: the last ones come again under other numbers."""
    answer = route.fetch()
    told = answer.json()
    rows = told["rows"]
    if "search=" in route.request.url:
        route.fulfill(response=answer)
        return
    more = [
        {**row, "id": f"{row['id']}~", "queryid": f"9{n:018}"} for n, row in enumerate(rows[: STATEMENTS - len(rows)])
    ]
    whole = {**told, "rows": [*rows, *more], "total": len(rows) + len(more)}
    route.fulfill(response=answer, body=json.dumps(whole))


@contextmanager
def _hogs(seconds: float) -> Iterator[int]:
    """Twice as many busy processes as there are cores, which end by themselves."""
    busy = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    number = 2 * (os.cpu_count() or 1)
    with ExitStack() as stack:
        hogs = [stack.enter_context(subprocess.Popen([sys.executable, "-c", busy])) for _ in range(number)]
        try:
            yield number
        finally:
            for hog in hogs:
                hog.terminate()


def _saturated(url: str, plan: Plan) -> Asked:
    """Every kind of request while all cores are busy with something else."""

    async def ask() -> Asked:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            return await ask_all(client, END, plan, turns=3)

    with _hogs(300.0):
        return asyncio.run(ask())


def _live(plan: Plan) -> list[float]:
    """MB of the heap that are in use once a minute, of a tab on Overview that follows load R."""
    with ExitStack() as stack:
        server = stack.enter_context(watched_server())
        stack.enter_context(load_on(server, plan.seed))
        running = stack.enter_context(monitor(plan.work / "live", [server.dsn(MONITOR)]))
        running.wait_watching()
        # Last of all: as long as a browser is open, this thread is in its event loop.
        context, page = stack.enter_context(_tab(stack.enter_context(browser())))
        page.goto(f"{running.url}/overview")
        _settle(page)
        session = context.new_cdp_session(page)
        page.wait_for_timeout(1000 * SETTLED)
        heaps = [_heap_of(session.send)]
        for _ in range(plan.live_minutes):
            page.wait_for_timeout(60_000)
            heaps.append(_heap_of(session.send))
        return heaps


def _heap_of(send: Callable[[str], dict[str, float]]) -> float:
    send("HeapProfiler.collectGarbage")
    return send("Runtime.getHeapUsage")["usedSize"] / 1e6


def _p95(took: Sequence[float]) -> str:
    return f"{percentile(took, 95):.0f} ms (p95 of {len(took)}, {min(took):.0f} to {max(took):.0f})"


def _drawing(paints: Sequence[float], changes: Sequence[float], scrolled: Scrolled) -> list[Row]:
    longest = max(scrolled.tasks, default=0.0)
    told = f"longest task {longest:.0f} ms" if scrolled.tasks else f"no task over {LONG_TASK:.0f} ms"
    return [
        Row(
            "first_paint",
            *PROMISES["first_paint"],
            _p95(paints),
            "Chromium on the same cores, first contentful paint of Overview, empty cache",
            at_most(percentile(paints, 95), 300.0),
        ),
        Row(
            "range_change",
            *PROMISES["range_change"],
            _p95(changes),
            "from the press to the frame after the last answer is drawn",
            at_most(percentile(changes, 95), 500.0),
        ),
        Row(
            "list",
            *PROMISES["list"],
            told,
            f"{scrolled.rows:,} rows over 30 days: sorted four times, scrolled by 120 turns of the wheel, searched "
            f"twice; {len(scrolled.tasks)} tasks over {LONG_TASK:.0f} ms",
            at_most(longest, 100.0),
        ),
    ]


def _saturated_row(asked: Asked) -> Row:
    every = [value for took in asked.values() for value in took]
    name = slowest(asked)[0]
    return Row(
        "saturated",
        *PROMISES["saturated"],
        f"{percentile(every, 95):.0f} ms; slowest kind {percentile(asked[name], 95):.0f} ms ({name})",
        f"over HTTP, {len(every)} requests of {len(asked)} kinds over 1 h to 30 days, beside twice as many busy "
        "processes as there are cores",
        at_most(percentile(every, 95), 500.0),
    )


def _heap_row(heaps: Sequence[float]) -> Row:
    growth = 100 * (heaps[-1] / heaps[0] - 1)
    return Row(
        "heap",
        *PROMISES["heap"],
        f"{growth:+.0f} % ({heaps[0]:.1f} to {heaps[-1]:.1f} MB, {max(heaps):.1f} at most)",
        f"in use after a collection, Overview of load R followed live for {len(heaps) - 1} min, after {SETTLED:.0f} s",
        at_most(growth, 20.0),
    )


def _notes(drawn: Sequence[float], asked: Asked) -> list[str]:
    return [
        f"Overview is drawn, every panel in sight answered, after {median(drawn):.0f} ms ({spread(drawn, 0)})",
        "Requests beside busy processes, slowest first:",
        *lines(asked)[:8],
    ]
