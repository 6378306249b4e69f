"""The faults in turn, on a real server, with turns of seconds."""

import asyncio
import re
from pathlib import Path

import pytest

from fix_servers import Database
from pgvigil.catalog import load
from pgvigil.catalog.rules import load_rules
from pgvigil.cli.guide import Guide
from pgvigil.sandbox.faults import FAULTS
from pgvigil.sandbox.rota import ROTATION, rota
from sandbox.fix_sandbox import sandbox, until

__all__ = ["sandbox"]

SESSIONS = "select application_name from pg_stat_activity where application_name like 'fault:%%'"
RULES = load_rules(load())


async def test_one_fault_at_a_time_comes_on_and_goes_and_then_the_next(sandbox: Database) -> None:
    said: list[str] = []
    on = [f"fault {name} on: {FAULTS[name].summary}" for name in ("error-storm", "runaway-query")]
    turning = asyncio.create_task(rota(sandbox.dsn(), 2.0, said.append, ("error-storm", "runaway-query")))
    await until("the first comes round again", lambda: len(said) >= 5)
    turning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turning
    assert said[:5] == [on[0], "fault error-storm off", on[1], "fault runaway-query off", on[0]]


async def test_what_is_cancelled_takes_back_the_fault_that_is_on(sandbox: Database) -> None:
    said: list[str] = []
    turning = asyncio.create_task(rota(sandbox.dsn(), 4.0, said.append, ("lock-pile-up",)))
    await until("the fault is on", lambda: said)
    assert sandbox.execute(SESSIONS)
    turning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turning
    await until("its sessions are gone", lambda: not sandbox.execute(SESSIONS))


async def test_a_fault_that_does_not_work_is_said_and_the_next_comes_all_the_same(database: Database) -> None:
    said: list[str] = []
    turning = asyncio.create_task(rota(database.dsn(), 0.2, said.append, ("deadlocks", "temp-spill")))
    await until("both were tried", lambda: len(said) >= 2)
    turning.cancel()
    for line, name in zip(said, ("deadlocks", "temp-spill"), strict=False):
        assert line.startswith(f"fault {name} did not work: database 'test_")


def test_the_documentation_names_the_faults_in_their_order() -> None:
    page = (Path(__file__).parents[2] / "docs/sandbox.md").read_text()
    told = page.partition("They come in this order")[2].partition("\n\n")[0]
    assert re.findall(r"`([a-z-]+)`", told) == list(ROTATION)


def test_every_fault_of_the_rota_is_found_by_a_rule_there_is() -> None:
    assert set(ROTATION) == set(FAULTS)
    assert set(ROTATION.values()) <= set(RULES)


@pytest.mark.parametrize("name", ROTATION)
def test_the_hint_is_the_headline_of_the_rule_without_its_numbers(name: str) -> None:
    guide = Guide(RULES)
    line = f"fault {name} on: {FAULTS[name].summary}"
    early = guide.hint(line)
    assert early is not None
    assert "http" not in early
    guide.served("pgvigil watches meshhook: http://127.0.0.1:8432/")
    hint = guide.hint(line)
    assert hint is not None
    sentence = hint.partition('"')[2].partition('"')[0]
    assert sentence.endswith((".", "…"))
    assert "…" in sentence
    assert "{" not in sentence
    assert hint.endswith(" See http://127.0.0.1:8432/?range=15m")


@pytest.mark.parametrize("line", ["load on", "fault lock-pile-up off", "fault nothing on: x", ""])
def test_other_lines_have_no_hint(line: str) -> None:
    assert Guide(RULES).hint(line) is None
