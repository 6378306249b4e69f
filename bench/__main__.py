"""The promises, measured: prints one table, keeps it in docs/measured/, ends with 1 for a miss nobody explained."""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import overhead, promises
from bench.machine import commit, machine
from bench.section import NAMES, Result, read
from bench.table import Row, explained, not_measured, render, unexplained
from pgvigil.sandbox.environment import clean_environment

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "docs" / "measured"


@dataclass(frozen=True, slots=True)
class Order:
    """What to run."""

    quick: bool
    seed: int
    names: Sequence[str]
    keep: bool


def _order() -> Order:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about five minutes; figures are indications")
    parser.add_argument("--only", default=",".join(NAMES), help=f"some of {', '.join(NAMES)}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-keep", dest="keep", action="store_false", help="write nothing into docs/measured/")
    found = parser.parse_args()
    names = found.only.split(",")
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"--only {','.join(unknown)}; allowed: {', '.join(NAMES)}")
    return Order(found.quick, found.seed, [name for name in NAMES if name in names], found.keep)


def _run_section(name: str, order: Order, work: Path) -> Result:
    """The rows of a section; where it fails, a row each that says why."""
    result = work / f"{name}.json"
    command = [sys.executable, "-m", "bench.section", name, "--seed", str(order.seed)]
    command += ["--work", str(work), "--result", str(result), *(["--quick"] if order.quick else [])]
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment(), stderr=subprocess.PIPE, text=True) as process:
        try:
            _, said = process.communicate(timeout=promises.LONGEST)
            reason = _reason(said) or f"it ended with {process.returncode}"
        except subprocess.TimeoutExpired:
            process.terminate()
            reason = f"it took more than {promises.LONGEST:.0f} s"
    if process.returncode == 0 and result.exists():
        return read(result)
    return Result([not_measured(key, *words, reason[:300]) for key, words in promises.OF[name].items()])


def _reason(said: str) -> str:
    """The line of a traceback that tells the error; the last line of anything else."""
    lines = said.strip().splitlines()
    told = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Interrupt|Failure)\b", line)]
    return (told or lines or [""])[-1]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Measure, print, keep, judge."""
    order = _order()
    known = explained(overhead.PAGE.read_text(encoding="utf-8"))
    kind = "quick bench: indications" if order.quick else "bench"
    head = f"{kind}, commit {commit()}, seed {order.seed}, {time.strftime('%Y-%m-%d', time.gmtime())}: {machine()}"
    _say(head)
    rows: list[Row] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pgvigil-bench-") as work:
        for name in order.names:
            began = time.monotonic()
            result = _run_section(name, order, Path(work))
            _say(f"  {name}: {time.monotonic() - began:.0f} s")
            for row in result.rows:
                _say(f"    {row.key}: {row.measured}")
            rows += result.rows
            notes += result.notes
    table = render(rows, known)
    _say(table)
    for note in notes:
        _say(note)
    if order.keep:
        MEASURED.mkdir(exist_ok=True)
        parts = "" if len(order.names) == len(NAMES) else "-" + "-".join(order.names)
        file = MEASURED / f"bench{'-quick' if order.quick else ''}{parts}.md"
        file.write_text(f"# The bench\n\n{head}\n\n{table}\n\n" + "\n".join(f"- {note}" for note in notes) + "\n")
        if file.name == overhead.BENCH.name:
            overhead.write()
    missed = unexplained(rows, known)
    for row in missed:
        _say(f"MISSED and not explained in docs/overhead.md: {row.key}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
