"""What pgbench loses when we watch: runs without and with us in pairs, A B B A, on one machine.

pgvigil runs beside the server on the same cores, which pgbench keeps busy; nothing is subtracted for that.
"""

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import cpu
from bench.figures import interval, losses, median
from bench.load import BenchError, watched_server
from bench.monitor import monitor
from bench.plan import Plan
from bench.promises import OF
from bench.section import Result
from bench.table import Row, Verdict, not_measured
from pgvigil.sandbox.roles import MONITOR
from pgvigil.sandbox.server import Server

CLIENTS = 8
SCALE = 20
SETTLE = 3.0
LIMIT = 0.5
SETTINGS = {
    # So that the CPU is what limits it: a disk's syncs vary by more than what is looked for.
    "synchronous_commit": "off",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "shared_buffers": "512MB",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of pgbench: its transactions per second, and percent of a core that our process took meanwhile."""

    tps: float
    own: float | None


def run(plan: Plan) -> Result:
    """The one row, and the pairs below the table."""
    if reason := cpu.supported():
        return Result([not_measured("tps", *OF["tps"]["tps"], reason)])
    with ExitStack() as stack:
        server = stack.enter_context(watched_server(18, SETTINGS))
        _pgbench(server, "-i", "-q", "-s", str(SCALE))
        _turn(server, plan.pair_seconds / 2, None)  # caches, and files that grow
        turns = _turns(server, plan)
    pairs = _paired(turns)
    row = _row(pairs, [turn.own for turn in turns if turn.own is not None], plan)
    listed = ", ".join(f"{without:.0f}/{with_us:.0f}" for without, with_us in pairs)
    return Result([row], [f"TPS without/with pgvigil, pair by pair: {listed}"])


def order(pairs: int) -> list[bool]:
    """Whether we watch, run by run: A B, B A, A B, ... so that a drift of the machine takes from both alike."""
    return [with_us for pair in range(pairs) for with_us in ((False, True), (True, False))[pair % 2]]


def _turns(server: Server, plan: Plan) -> list[Turn]:
    turns: list[Turn] = []
    watching = order(plan.pairs)
    place = 0
    while place < len(watching):
        together = 1
        while place + together < len(watching) and watching[place + together] == watching[place]:
            together += 1
        with _watched(server, plan, place) if watching[place] else _alone() as pid:
            time.sleep(SETTLE)
            turns += [_turn(server, plan.pair_seconds, pid) for _ in range(together)]
        place += together
    return turns


@contextmanager
def _watched(server: Server, plan: Plan, number: int) -> Iterator[int]:
    with monitor(plan.work / f"tps{number}", [server.dsn(MONITOR)]) as running:
        running.wait_watching()
        yield running.pid


@contextmanager
def _alone() -> Iterator[None]:
    yield None


def _turn(server: Server, seconds: float, pid: int | None) -> Turn:
    before = cpu.process_cpu(pid) if pid else 0.0
    said = _pgbench(server, "-c", str(CLIENTS), "-j", "2", "-M", "prepared", "-n", "-T", f"{max(1.0, seconds):.0f}")
    found = re.search(r"tps = ([0-9.]+)", said)
    if found is None:
        raise BenchError(f"pgbench told no TPS: {said[-200:]}")
    return Turn(float(found[1]), 100.0 * (cpu.process_cpu(pid) - before) / seconds if pid else None)


def _pgbench(server: Server, *arguments: str) -> str:
    done = subprocess.run(
        [server.binaries.tool("pgbench"), *arguments, server.dsn()],
        capture_output=True,
        text=True,
        check=False,
        env=server.binaries.environment(),
    )
    if done.returncode != 0:
        raise BenchError(f"pgbench failed: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def _paired(turns: Sequence[Turn]) -> list[tuple[float, float]]:
    found = []
    for first, second in zip(turns[::2], turns[1::2], strict=True):
        found.append((first.tps, second.tps) if first.own is None else (second.tps, first.tps))
    return found


def _row(pairs: Sequence[tuple[float, float]], own: Sequence[float], plan: Plan) -> Row:
    lost = interval(losses(pairs))
    # Shown only if chance does not reach the limit.
    shown = Verdict.OK if lost.high < LIMIT else Verdict.MISSED
    return Row(
        "tps",
        *OF["tps"]["tps"],
        f"{lost.mean:+.2f} % (95 %: {lost.low:+.2f} to {lost.high:+.2f})",
        f"{lost.n} pairs A/B/B/A of {plan.pair_seconds:.0f} s, {CLIENTS} clients, TPC-B, our process on the same cores "
        f"taking {median(own):.1f} % of one",
        Verdict.INDICATION if plan.quick else shown,
    )
