"""Exactness is proven by the soak, with a driver that counts its own calls; the bench tells how that came out."""

from pathlib import Path

from bench.plan import Plan
from bench.promises import OF
from bench.section import Result
from bench.table import Row, Verdict, left_out, lines_of

SOAK = Path(__file__).resolve().parent.parent / "docs" / "measured" / "soak.md"
PROOF = "test_the_same_at_full_length["
COMMAND = "make soak ARGS=tests/chaos"


def run(plan: Plan) -> Result:  # noqa: ARG001 - every section is given the plan
    """The row of the proof."""
    return Result([row(SOAK.read_text(encoding="utf-8") if SOAK.exists() else "")])


def row(soak: str) -> Row:
    """What the table of the soak says of it."""
    words = OF["counts"]["counts"]
    found = [line for line in lines_of(soak) if line[0].startswith(PROOF)]
    if not found:
        return left_out("counts", *words, f"it was not run yet: {COMMAND}")
    well = [line for line in found if line[-1] == "ok"]
    commits = ", ".join(dict.fromkeys(line[3] for line in found))
    return Row(
        "counts",
        *words,
        f"{len(well)} of {len(found)} rounds exact",
        f"the soak of commit {commits}: 40 known statements, five times through resets, storms of evictions and "
        "absences, by PostgreSQL major",
        Verdict.OK if well == found else Verdict.MISSED,
    )
