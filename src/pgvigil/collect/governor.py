"""Our own cost, held under a budget: the dearest probes are asked less often first, and more often when there is room.

The cost of a run is the time from the reply before to its own, less the round trip: what the server spends on it, and
on a busy server more than that. The cheapest of the latest runs stands for it: on a server that has no CPU left for
anybody a probe waits long and costs no more than before, and that is when it is wanted most.
"""

from collections import deque
from collections.abc import Mapping

BUDGET = 0.0025
"""Of one core, for everything together."""

MOST = 8
"""A probe is asked at least every MOST periods."""

MOST_SPARED = 4

_RUNS = 8
_ROOM = 0.8  # of the budget: shrink back only where the total stays below, or it would swing


class Governor:
    """How many times its period each probe has to wait.

    `spared` probes are stretched only when all others are. `fixed` ones run at need and not at a rate (texts of
    statements that are new): they are neither stretched nor do they make others stretch.
    """

    def __init__(
        self,
        budget: float = BUDGET,
        spared: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
    ) -> None:
        self._budget = budget
        self._spared = spared
        self._fixed = fixed
        self._runs: dict[str, deque[float]] = {}
        self._factors: dict[str, int] = {}

    @property
    def budget(self) -> float:
        """The share of a core that everything together may take."""
        return self._budget

    def record(self, name: str, cost_ms: float) -> None:
        """Note what a run of a probe cost; one that came no later than the round trip takes tells nothing of it."""
        if cost_ms <= 0:
            return
        self._runs.setdefault(name, deque(maxlen=_RUNS)).append(cost_ms)

    def factor(self, name: str) -> int:
        """How many periods of the probe lie between two of its turns."""
        return self._factors.get(name, 1)

    def cost_ms(self, name: str) -> float:
        """What a run of the probe costs."""
        return min(self._runs.get(name, ()), default=0.0)

    def load(self, periods: Mapping[str, float]) -> float:
        """The share of a core that probes of these periods take as they are stretched now."""
        return sum(
            self._share(name, period, self.factor(name)) for name, period in periods.items() if name not in self._fixed
        )

    def balance(self, periods: Mapping[str, float]) -> None:
        """Stretch until the load is within the budget, or let one probe back where there is room."""
        self._factors = {name: factor for name, factor in self._factors.items() if name in periods}
        if self.load(periods) <= self._budget:
            self._shrink(periods)
            return
        while self.load(periods) > self._budget and (name := self._dearest(periods)) is not None:
            self._factors[name] = 2 * self.factor(name)

    def _dearest(self, periods: Mapping[str, float]) -> str | None:
        open_ = [name for name in periods if self.factor(name) < self._most(name) and self.cost_ms(name) > 0]
        first = [name for name in open_ if name not in self._spared]
        return max(first or open_, key=lambda name: self._share(name, periods[name], self.factor(name)), default=None)

    def _most(self, name: str) -> int:
        return 1 if name in self._fixed else MOST_SPARED if name in self._spared else MOST

    def _shrink(self, periods: Mapping[str, float]) -> None:
        stretched = [name for name in periods if self.factor(name) > 1]
        order = sorted(stretched, key=lambda name: (name not in self._spared, self._gain(name, periods[name])))
        for name in order:
            if self.load(periods) + self._gain(name, periods[name]) <= _ROOM * self._budget:
                self._factors[name] //= 2
                return

    def _gain(self, name: str, period: float) -> float:
        factor = self.factor(name)
        return self._share(name, period, factor // 2 or 1) - self._share(name, period, factor)

    def _share(self, name: str, period: float, factor: int) -> float:
        return self.cost_ms(name) / 1_000 / (period * factor)
