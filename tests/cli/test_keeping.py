"""The store through the command line: asked while it is served and after, copied, brought back, never overwritten."""

import json
import re
from pathlib import Path

import pytest

from fix_monitor import KEY, MakeMonitor, run_pgvigil
from fix_servers import MONITOR, Database
from pgvigil.cli.keeping import neutral


@pytest.mark.slow(reason="starts pgvigil eleven times, which costs a second or two each")
def test_what_was_kept_is_asked_copied_and_brought_back(
    monitor: MakeMonitor, database: Database, tmp_path: Path
) -> None:
    running = monitor(database.dsn(MONITOR))
    running.wait_for("a pass", lambda: running.sql("select count(*) as passes from passes")[0]["passes"] > 0)
    assert running.sql("select name from targets") == [{"name": database.name}]

    backup = tmp_path / "copy.pgvigil"
    assert run_pgvigil("backup", "--store", running.store, str(backup)).returncode == 0
    again = run_pgvigil("backup", "--store", running.store, str(backup))
    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    assert database.name.encode() not in backup.read_bytes()
    running.stop()
    assert running.sql("select name from targets") == [{"name": database.name}]

    wrong = run_pgvigil("sql", "--store", running.store, "select 1", key="not the key at all")
    assert wrong.returncode == 2
    assert "key" in wrong.stderr
    elsewhere = f"duckdb://{tmp_path}/elsewhere.db"
    assert run_pgvigil("restore", "--store", elsewhere, str(backup)).returncode == 0
    found = run_pgvigil("sql", "--store", elsewhere, "--format", "csv", "select name, 1 as one from targets")
    assert found.stdout == f"name,one\n{database.name},1\n"
    assert "exists already" in run_pgvigil("restore", "--store", elsewhere, str(backup)).stderr
    cut = tmp_path / "cut.pgvigil"
    cut.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    refused = run_pgvigil("restore", "--store", f"duckdb://{tmp_path}/third.db", str(cut))
    assert refused.returncode == 2
    assert not (tmp_path / "third.db").exists()


REFUSED = (
    "copy targets to '/tmp/pgvigil-out.csv'",
    "attach '/tmp/pgvigil-out.db' as other",
    "install httpfs",
    "load httpfs",
    "select * from read_text('/etc/hostname')",
    "select * from read_csv('/etc/passwd')",
    "select * from glob('/*')",
    "select 1; drop table targets",
    "with gone as (delete from targets returning *) select * from gone",
)


@pytest.mark.slow(reason="starts pgvigil some twenty times, which costs a second or two each")
def test_what_does_more_than_read_the_store_is_refused_and_space_is_given_back_served_and_not(
    monitor: MakeMonitor, database: Database
) -> None:
    running = monitor(database.dsn(MONITOR))
    running.wait_for("a pass", lambda: running.sql("select count(*) as passes from passes")[0]["passes"] > 0)
    for served in (True, False):
        if not served:
            running.stop()
        for query in REFUSED:
            done = run_pgvigil("sql", "--store", running.store, query)
            assert (done.returncode, done.stdout) == (2, ""), query
            assert done.stderr.startswith("pgvigil: "), query
            assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        shown = run_pgvigil("sql", "--store", running.store, "select name, null as nothing, 1 as one from targets")
        assert [line.split() for line in shown.stdout.splitlines()] == [
            ["name", "nothing", "one"],
            [database.name, "-", "1"],
            ["(1", "row)"],
        ]
        compacted = run_pgvigil("store", "compact", "--store", running.store)
        assert compacted.returncode == 0, compacted.stderr
        assert re.fullmatch(r"\d+\.\d MiB before, \d+\.\d MiB now\.\n", compacted.stdout)
    assert not list(Path("/tmp").glob("pgvigil-out.*"))


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for command in (("sql", "select 1"), ("backup", str(tmp_path / "x")), ("store", "compact")):
        done = run_pgvigil(*command, "--store", f"duckdb://{tmp_path}/none.db")
        assert done.returncode == 2
        assert "no store" in done.stderr
        assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert KEY not in json.dumps([str(path) for path in tmp_path.iterdir()])


def test_a_restore_without_a_key_says_which_one_it_wants(tmp_path: Path) -> None:
    done = run_pgvigil("restore", "--store", f"duckdb://{tmp_path}/new.db", str(tmp_path / "x"), key=None)
    assert done.returncode == 2
    assert "store.key is not set" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a"])
def test_what_a_spreadsheet_would_calculate_is_made_harmless(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert neutral("select 1") == "select 1"
    assert neutral(-1) == -1
