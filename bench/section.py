"""One group of rows, measured in a process of its own: what fails there costs its own rows and nothing else.

python -m bench.section reference --result FILE [--quick] [--seed N] [--work DIRECTORY]
"""

import argparse
import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import plan as plans
from bench.table import Row, fields_of, row_of
from pgvigil.sandbox.environment import forget_users_environment

NAMES = ("reference", "tps", "month", "page", "counts", "alerts", "catalog", "targets", "peer")
"""In the order in which they run: the month repeats what the reference run has seen, the page is drawn over it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a section found: rows of the table, and lines that go below it."""

    rows: Sequence[Row]
    notes: Sequence[str] = field(default_factory=tuple)


def write(result: Result, file: Path) -> None:
    """Leave a result for the process that asked."""
    file.write_text(json.dumps({"rows": [fields_of(row) for row in result.rows], "notes": list(result.notes)}))


def read(file: Path) -> Result:
    """The result that a section left."""
    found = json.loads(file.read_text())
    return Result([row_of(fields) for fields in found["rows"]], found["notes"])


def main() -> None:
    """Run one section."""
    parser = argparse.ArgumentParser(prog="python -m bench.section", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    forget_users_environment()
    make = plans.quick if options.quick else plans.full
    write(importlib.import_module(f"bench.{options.name}").run(make(options.seed, options.work)), options.result)


if __name__ == "__main__":
    main()
