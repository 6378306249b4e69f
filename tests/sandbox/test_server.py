"""The runner of throwaway servers, on real ones."""

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from fix_pgbouncer import PROGRAM, MakePgBouncer, find_pgbouncer
from fix_servers import MONITOR, Database, MakeServer, connect
from pgvigil.sandbox import binaries
from pgvigil.sandbox.account import Account, server_account
from pgvigil.sandbox.environment import clean_environment
from pgvigil.sandbox.home import STATE, runtime_root
from pgvigil.sandbox.ports import HOST
from pgvigil.sandbox.processes import of, uninterrupted
from pgvigil.sandbox.server import Server, ServerError
from pgvigil.sandbox.shared_memory import segments_of


@pytest.mark.pg("all")
def test_a_shared_server_of_every_major_takes_connections(server: Server, major: int) -> None:
    with connect(server) as connection:
        assert connection.info.server_version // 10_000 == major
        rows = connection.execute("select name, setting from pg_settings where name = any(%s)", [list(_WANTED)])
        assert dict(rows.fetchall()) == _WANTED


_WANTED = {"track_io_timing": "on", "max_connections": "100", "shared_preload_libraries": "pg_stat_statements"}


@pytest.mark.pg("all")
def test_a_database_has_the_statement_counters_and_the_monitor_may_read_them(database: Database) -> None:
    database.execute("select 1 as a_statement_of_this_test")
    with database.connect(MONITOR) as connection:
        found = connection.execute(
            "select calls from pg_stat_statements where query like %s", ["%a_statement_of_this_test%"]
        ).fetchone()
    assert found == (1,)


def test_a_wrong_password_is_refused(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn(password="wrong"))


@pytest.mark.pg("all")
def test_a_killed_server_starts_again_on_the_same_port(private_server: MakeServer) -> None:
    server = private_server()
    server.kill()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(server.dsn())
    server.start()
    with connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_settings_survive_quotes_and_backslashes(private_server: MakeServer) -> None:
    server = private_server(settings={"cluster_name": r"it's a \n test"})
    with connect(server) as connection:
        assert connection.execute("show cluster_name").fetchone() == (r"it's a \n test",)


def test_a_changed_setting_holds_after_a_restart(private_server: MakeServer) -> None:
    server = private_server()
    server.configure({"max_connections": "17"})
    server.restart()
    with connect(server) as connection:
        assert connection.execute("show max_connections").fetchone() == ("17",)


def test_a_setting_that_does_not_exist_is_told_with_the_servers_own_words() -> None:
    before = set(runtime_root().iterdir())
    with pytest.raises(ServerError, match=r"did not start:(?s:.*)no_such_setting"):
        Server.running(18, {"no_such_setting": "1"})
    new = {path for path in set(runtime_root().iterdir()) - before if (path / STATE).exists()}
    assert os.getpid() not in {json.loads((path / STATE).read_text())["owner"][0] for path in new}


class Interrupting(binaries.Binaries):
    """Binaries at whose copying the user presses Ctrl-C."""

    def readable_by(self, account: Account, home: Path) -> "Interrupting":  # noqa: ARG002
        assert home.is_dir()
        raise KeyboardInterrupt


def test_a_ctrl_c_while_the_programs_are_copied_leaves_no_home(open_directory: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Server(binaries=Interrupting(18, "18", open_directory), base=open_directory)
    assert list(open_directory.iterdir()) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_what_is_being_started_is_known(sent: signal.Signals) -> None:
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    known = []

    def start() -> None:
        with uninterrupted():
            signal.raise_signal(sent)
            known.append("child")

    try:
        with pytest.raises(KeyboardInterrupt):
            start()
        assert known == ["child"]
        assert all(signal.getsignal(number) is signal.default_int_handler for number in before)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_removal_leaves_no_process_port_socket_shared_memory_or_file() -> None:
    server = Server.running(18)
    client = connect(server)
    processes = [found for pid in (server.pid, client.info.backend_pid) if (found := of(pid)) is not None]
    segments = list(segments_of(server.home.path))
    assert len(processes) == 2
    assert [segment.exists for segment in segments] == [True]
    server.remove()
    client.close()
    assert not any(process.alive for process in processes)
    assert not any(segment.exists for segment in segments)
    assert not server.home.path.exists()
    with socket.socket() as taker:
        taker.bind((HOST, server.port))


@pytest.mark.pg("all")
def test_nothing_of_it_lies_in_dev_shm(server: Server) -> None:
    with connect(server) as connection:
        assert connection.execute("show dynamic_shared_memory_type").fetchone() == ("mmap",)
        maps = Path(f"/proc/{connection.info.backend_pid}/maps")
        if maps.exists():  # Linux only
            assert "/dev/shm/" not in maps.read_text()


def test_it_listens_on_loopback_alone(server: Server) -> None:
    with connect(server) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)


def test_a_path_too_long_for_a_socket_leaves_tcp(open_directory: Path) -> None:
    base = open_directory / ("long" * 25)
    base.mkdir(mode=0o711)
    with Server.running(18, base=base) as server:
        assert server.socket_directory is None
        connect(server).close()


def test_a_path_with_a_space_and_a_quote_works_by_socket_too(open_directory: Path) -> None:
    base = open_directory / "it's a place"
    base.mkdir(mode=0o711)
    with Server.running(18, base=base) as server:
        assert server.socket_directory is not None
        psycopg.connect(server.dsn(host=str(server.socket_directory))).close()


WATCHED = [Path("/etc/passwd"), Path("/etc/group"), Path(__file__)]


@pytest.mark.pg("all")
def test_no_account_and_no_mode_of_the_machine_is_changed(major: int, open_directory: Path) -> None:
    watched = [*WATCHED, found_or_skip(major).tool("postgres"), open_directory]
    before = facts_about(watched)
    with Server.running(major, base=open_directory) as server:
        connect(server).close()
        during = facts_about(watched)
    assert before == during == facts_about(watched)


def test_a_pooler_changes_none_either(server: Server, pgbouncer: MakePgBouncer) -> None:
    watched = [*WATCHED, find_pgbouncer() / PROGRAM, runtime_root()]
    before = facts_about(watched)
    with psycopg.connect(server.dsn(port=pgbouncer(server).port)):
        during = facts_about(watched)
    assert before == during


def found_or_skip(major: int) -> binaries.Binaries:
    try:
        return binaries.find(major)
    except binaries.BinariesMissingError as missing:
        pytest.skip(str(missing))


def facts_about(paths: list[Path]) -> dict[str, object]:
    """Accounts, and mode and owner of each path and all its parents."""
    files = {parent for path in paths for parent in [path.resolve(), *path.resolve().parents]}
    found = {file: file.stat() for file in files}
    modes = {str(file): (oct(stat.st_mode), stat.st_uid, stat.st_gid) for file, stat in found.items()}
    contents = {f"text of {path}": path.read_text() for path in paths if path.is_relative_to("/etc")}
    return {**modes, **contents, "accounts": pwd.getpwall()}


def test_a_reserved_port_is_given_to_nobody_else() -> None:
    with Server(18) as server:
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.connect((HOST, server.port))
        if Path("/proc").exists():
            with socket.socket() as taker, pytest.raises(OSError, match="in use"):
                taker.bind((HOST, server.port))


def test_the_password_is_not_in_what_python_shows_of_it(server: Server) -> None:
    assert server.passwords["postgres"] not in repr(server)


_AS_ORDINARY_USER = """
import os, sys
from pathlib import Path
from pgvigil.sandbox.account import server_account
from pgvigil.sandbox.binaries import find
from pgvigil.sandbox.server import Server

base, account = Path(sys.argv[1]), server_account()
packed = find(int(sys.argv[2])).copied_to(base / "binaries")
os.chdir("/")
if account.borrowed:
    server_account.cache_clear()
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
with Server.running(binaries=packed, base=base / "own") as server:
    print("ran as", os.stat(server.data).st_uid, "below", server.home.path.parent.name)
"""


@pytest.mark.pg(14, 18)
def test_an_ordinary_user_can_run_it(major: int, open_directory: Path) -> None:
    account = server_account()
    own = open_directory / "own"
    own.mkdir()
    account.own(own)
    done = subprocess.run(
        [sys.executable, "-c", _AS_ORDINARY_USER, str(open_directory), str(major)],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
    )
    assert done.stdout.strip() == f"ran as {account.uid} below pgvigil-{account.uid}", done.stderr
    assert list(own.glob("*/*")) == []
