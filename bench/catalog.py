"""A server with 10,000 tables and 20,000 indexes: what a pass costs it, and that nothing is late."""

import time
from contextlib import ExitStack

from bench import cpu
from bench.cpu import Backends
from bench.load import load_on, watched_server
from bench.monitor import monitor
from bench.outcomes import outcomes
from bench.plan import Plan
from bench.promises import OF
from bench.section import Result
from bench.sessions import Sessions
from bench.table import Row, Verdict, left_out, not_measured
from pgvigil.sandbox.reference_load import Shape
from pgvigil.sandbox.roles import MONITOR

PROMISES = OF["catalog"]
SETTINGS = {"max_locks_per_transaction": "256", "shared_buffers": "512MB", "fsync": "off"}


def run(plan: Plan) -> Result:
    """Both rows, and a line for each probe."""
    if plan.quick:
        return Result([left_out(key, *words, "by the quick bench") for key, words in PROMISES.items()])
    if reason := cpu.supported():
        return Result([not_measured(key, *words, reason) for key, words in PROMISES.items()])
    shape = Shape(tables=plan.tables, indexes=2 * plan.tables)
    directory = plan.work / "catalog"
    with ExitStack() as stack:
        server = stack.enter_context(watched_server(18, SETTINGS))
        stack.enter_context(load_on(server, plan.seed, shape))
        backends = stack.enter_context(Backends(server.pid, MONITOR))
        sessions = stack.enter_context(Sessions(server.dsn(), MONITOR))
        running = stack.enter_context(monitor(directory, [server.dsn(MONITOR)]))
        running.wait_watching()
        first = backends.spent()
        time.sleep(plan.watch / 2)
        before = backends.spent()
        time.sleep(plan.watch)
        after = backends.spent()
        parts = sessions.parts()
        memory = cpu.rss(running.pid)
    seconds = after.at - before.at
    by_part = {"samples": 0.0, "passes": 0.0, "visits": 0.0}
    for pid, spent in after.since(before).items():
        by_part["visits" if pid == 0 else parts.get(pid, "visits")] += spent
    told = outcomes(directory)
    beginning = sum(before.since(first).values()) / (before.at - first.at)
    cpu_row = Row(
        "catalog_cpu",
        *PROMISES["catalog_cpu"],
        f"{100 * sum(by_part.values()) / seconds:.2f} % of a core: "
        + ", ".join(f"{part} {100 * spent / seconds:.3f}" for part, spent in by_part.items()),
        f"schedstat over {seconds:.0f} s of load R; {100 * beginning:.2f} % in the {plan.watch / 2:.0f} s before; "
        f"a visit of the database each minute takes {1e3 * by_part['visits'] * 60 / seconds:.0f} ms; "
        f"our process {memory:.0f} MB",
        Verdict.NONE,
    )
    late_row = Row(
        "catalog_late",
        *PROMISES["catalog_late"],
        f"{told.bad} of {told.ran + told.bad}; {told.sampled:.2f} samples a second",
        told.reasons or "every probe of every pass went well",
        Verdict.OK if told.bad == 0 else Verdict.MISSED,
    )
    return Result([cpu_row, late_row], ["Probes at 10,000 tables, dearest first:", *told.lines[:6]])
