"""The command line as a user runs it: what it prints, and its exit code."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fix_monitor import KEY, PGVIGIL, STRICT, run_pgvigil
from fix_servers import MONITOR, Database, MakeServer, connect
from pgvigil.catalog import load as load_catalog
from pgvigil.cli.main import COMMANDS, app, main
from pgvigil.model import Secret
from pgvigil.sandbox.environment import clean_environment
from pgvigil.store import open_store

DURABLE = {"fsync": "on", "full_page_writes": "on"}


def test_check_says_well_and_then_what_is_wrong(private_server: MakeServer) -> None:
    server = private_server(settings={**DURABLE, "track_io_timing": "off"})
    dsn = server.dsn(MONITOR)
    well = run_pgvigil("check", dsn, "--json")
    assert well.returncode == 0, well.stderr
    told = json.loads(well.stdout)
    assert told["well"]
    assert told["server"]["version"].startswith("18.")
    (hidden, of_wal) = told["not_visible"]
    assert of_wal["remedy"].startswith("ALTER SYSTEM SET track_wal_io_timing = 'on';")
    assert "statements.shared_blk_read_time" in hidden["what"].split(", ")
    assert hidden["remedy"].startswith("ALTER SYSTEM SET track_io_timing = 'on';")
    assert "Nothing found, in 1 database." in run_pgvigil("check", dsn).stdout

    with connect(server) as connection:
        connection.execute("create table t (id int)")
        connection.execute("create index t_id on t (id)")
        connection.execute("update pg_index set indisvalid = false where indexrelid = 't_id'::regclass")
    found = run_pgvigil("check", dsn, "--json")
    assert found.returncode == 1
    (finding,) = json.loads(found.stdout)["findings"]
    assert (finding["lint"], finding["subject"], finding["severity"]) == ("index_invalid", "public.t_id", "warning")
    assert "drop index concurrently public.t_id;" in run_pgvigil("check", dsn).stdout


def test_check_that_cannot_look_says_why_and_keeps_the_password(database: Database) -> None:
    wrong = database.server.dsn(MONITOR, database.name, password="hunter2")
    refused = run_pgvigil("check", wrong)
    assert refused.returncode == 2
    assert "password" in refused.stderr
    assert "hunter2" not in refused.stdout + refused.stderr
    nobody = run_pgvigil("check", "postgresql://u:hunter2@127.0.0.1:1/x")
    assert nobody.returncode == 2
    assert "127.0.0.1:1" in nobody.stderr
    assert "hunter2" not in nobody.stdout + nobody.stderr
    for done in (refused, nobody):
        assert "Traceback" not in done.stderr


@pytest.mark.pg(14, 17)
def test_doctor_says_what_is_visible_what_not_and_the_role(database: Database) -> None:
    done = run_pgvigil("doctor", database.dsn(MONITOR))
    assert done.returncode == 0, done.stderr
    assert "Counters of every" in done.stdout
    assert "  wal.wal_write_time, wal.wal_sync_time: The setting track_wal_io_timing is 'off'" in done.stdout
    assert "ALTER SYSTEM SET track_wal_io_timing = 'on';" in done.stdout
    assert "GRANT pg_monitor TO" in done.stdout
    assert "do not make the server log our statements" in done.stdout


def test_doctor_counts_what_our_statements_add_to_the_log(private_server: MakeServer) -> None:
    server = private_server(settings={"log_statement": "all"})
    done = run_pgvigil("doctor", server.dsn(MONITOR))
    assert "log_statement = all" in done.stdout
    assert "MB a day" in done.stdout
    assert f"ALTER ROLE {MONITOR} SET log_statement = 'none';" in done.stdout.replace('"', "")


def test_serve_without_a_server_says_how_to_name_one() -> None:
    done = run_pgvigil("serve")
    assert done.returncode == 2
    assert "pgvigil serve postgresql://" in done.stderr


def test_serve_refuses_a_used_port_a_short_key_and_another_key(tmp_path: Path) -> None:
    store = f"duckdb://{tmp_path}/pgvigil.db"
    target = "postgresql://u@127.0.0.1:1/x"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_pgvigil("serve", target, "--store", store, "--listen", f"127.0.0.1:{port}")
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--listen" in done.stderr
    short = run_pgvigil("serve", target, "--store", store, "--listen", "127.0.0.1:0", key="short")
    assert short.returncode == 2
    assert "16" in short.stderr


def test_serve_listens_on_loopback_only() -> None:
    done = run_pgvigil("serve", "postgresql://u@127.0.0.1:1/x", "--listen", "0.0.0.0:8432")
    assert done.returncode == 2
    assert "serve.listen" in done.stderr
    assert "loopback" in done.stderr


def test_openapi_and_version_are_printed() -> None:
    document = json.loads(run_pgvigil("openapi").stdout)
    assert "/api/v1/targets" in document["paths"]
    assert run_pgvigil("version").stdout.startswith("pgvigil ")


@pytest.mark.parametrize("command", [("version",), ("openapi",), ("sql", "--format", "json", "select 1")])
def test_an_answer_that_cannot_be_written_is_told(command: tuple[str, ...], tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("There is no /dev/full here; Linux has one.")
    environment = clean_environment({"PGVIGIL_STORE_KEY": KEY, "PGVIGIL_STORE_URL": f"duckdb://{tmp_path}/x.db"})
    open_store(environment["PGVIGIL_STORE_URL"], Secret(KEY), load_catalog()).close()
    for unbuffered in ("", "1"):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [str(PGVIGIL), *command],
                stdout=full,
                stderr=subprocess.PIPE,
                env={**environment, "PYTHONUNBUFFERED": unbuffered},
                timeout=60,
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr == (
            b"pgvigil: The answer could not be written to standard output: No space left on device.\n"
        )


@pytest.mark.parametrize("command", [("version",), ("openapi",), ("--help",), ("sql", "--format", "json", "select 1")])
def test_a_standard_output_that_is_closed_is_told_and_no_file_of_ours_takes_its_place(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    environment = clean_environment({"PGVIGIL_STORE_KEY": KEY, "PGVIGIL_STORE_URL": f"duckdb://{tmp_path}/x.db"})
    open_store(environment["PGVIGIL_STORE_URL"], Secret(KEY), load_catalog()).close()
    before = (tmp_path / "x.db").read_bytes()

    def ended(closed: str) -> tuple[int, bytes, bytes]:
        shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", str(PGVIGIL), *command]
        done = subprocess.run(shell, capture_output=True, env=environment, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    told = b"pgvigil: The answer could not be written to standard output: Bad file descriptor.\n"
    assert ended(">&-") == (2, b"", told)
    assert ended(">&- 2>&-") == (2, b"", b"")
    assert ended("2>&-")[0] == 0
    assert (tmp_path / "x.db").read_bytes() == before


def test_who_reads_what_serve_says_may_be_gone(tmp_path: Path) -> None:
    environment = clean_environment({**STRICT, "PGVIGIL_STORE_KEY": KEY})
    words = [str(PGVIGIL), "serve", "postgresql://u@127.0.0.1:1/x", "--listen", "127.0.0.1:0"]
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *words, "--store", f"duckdb://{tmp_path}/x.db"]
    with subprocess.Popen(shell, stderr=subprocess.PIPE, env=environment, text=True) as running:
        assert running.stderr is not None
        assert any("unreachable" in line for line in running.stderr), "it watches"
        running.terminate()
        assert "standard output" not in running.stderr.read()
    assert running.returncode == 0


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_what_the_locale_cannot_write_is_told_by_its_number(form: str, tmp_path: Path) -> None:
    url = f"duckdb://{tmp_path}/x.db"
    open_store(url, Secret(KEY), load_catalog()).close()
    narrow = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = run_pgvigil("sql", "--store", url, "--format", form, "select chr(8364) as e", environment=narrow)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u20ac" in done.stdout


def test_demo_says_that_it_is_set_by_its_options_alone() -> None:
    told = " ".join(run_pgvigil("demo", "--help").stdout.split())
    assert "set by these options alone: no PGVIGIL_ variable and no pgvigil.toml" in told


def test_every_command_is_there_and_explains_itself() -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["--help"]).output
    for name in COMMANDS:
        assert f" {name} " in listed
        explained = runner.invoke(app, [name, "--help"])
        assert (explained.exit_code, "Usage" in explained.output) == (0, True)
    assert runner.invoke(app, ["frobnicate"]).exit_code == 2


def test_whoever_calls_it_keeps_the_modes_of_their_own_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pgvigil", "version"])
    before = os.umask(0o022)
    try:
        with pytest.raises(SystemExit):
            main()
        assert os.umask(before) == 0o022
    finally:
        os.umask(before)
