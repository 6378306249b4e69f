"""The peer beside us: postgres_exporter with own queries for 500 statements every 10 s, scraped by Prometheus.

On PostgreSQL 15, the last major that Debian's exporter works on, with pgvigil on the same server at the same time;
each through a counting proxy and with a role of its own.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench import cpu, samples
from bench.cpu import Backends
from bench.load import load_on, watched_server
from bench.monitor import monitor
from bench.plan import Plan
from bench.programs import program, running
from bench.promises import OF
from bench.section import Result
from bench.sql import text
from bench.table import Row, Verdict, left_out, not_measured
from pgvigil.sandbox.ports import HOST, ReservedPort
from pgvigil.sandbox.proxy import Proxy
from pgvigil.sandbox.reference_load import Shape
from pgvigil.sandbox.roles import MONITOR, make_monitor

PROMISES = OF["peer"]
EXPORTER = "exporter"
SHAPE = Shape(tables=60, indexes=120, statements=500, changing=150, sessions=30)
VALUES = (
    "calls", "total_exec_time", "min_exec_time", "max_exec_time", "stddev_exec_time", "rows", "shared_blks_hit",
    "shared_blks_read", "shared_blks_dirtied", "shared_blks_written", "local_blks_hit", "local_blks_read",
    "local_blks_dirtied", "local_blks_written", "temp_blks_read", "temp_blks_written", "blk_read_time",
    "blk_write_time", "wal_records", "wal_fpi", "wal_bytes", "plans", "total_plan_time",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    """What one of the two took: percent of a core of the server, KB/s received from it, MB of its processes."""

    server: float
    received: float
    memory: Sequence[float]


def queries() -> str:
    """The exporter's own queries: every counter of 500 statements, as a gauge or counter each."""
    columns = ", ".join(f"s.{name}" for name in VALUES)
    query = " ".join(text("exporter").format(columns=columns).split())
    labels = [f'    - {name}:\n        usage: "LABEL"\n        description: ""\n' for name in _LABELS]
    values = [f'    - {name}:\n        usage: "COUNTER"\n        description: "{name}"\n' for name in VALUES]
    return f'statements:\n  query: "{query}"\n  metrics:\n' + "".join(labels + values)


_LABELS = ("queryid", "datname", "rolname")


def run(plan: Plan) -> Result:
    """All rows against the peer."""
    if plan.quick:
        return Result([left_out(key, *words, "by the quick bench") for key, words in PROMISES.items()])
    if reason := cpu.supported():
        return Result([not_measured(key, *words, reason) for key, words in PROMISES.items()])
    ours, theirs = _side_by_side(plan)
    kept = samples.compare(plan)
    how = f"{SHAPE.statements} statements, {SHAPE.changing} changing in 10 s, both at once for {plan.watch:.0f} s"
    return Result(
        [
            Row(
                "peer_cpu", *PROMISES["peer_cpu"], f"{ours.server:.3f} % of a core; exporter {theirs.server:.3f} %",
                f"schedstat, {how}; ours with sessions every second", Verdict.NONE,
            ),
            Row(
                "peer_bytes", *PROMISES["peer_bytes"],
                f"{ours.received:.1f} KB/s; exporter {theirs.received:.1f} KB/s",
                "counting proxies", _below(ours.received, theirs.received),
            ),
            Row(
                "peer_memory", *PROMISES["peer_memory"],
                f"{ours.memory[0]:.0f} MB; exporter {theirs.memory[0]:.0f} + Prometheus {theirs.memory[1]:.0f} MB",
                "RSS at the end of the same run", Verdict.NONE,
            ),
            kept,
        ]
    )  # fmt: skip


def _below(ours: float, theirs: float) -> Verdict:
    return Verdict.OK if ours < theirs else Verdict.MISSED


def _side_by_side(plan: Plan) -> tuple[Cost, Cost]:
    directory = plan.work / "peer"
    directory.mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(watched_server(15))
        server.passwords[EXPORTER] = asyncio.run(make_monitor(server.dsn(), EXPORTER))
        stack.enter_context(load_on(server, plan.seed, SHAPE))
        hops = {name: stack.enter_context(Proxy(server.port)) for name in (MONITOR, EXPORTER)}
        looks = {name: stack.enter_context(Backends(server.pid, name)) for name in (MONITOR, EXPORTER)}
        own_queries = directory / "queries.yaml"
        own_queries.write_text(queries())
        port, page = (_port(stack) for _ in range(2))
        exporter = stack.enter_context(
            running(
                [
                    program("exporter", "prometheus-postgres-exporter"), f"--web.listen-address={HOST}:{port}",
                    f"--extend.query-path={own_queries}", "--log.level=error",
                ],
                directory / "exporter.log", f"http://{HOST}:{port}/",
                {"DATA_SOURCE_NAME": server.dsn(EXPORTER, port=hops[EXPORTER].port) + "?sslmode=disable"},
            )
        )  # fmt: skip
        config = directory / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 10s, scrape_timeout: 9s}\n"
            f"scrape_configs: [{{job_name: peer, static_configs: [{{targets: ['{HOST}:{port}']}}]}}]\n"
        )
        prometheus = stack.enter_context(
            running(
                [
                    program("prometheus", "prometheus"), f"--config.file={config}",
                    f"--storage.tsdb.path={directory / 'tsdb'}", f"--web.listen-address={HOST}:{page}",
                ],
                directory / "prometheus.log", f"http://{HOST}:{page}/-/ready",
            )
        )  # fmt: skip
        ours = stack.enter_context(monitor(directory, [server.dsn(MONITOR, port=hops[MONITOR].port)]))
        ours.wait_watching()
        time.sleep(plan.watch / 2)
        before = {name: (look.spent(), hops[name].received) for name, look in looks.items()}
        time.sleep(plan.watch)
        memory = {MONITOR: [cpu.rss(ours.pid)], EXPORTER: [cpu.rss(exporter), cpu.rss(prometheus)]}
        costs = {}
        for name, look in looks.items():
            spent = look.spent()
            seconds = spent.at - before[name][0].at
            server_share = 100 * sum(spent.since(before[name][0]).values()) / seconds
            received = (hops[name].received - before[name][1]) / seconds / 1e3
            costs[name] = Cost(server_share, received, memory[name])
    return costs[MONITOR], costs[EXPORTER]


def _port(stack: ExitStack) -> int:
    """A port that nobody else is given meanwhile."""
    reserved = ReservedPort()
    stack.callback(reserved.close)
    return reserved.number
