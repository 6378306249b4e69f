"""Which probes are asked less often because of what they cost, and why, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.collect.governor import Governor


@dataclass(frozen=True, slots=True)
class Stretch:
    """A probe that is asked every `every` seconds where it would be asked every `usual` ones."""

    probe: str
    every: float
    usual: float
    reason: str


def stretched(governor: Governor, periods: Mapping[str, float]) -> tuple[Stretch, ...]:
    """Of probes of these periods (seconds) those that have to wait longer."""
    return tuple(_stretch(governor, name, usual) for name, usual in periods.items() if governor.factor(name) > 1)


def _stretch(governor: Governor, name: str, usual: float) -> Stretch:
    every = usual * governor.factor(name)
    reason = (
        f"Takes {governor.cost_ms(name):.3g} ms of server time, so it is asked every {every:g} s instead of every "
        f"{usual:g} s: all probes together may take {100 * governor.budget:g} % of a core."
    )
    return Stretch(name, every, usual, reason)
