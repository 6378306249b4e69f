"""What each column of the core probes measures is caused on a real server, and the column is seen to move."""

import asyncio
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fix_servers import MONITOR, start_prepared
from pg_probes import causes
from pgvigil.catalog import load
from pgvigil.catalog.types import Column, Kind, Probe, Shape
from pgvigil.model import Value
from pgvigil.sandbox.server import Server
from probing import Row, probing

CATALOG = load()
UNMOVED = Path(__file__).with_name("unmoved.toml")
Reading = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Moved:
    """Readings of all probes in order. Nothing was reset between the first `unbroken` of them."""

    major: int
    readings: Sequence[Reading]
    unbroken: int

    def rows(self, probe: str) -> list[Row]:
        return [row for reading in self.readings for row in reading.get(probe, [])]

    def by_key(self, probe: Probe, column: str, readings: int) -> dict[tuple[Value, ...], list[Value]]:
        """The values that each key had, reading by reading."""
        values: dict[tuple[Value, ...], list[Value]] = {}
        for reading in self.readings[:readings]:
            for row in reading.get(probe.name, []):
                values.setdefault(tuple(row[name] for name in probe.key), []).append(row[column])
        return values


def read(server: Server) -> Reading:
    return asyncio.run(_read(server))


async def _read(server: Server) -> Reading:
    async with probing(server.dsn(MONITOR, causes.DATABASE), CATALOG) as prober:
        names = sorted(set(CATALOG.probes) - set(prober.invisible()) - {"queries"})
        reading = {name: await prober.rows(name) for name in names}
        known = [row["queryid"] for row in reading["statements"]]
        reading["queries"] = await prober.rows("queries", [each for each in known if isinstance(each, int)])
    return reading


@pytest.fixture(scope="session")
def all_moved(request: pytest.FixtureRequest) -> Iterator[Mapping[int, Future[Moved]]]:
    """One server for each major that is asked for, all at once: most of the time they wait for a checkpoint."""
    items = [item for item in request.session.items if "moved" in getattr(item, "fixturenames", ())]
    majors = {getattr(item, "callspec").params["major"] for item in items}  # noqa: B009
    with ThreadPoolExecutor(len(majors)) as pool:
        yield {major: pool.submit(move_one, major) for major in majors}


@pytest.fixture(scope="session")
def moved(major: int, all_moved: Mapping[int, Future[Moved]]) -> Moved:
    return all_moved[major].result()


def move_one(major: int) -> Moved:
    server = start_prepared(major, causes.SETTINGS, ["--data-checksums"])
    try:
        return move(server)
    finally:
        server.remove()


def move(server: Server) -> Moved:
    causes.prepare(server)
    readings = [read(server)]
    causes.cause(server)
    with causes.waiting_sessions(server):
        readings.append(read(server))
    causes.change_settings(server)
    time.sleep(causes.FLUSH)
    readings.append(read(server))
    causes.wait_for_a_timed_checkpoint(server)
    time.sleep(causes.FLUSH)
    readings.append(read(server))
    unbroken = len(readings)
    causes.evict_and_mend(server)
    readings.append(read(server))
    causes.reset(server)
    time.sleep(causes.FLUSH)
    readings.append(read(server))
    causes.damage_a_page(server)
    readings.append(read(server))
    return Moved(server.major, readings, unbroken)


def excuse(probe: str, column: str, major: int) -> Mapping[str, Any] | None:
    """Why this column need not move on this major, as unmoved.toml says."""
    for entry in tomllib.loads(UNMOVED.read_text())["unmoved"]:
        if f"{probe}.{column}" in entry["columns"] and major in entry["majors"]:
            found: Mapping[str, Any] = entry
            return found
    return None


def moves(moved: Moved, probe: Probe, column: Column) -> bool:
    values = [row[column.name] for row in moved.rows(probe.name)]
    if column.kind is Kind.COUNTER:
        grown = moved.by_key(probe, column.name, len(moved.readings))
        at_first = moved.by_key(probe, column.name, 1)
        # What was not there at first has grown from nothing.
        return any(_grows(each if key in at_first else [0, *each]) for key, each in grown.items())
    if column.kind is Kind.GAUGE:
        by_key = moved.by_key(probe, column.name, len(moved.readings)).values()
        # The keys of a snapshot or a sample come and go with what they stand for.
        lasting = by_key if probe.shape is Shape.COUNTERS else [values]
        return any(len({value for value in each if value is not None}) > 1 for each in lasting)
    if column.event is not None:
        return any(len(set(each)) > 1 for each in moved.by_key(probe, column.name, len(moved.readings)).values())
    return any(value not in {None, ""} for value in values)


def falls(moved: Moved, probe: Probe, column: Column) -> bool:
    if column.kind is not Kind.COUNTER:
        return False
    grown = moved.by_key(probe, column.name, moved.unbroken).values()
    return any(_number(b) < _number(a) for each in grown for a, b in pairwise(each))


def _grows(values: Sequence[Value]) -> bool:
    return any(_number(b) > _number(a) for a, b in pairwise(values))


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


@pytest.mark.pg(14, 15, 17, 18)
@pytest.mark.slow(reason="the shortest time between two checkpoints that come due by themselves is 30 s")
@pytest.mark.parametrize("name", sorted(CATALOG.probes))
def test_every_column_of_a_probe_moves_as_its_kind_says(name: str, moved: Moved) -> None:
    probe = CATALOG.probes[name]
    here = [column for column in probe.columns.values() if column.exists_on(moved.major)] if moved.rows(name) else []
    assert here or (name == "io" and moved.major < 16)
    excuses = {column.name: excuse(name, column.name, moved.major) for column in here}
    sometimes = {column for column, why in excuses.items() if why is not None and why.get("sometimes")}
    still = {column.name for column in here if not moves(moved, probe, column)} - sometimes
    expected = {column for column, why in excuses.items() if why is not None} - sometimes
    assert (name, sorted(still)) == (name, sorted(expected))
    assert [column.name for column in here if falls(moved, probe, column)] == []


@pytest.mark.pg(14, 18)
def test_the_sampler_sees_who_waits_and_for_what(moved: Moved) -> None:
    sessions = [row for row in moved.readings[1]["sessions"] if row["application"] != "waiting"]
    waiting = [row for row in sessions if row["wait_event_type"] == "Lock"]
    assert len(waiting) == 1
    assert (waiting[0]["wait_event"], waiting[0]["state"]) == ("relation", "active")
    assert (waiting[0]["application"], waiting[0]["client"]) == ("causing", "127.0.0.1")
    assert waiting[0]["tags"] == "route='/orders',job='sync'"
    idle = [row for row in sessions if row["state"] == "idle in transaction"]
    assert len(idle) == 2
    assert all(row["state"] != "idle" and row["wait_event_type"] != "Activity" for row in moved.rows("sessions"))


@pytest.mark.pg(14, 18)
def test_a_changed_setting_and_one_that_waits_for_a_restart_are_seen(moved: Moved) -> None:
    before, after = ({row["name"]: row for row in moved.readings[at]["settings"]} for at in (1, 2))
    assert (before["work_mem"]["value"], after["work_mem"]["value"]) == ("4096", "5120")
    assert after["work_mem"]["unit"] == "kB"
    pending = {name for name, row in after.items() if row["pending_restart"]}
    assert pending == {"max_connections", "superuser_reserved_connections"}


@pytest.mark.pg(14, 18)
def test_a_statement_within_a_function_is_not_at_top_level(moved: Moved) -> None:
    levels = {row["toplevel"] for row in moved.rows("statements")}
    assert levels == {True, False}


def test_every_excuse_has_a_reason_and_names_columns_that_exist() -> None:
    for entry in tomllib.loads(UNMOVED.read_text())["unmoved"]:
        assert entry["reason"]
        for name in entry["columns"]:
            probe, _, column = name.partition(".")
            assert all(CATALOG.probes[probe].columns[column].exists_on(major) for major in entry["majors"])
