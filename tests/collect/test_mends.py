"""What interrupts the collector between two of its steps: nothing is counted whole, lost or told twice for it."""

from collections.abc import Sequence

import pytest

from pgvigil.catalog import load
from pgvigil.collect.station import Station
from pgvigil.model import Batch, Capabilities, Identity, KeeperBusyError, Reading, Secret, Target

S = 1_000_000
CATALOG = load()
SERVER = CATALOG.probes["server"]
STATEMENTS = CATALOG.probes["statements"]


def capabilities(*, sees_all: bool = True, started_at: int = 0, in_recovery: bool = False) -> Capabilities:
    return Capabilities(
        identity=Identity(7, 180_000, 1),
        version="18.0",
        started_at=started_at,
        in_recovery=in_recovery,
        pooled=False,
        role="monitor",
        database="shop",
        is_superuser=False,
        roles=frozenset({"pg_monitor", "pg_read_all_stats", "pg_read_all_settings"} if sees_all else ()),
        extensions={"pg_stat_statements": ("public", "1.12")},
        columns={
            relation: frozenset(column for probe in CATALOG.probes.values() for column in probe.columns)
            for relation in CATALOG.relations
        },
        settings={"shared_preload_libraries": "pg_stat_statements", "track_counts": "on", "compute_query_id": "on"},
    )


class Kept:
    """A keeper in memory: busy at the readings of these probes, once each."""

    def __init__(self, readings: dict[str, Reading] | None = None, busy: Sequence[str] = ()) -> None:
        self.readings = readings or {}
        self.busy = list(busy)
        self.epoch = 0

    async def begin_epoch(self, target: int, now: int) -> int:  # noqa: ARG002
        self.epoch += 1
        return self.epoch

    async def incarnation(self, target: int, identity: Identity, now: int) -> int:  # noqa: ARG002
        return identity.timeline or 0

    async def reading(self, target: int, incarnation: int, probe: str) -> Reading | None:  # noqa: ARG002
        if probe in self.busy:
            self.busy.remove(probe)
            raise KeeperBusyError("busy")
        return self.readings.get(probe)

    async def append(self, batches: Sequence[Batch]) -> None:  # noqa: ARG002
        return


def station(keeper: Kept | None = None) -> Station:
    return Station(Target(1, "shop", Secret("")), CATALOG, keeper or Kept(), salt=b"", allowed_tags=frozenset())


async def test_a_keeper_that_is_busy_half_way_through_the_readings_is_asked_for_all_of_them_again() -> None:
    last = list(CATALOG.probes)[-1]
    keeper = Kept({last: Reading(5, ("x",), [(1,)])}, busy=[last])
    watched = station(keeper)
    with pytest.raises(KeeperBusyError):
        await watched.arrive(capabilities(), 10, away=True)
    assert watched.standing is None
    await watched.arrive(capabilities(), 10, away=True)
    assert watched.known().epoch == 2
    assert watched.kept(last) is not None
