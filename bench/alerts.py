"""Nothing is sent yet, so nothing can be timed; the row says so."""

from bench.plan import Plan
from bench.promises import OF
from bench.section import Result
from bench.table import left_out


def run(plan: Plan) -> Result:  # noqa: ARG001 - every section is given the plan
    """The row of the alerts."""
    return Result([left_out("alert", *OF["alerts"]["alert"], "pgvigil sends no alerts yet")])
