"""Load R, watched: one run that gives server CPU, bytes, connections, and what our own process takes."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg

from bench import cpu
from bench.cpu import Backends, Spent
from bench.figures import median, spread
from bench.load import load_on, watched_server
from bench.monitor import Monitor, monitor
from bench.plan import Plan
from bench.promises import OF
from bench.reader import Reader
from bench.section import Result
from bench.sessions import Sessions
from bench.sql import text
from bench.table import Row, at_most, not_measured
from pgvigil.sandbox.proxy import Proxy
from pgvigil.sandbox.roles import MONITOR
from pgvigil.sandbox.server import Server

STORE = "reference"
"""Below the plan's work directory: the store that this run leaves for the simulated month."""

PARTS = {"samples": "the samples", "passes": "the passes", "visits": "the visits of databases"}
PROMISES = OF["reference"]


@dataclass(frozen=True, slots=True)
class Look:
    """All counters at one moment."""

    at: float
    spent: Spent
    sent: int
    received: int
    process: float
    statements: Mapping[int, tuple[str, int, float]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A whole run: a look at the beginning and after every window."""

    looks: Sequence[Look]
    parts: Mapping[int, str]
    most_backends: int
    most_sessions: int
    session_looks: int
    rss: Sequence[float]
    peak: float
    age: float
    reader: Reader

    @property
    def windows(self) -> list[tuple[Look, Look]]:
        """Neighbouring looks."""
        return list(zip(self.looks, self.looks[1:], strict=False))

    def share(self, part: str | None = None) -> list[float]:
        """Percent of a core that the server spent on us in each window, on one part or all."""
        return [
            100.0
            * sum(cpu for pid, cpu in after.spent.since(before.spent).items() if part in {None, self._part(pid)})
            / (after.at - before.at)
            for before, after in self.windows
        ]

    def rates(self, name: str) -> list[float]:
        """Units a second of one counter in each window."""
        return [
            (getattr(after, name) - getattr(before, name)) / (after.at - before.at) for before, after in self.windows
        ]

    def _part(self, pid: int) -> str:
        return "visits" if pid == 0 else self.parts.get(pid, "visits")


def run(plan: Plan) -> Result:
    """Every row of load R."""
    if reason := cpu.supported():
        return Result([not_measured(key, *words, reason) for key, words in PROMISES.items()])
    seen = _watch(plan)
    return Result([*_server_rows(seen, plan), *_own_rows(seen, plan)], _profile(seen))


def record(plan: Plan) -> None:
    """Only leave a store with some passes of load R."""
    with ExitStack() as stack:
        server = stack.enter_context(watched_server())
        stack.enter_context(load_on(server, plan.seed))
        stack.enter_context(monitor(plan.work / STORE, [server.dsn(MONITOR)])).wait_watching()
        time.sleep(plan.warm / 2 + plan.window * 2)


def _watch(plan: Plan) -> Seen:
    with ExitStack() as stack:
        server = stack.enter_context(watched_server())
        hop = stack.enter_context(Proxy(server.port))
        orders = stack.enter_context(load_on(server, plan.seed))
        backends = stack.enter_context(Backends(server.pid, MONITOR))
        began = time.monotonic()
        running = stack.enter_context(monitor(plan.work / STORE, [server.dsn(MONITOR, port=hop.port)]))
        (name,) = running.wait_watching()
        reader = stack.enter_context(Reader(running.url, name))
        sessions = stack.enter_context(Sessions(server.dsn(), MONITOR))
        if not plan.quick:
            orders.call_all()
        time.sleep(plan.warm)
        looks, rss = [_look(server, hop, backends, running)], []
        for _ in range(plan.windows):
            time.sleep(plan.window)
            looks.append(_look(server, hop, backends, running))
            rss.append(cpu.rss(running.pid))
        return Seen(
            looks, sessions.parts(), backends.most, sessions.most, sessions.looks, rss, cpu.peak_rss(running.pid),
            time.monotonic() - began, reader,
        )  # fmt: skip


def _look(server: Server, hop: Proxy, backends: Backends, running: Monitor) -> Look:
    with psycopg.connect(server.dsn(), application_name="bench") as conn:
        rows = conn.execute(text("own_statements").encode(), {"role": MONITOR}).fetchall()
    spent = backends.spent()
    statements = {row[0]: (row[1], row[2], row[3]) for row in rows}
    return Look(spent.at, spent, hop.sent, hop.received, cpu.process_cpu(running.pid), statements)


def _server_rows(seen: Seen, plan: Plan) -> list[Row]:
    share = seen.share()
    parts = ", ".join(f"{title} {median(seen.share(part)):.3f}" for part, title in PARTS.items())
    wholly = f"windows of {plan.window:.0f} s after {plan.warm:.0f} s"
    texts = "; with texts of new statements" if plan.quick else ""
    received, sent = ([rate / 1e3 for rate in seen.rates(name)] for name in ("received", "sent"))
    most = max(seen.most_backends, seen.most_sessions)
    return [
        Row(
            "server_cpu",
            *PROMISES["server_cpu"],
            f"{median(share):.3f} % ({parts})",
            f"schedstat of our backends, {spread(share)} {wholly}{texts}",
            at_most(median(share), 0.25, quick=plan.quick),
        ),
        Row(
            "bytes_received",
            *PROMISES["bytes_received"],
            f"{median(received):.1f} KB/s",
            f"counting proxy, no TLS, {spread(received, 1)} {wholly}{texts}",
            at_most(median(received), 20.0, quick=plan.quick),
        ),
        Row(
            "bytes_sent",
            *PROMISES["bytes_sent"],
            f"{median(sent):.1f} KB/s",
            f"counting proxy, no TLS, {spread(sent, 1)}",
            at_most(median(sent), 8.0, quick=plan.quick),
        ),
        Row(
            "connections",
            *PROMISES["connections"],
            f"{most} at most",
            f"{seen.session_looks} looks at pg_stat_activity ({seen.most_sessions}), process titles every 5 ms "
            f"({seen.most_backends}), {seen.age:.0f} s",
            at_most(most, 3, quick=plan.quick),
        ),
    ]


def _own_rows(seen: Seen, plan: Plan) -> list[Row]:
    own = [100.0 * rate for rate in seen.rates("process")]
    reader = seen.reader
    page = f"page open: {reader.samples} samples, {reader.requests} requests, {reader.failures} failed"
    return [
        Row(
            "process_cpu",
            *PROMISES["process_cpu"],
            f"{median(own):.2f} %",
            f"/proc/<pid>/stat, {spread(own, 2)}; {page}",
            at_most(median(own), 2.0, quick=plan.quick),
        ),
        Row(
            "process_memory",
            *PROMISES["process_memory"],
            f"{max(seen.rss):.0f} MB (peak {seen.peak:.0f})",
            f"/proc/<pid>/status, highest of {len(seen.rss)} looks up to {seen.age:.0f} s after the start",
            at_most(max(seen.rss), 220.0, quick=plan.quick),
        ),
    ]


def _profile(seen: Seen) -> list[str]:
    first, last = seen.looks[0], seen.looks[-1]
    seconds = last.at - first.at
    costs = []
    for queryid, (query, calls, ms) in last.statements.items():
        before = first.statements.get(queryid, ("", 0, 0.0))
        costs.append((ms - before[2], calls - before[1], query))
    slowed = [calls for _, calls, query in costs if '"total_exec_time"' in query]
    read = f"Statements were read {max(slowed, default=0)} times in {seconds:.0f} s; every 10 s if not stretched"
    lines = [
        f"{ms / seconds / 10:.4f} % of a core executing, {calls} runs, {ms / max(calls, 1):.2f} ms each: {query}"
        for ms, calls, query in sorted(costs, reverse=True)[:8]
        if calls
    ]
    return [read, "Our statements on load R by execution time (pg_stat_statements, wall clock):", *lines]
