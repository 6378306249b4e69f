"""Thirty targets in one process: its memory and CPU, and that no pass is late.

They are thirty names for one server, so what is measured is our process; the server has thirty times the work.
"""

import time
from contextlib import ExitStack

import psycopg
from psycopg import sql

from bench import cpu
from bench.load import load_on, watched_server
from bench.monitor import monitor
from bench.outcomes import outcomes
from bench.plan import Plan
from bench.promises import OF
from bench.section import Result
from bench.table import Row, Verdict, left_out, not_measured
from pgvigil.sandbox.reference_load import Shape
from pgvigil.sandbox.roles import MONITOR

PROMISES = OF["targets"]
SHAPE = Shape(tables=60, indexes=120, statements=500, changing=150, sessions=30)


def run(plan: Plan) -> Result:
    """Both rows, and a line for each probe."""
    if plan.quick:
        return Result([left_out(key, *words, "by the quick bench") for key, words in PROMISES.items()])
    if reason := cpu.supported():
        return Result([not_measured(key, *words, reason) for key, words in PROMISES.items()])
    directory = plan.work / "targets"
    directory.mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(watched_server(18, {"max_connections": "250"}))
        with psycopg.connect(server.dsn(), autocommit=True) as conn:
            conn.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT -1").format(sql.Identifier(MONITOR)))
        stack.enter_context(load_on(server, plan.seed, SHAPE))
        config = directory / "pgvigil.toml"
        config.write_text(
            "".join(f'[[target]]\nname = "t{n:02}"\ndsn = "env:BENCH_DSN"\n\n' for n in range(plan.targets))
        )
        environment = {"BENCH_DSN": server.dsn(MONITOR)}
        running = stack.enter_context(monitor(directory, [], environment, ["--config", str(config)]))
        running.wait_watching(plan.targets)
        time.sleep(plan.watch / 2)
        began, spent = time.monotonic(), cpu.process_cpu(running.pid)
        time.sleep(plan.watch)
        own = 100 * (cpu.process_cpu(running.pid) - spent) / (time.monotonic() - began)
        memory, peak = cpu.rss(running.pid), cpu.peak_rss(running.pid)
    told = outcomes(directory)
    return Result(
        [
            Row(
                "targets_memory",
                *PROMISES["targets_memory"],
                f"{memory:.0f} MB (peak {peak:.0f}), {own:.0f} % of a core",
                f"{plan.targets} targets of {SHAPE.statements} statements, {SHAPE.changing} changing in 10 s, "
                f"for {plan.watch * 1.5:.0f} s",
                Verdict.NONE,
            ),
            Row(
                "targets_late",
                *PROMISES["targets_late"],
                f"{told.bad} of {told.ran + told.bad}; {told.sampled:.2f} samples a second",
                told.reasons or "every probe of every pass went well",
                Verdict.OK if told.bad == 0 else Verdict.MISSED,
            ),
        ],
        ["Probes with 30 targets, dearest first:", *told.lines[:4]],
    )
