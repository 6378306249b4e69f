"""Signs of life: only where something takes long, only on standard error, and ever more rarely."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fix_servers import MONITOR, Database
from pgvigil.catalog import load as load_catalog
from pgvigil.cli import keeping, looking, patience, serving
from pgvigil.cli.config import load as load_config
from pgvigil.cli.main import main
from pgvigil.cli.opening import open_configured
from pgvigil.model import Secret
from pgvigil.store import Store, Table, open_store

KEY = "a key that only these tests use"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the pauses, so that a test need not wait."""
    monkeypatch.setattr(patience, "FIRST", 0.2)
    monkeypatch.setattr(patience, "THEN", (0.4,))
    monkeypatch.setattr(patience, "RARELY", 60.0)


def test_what_takes_long_is_told_ever_more_rarely(capsys: pytest.CaptureFixture[str]) -> None:
    with patience.patience("waiting"):
        time.sleep(1.2)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("pgvigil: still waiting, ") for line in lines)


def test_what_is_quick_says_nothing_and_an_error_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    with patience.patience("waiting"):
        pass
    with pytest.raises(KeyError), patience.patience("waiting"):
        raise KeyError
    time.sleep(0.4)
    assert capsys.readouterr() == ("", "")


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str, codes: frozenset[int] = frozenset({0})) -> None:
    monkeypatch.setattr(sys, "argv", ["pgvigil", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in codes


@pytest.mark.parametrize(
    ("slow", "arguments", "says"),
    [
        ("ask", ("sql", "--format", "json", "select 1 as one"), "asking the store"),
        ("ask_for_backup", ("backup", "copy"), "copying the store"),
        ("ask_to_compact", ("store", "compact"), "compacting the store"),
        ("bring_back", ("restore", "copy", "--store", "duckdb://new.db"), "bringing the backup back"),
    ],
)
def test_a_slow_store_is_waited_for_with_words_and_its_answer_is_alone_on_standard_output(
    slow: str,
    arguments: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGVIGIL_STORE_KEY", KEY)
    monkeypatch.setenv("PGVIGIL_STORE_URL", "duckdb://pgvigil.db")
    opened = open_store("duckdb://pgvigil.db", Secret(KEY), load_catalog())
    if slow == "bring_back":
        opened.backup(tmp_path / "copy")
    opened.close()
    done = getattr(keeping, slow)

    def slowly(*given: Any) -> Table | int | tuple[int, int] | None:
        time.sleep(0.5)
        answer: Table | int | tuple[int, int] | None = done(*given)
        return answer

    monkeypatch.setattr(keeping, slow, slowly)
    command(monkeypatch, *arguments)
    out, err = capsys.readouterr()
    assert f"pgvigil: still {says}, " in err
    assert out.count("\n") == 1
    assert "still" not in out
    if slow == "ask":
        assert out == '[{"one": 1}]\n'


@pytest.mark.parametrize(
    ("slow", "arguments", "says", "answers"),
    [
        ("look", ("check",), "looking at test_", "PostgreSQL 18"),
        ("look", ("check", "--json"), "looking at test_", "{"),
        ("examine", ("doctor",), "examining test_", "PostgreSQL 18"),
    ],
)
def test_a_slow_server_is_waited_for_with_words_and_the_answer_is_alone_on_standard_output(
    slow: str,
    arguments: tuple[str, ...],
    says: str,
    answers: str,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = getattr(looking, slow)

    async def slowly(*given: Any) -> Any:
        await asyncio.sleep(0.5)
        return await done(*given)

    monkeypatch.setattr(looking, slow, slowly)
    # A shared server has findings: it does without fsync.
    command(monkeypatch, *arguments, database.dsn(MONITOR), codes=frozenset({looking.WELL, looking.FINDINGS}))
    out, err = capsys.readouterr()
    assert f"pgvigil: still {says}" in err
    assert out.startswith(answers)
    assert "still" not in out


def test_a_store_that_is_slow_to_open_is_waited_for_with_words_before_serve_tells_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = {"store.url": f"duckdb://{tmp_path}/pgvigil.db", "store.key": KEY, "serve.listen": "127.0.0.1:0"}
    config = load_config(file=None, environment={}, flags=flags, dsns=["postgresql://u@127.0.0.1:1/x"])
    told: list[str] = []

    @contextmanager
    def slowly(*given: Any) -> Iterator[Store]:
        time.sleep(0.5)
        with open_configured(*given) as store:
            yield store

    async def serve() -> None:
        stopping = asyncio.Event()

        def announce(line: str) -> None:
            told.append(line)
            waited.append(capsys.readouterr().err)
            stopping.set()

        await serving.run(config, announce, stopping)

    waited: list[str] = []
    monkeypatch.setattr(serving, "open_configured", slowly)
    asyncio.run(serve())
    (line,) = told
    assert "http://127.0.0.1:" in line
    assert "pgvigil: still opening the store, " in waited[0]
