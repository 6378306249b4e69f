"""The fleet: a line per server, the worst first, made once for all who look at the same time."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pgvigil.analyse.fleet import AWAY, VITALS
from pgvigil.collect import Collector
from pgvigil.model import Batch, Condition, Secret, Target, TargetState, Value
from pgvigil.serve.watch import Watch
from pgvigil.store import Store, Writer, open_store
from serve.filled import BEGIN, CATALOG, NOW, PANELS, RULES, SECOND, WAITS, Client, Known, batch

AT = int(NOW * SECOND)
IDLE: Mapping[str, Value] = {
    "pid": 4711,
    "application": "orchestrator",
    "backend_type": "client backend",
    "state": "idle in transaction",
    "state_age": 400.0,
}


class Seen(Known):
    """Nothing of its server is hidden."""

    def hidden(self, probe: str) -> None:
        del probe


class Away(Seen):
    @property
    def state(self) -> TargetState:
        return TargetState(Condition.UNREACHABLE, int((NOW - 90) * SECOND), "Nothing listens.", "Start it.")


def read(target: int, number: int, *, idle: bool) -> list[Batch]:
    """What was read of a server in one pass; all that any rule needs."""
    at = (BEGIN + 10 * number) * SECOND
    needed = {name for rule in RULES.values() for name in rule.probes} - {"transactions", "sessions"}
    told = [batch(name, [], number) for name in sorted(needed)]
    told += [batch("sessions", [], number, samples=10), batch("transactions", [IDLE] if idle else [], number)]
    return [replace(each, target=target, ts=at) for each in told]


@pytest.fixture(scope="module")
def fleet_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Four servers: one well, one never read, one with an idle transaction for the last 200 s, one away."""
    path: Path = tmp_path_factory.mktemp("fleet")
    with closing(open_store(f"duckdb://{path}/pgvigil.db", None, CATALOG)) as store:
        for name in ("well", "unread", "idle", "away"):
            store.target_id(name, 2.0, {})
        for number in range(1, 61):
            store.append(read(1, number, idle=False))
            store.append(read(3, number, idle=number >= 40))
        yield store


@pytest.fixture
async def fleet_writer(fleet_store: Store) -> AsyncIterator[Writer]:
    writer = Writer(fleet_store)
    yield writer
    await writer.close()


@dataclass
class Counting:
    """The store, and how often it was asked."""

    store: Store
    asked: list[str] = field(default_factory=list)

    def query(self, sql: str, parameters: Any) -> Any:
        self.asked.append(sql)
        return self.store.query(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.fixture
def counting(fleet_store: Store) -> Counting:
    return Counting(fleet_store)


@dataclass
class Clock:
    now: int = AT

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fleet(counting: Counting, fleet_writer: Writer, clock: Clock) -> Client:
    def collector(number: int, name: str, kind: type[Collector]) -> Collector:
        return kind(Target(number, name, Secret("postgresql://u:hunter2@h/x"), 2.0, {}), CATALOG, fleet_writer)

    kinds = {"well": Seen, "unread": Seen, "idle": Seen, "away": Away}
    watchers = {name: collector(number, name, kind) for number, (name, kind) in enumerate(kinds.items(), 1)}
    return Client(Watch(counting, CATALOG, RULES, PANELS, WAITS, watchers, clock, "1"))


async def lines(client: Client, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.ask("/api/v1/fleet", **asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["lines"]
    return found


async def test_the_worst_comes_first(fleet: Client) -> None:
    found = await lines(fleet)
    assert [(line["name"], line["verdict"]["level"]) for line in found] == [
        ("away", "down"),
        ("idle", "warning"),
        ("unread", "unknown"),
        ("well", "well"),
    ]
    assert "hunter2" not in str(found)


async def test_a_line_says_what_the_verdict_of_the_server_says(fleet: Client) -> None:
    found = {line["name"]: line for line in await lines(fleet)}
    for name, line in found.items():
        alone = (await fleet.ask(f"/api/v1/targets/{name}/verdict")).json()
        assert line["verdict"] == alone
    assert "orchestrator" in found["idle"]["verdict"]["subjects"][0]["headline"]
    assert found["away"]["verdict"]["cause"] == "Nothing listens."


async def test_since_when_is_known_to_15_seconds_and_otherwise_null(fleet: Client) -> None:
    since = {line["name"]: line["since"] for line in await lines(fleet)}
    assert (since["away"], since["unread"], since["well"]) == (NOW - 90, None, None)
    assert 0 <= since["idle"] - (BEGIN + 400) <= 15


async def test_a_line_has_the_telling_vitals_and_none_is_0_where_it_is_not_known(fleet: Client) -> None:
    found = {line["name"]: line for line in await lines(fleet)}
    assert [vital["key"] for vital in found["well"]["vitals"]] == list(VITALS)
    load, throughput, connections = found["unread"]["vitals"]
    assert (load["value"], throughput["value"], connections["value"]) == (None, None, None)
    assert (load["limit"], connections["limit"]) == (2.0, 97.0)
    assert (found["well"]["last_reading"], found["unread"]["last_reading"]) == (NOW, None)
    assert (found["well"]["version"], found["well"]["role"]) == ("18.0", "primary")


async def test_a_line_is_compared_with_the_span_that_is_asked_for(fleet: Client, counting: Counting) -> None:
    # It was watched for ten minutes, so nothing is known of a day before.
    span: dict[str, Any] = {"from": BEGIN + 400, "to": BEGIN + 600}
    for compare, known in (("previous", True), ("day", False), ("none", False)):
        counting.asked.clear()
        found = {line["name"]: line for line in await lines(fleet, **span, compare=compare)}
        load = found["idle"]["vitals"][0]
        assert (load["previous"] is not None) is known
        alone = (await fleet.ask("/api/v1/targets/idle/vitals", **span, compare=compare)).json()["vitals"]
        assert load == next(vital for vital in alone if vital["key"] == "load")
        assert counting.asked, "a line kept for another comparison was told"


async def test_at_a_moment_of_the_past_it_is_as_it_was_then(fleet: Client) -> None:
    found = {line["name"]: line for line in await lines(fleet, **{"from": BEGIN, "to": BEGIN + 390})}
    assert found["idle"]["verdict"]["level"] == found["well"]["verdict"]["level"] == "well"
    # Whether it answered then is not known by how the watching is now.
    assert found["away"]["verdict"]["level"] == "unknown"


async def test_who_asks_again_within_seconds_costs_the_store_nothing(
    fleet: Client, counting: Counting, clock: Clock
) -> None:
    first = await lines(fleet)
    counting.asked.clear()
    clock.now += 7 * SECOND
    assert await lines(fleet) == first
    assert counting.asked == []
    clock.now += 2 * SECOND
    await lines(fleet)
    assert counting.asked


async def test_a_server_that_does_not_answer_costs_no_rule(fleet: Client, counting: Counting) -> None:
    assert Condition.UNREACHABLE in AWAY
    counting.asked.clear()
    await fleet.ask("/api/v1/targets/away/verdict")
    assert len(counting.asked) == 1
