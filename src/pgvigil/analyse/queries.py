"""Running the `.sql` files of this package against the store."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol


class Rows(Protocol):
    """What a query answers."""

    @property
    def names(self) -> Sequence[str]:
        """Its columns."""
        ...

    @property
    def rows(self) -> Sequence[tuple[Any, ...]]:
        """Its rows."""
        ...


class Reader(Protocol):
    """What this package needs of the store."""

    def query(self, sql: str, parameters: Mapping[str, Any]) -> Rows:
        """Run one of our own queries."""
        ...

    def relation(self, probe: str, since: int, until: int, step: int | None = None) -> str:
        """The relation to read `probe` from, for a span in microseconds, exact at its ends. With `step`, of which
        only sums are wanted, from the coarsest rows that are no longer."""
        ...

    def grain(self, probe: str, since: int, until: int) -> int:
        """The seconds of the coarsest rows in that relation."""
        ...


@cache
def text(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (files("pgvigil.analyse") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def run(
    reader: Reader,
    name: str,
    probes: Sequence[str],
    since: int,
    until: int,
    parameters: Mapping[str, Any],
    step: int | None = None,
) -> Sequence[tuple[Any, ...]]:
    """The rows of `sql/<name>.sql`, in which `{probe}` stands for the relation of a probe over the span, its rows no
    coarser than `step` where sums by step are asked for."""
    relations = {probe: reader.relation(probe, since, until, step) for probe in probes}
    return reader.query(text(name).format(**relations), parameters).rows
