"""What a killed owner leaves behind is removed by the next start, and nothing else is."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgvigil.model import PgvigilError
from pgvigil.sandbox.environment import clean_environment
from pgvigil.sandbox.home import STATE, Home, PlaceError, living, runtime_root, sweep
from pgvigil.sandbox.processes import descendants, of
from pgvigil.sandbox.shared_memory import segments_of
from pgvigil.store.location import locate
from pgvigil.store.rendezvous import choose

_OWNER = """
import sys, time
from pathlib import Path
from pgvigil.sandbox.server import Server

server = Server.running(18, base=Path(sys.argv[1]))
print(server.home.path, server.pid, server.dsn(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def owner(open_directory: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process with a running server."""
    environment = clean_environment({"PYTHONPATH": os.pathsep.join(sys.path)})
    command = [sys.executable, "-c", _OWNER, str(open_directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        yield child
        child.kill()
    sweep(runtime_root(open_directory))


def read_line(owner: "subprocess.Popen[str]") -> list[str]:
    assert owner.stdout is not None
    return owner.stdout.readline().split()


def test_the_next_start_removes_what_a_killed_owner_left(owner: "subprocess.Popen[str]", open_directory: Path) -> None:
    path, pid, dsn = read_line(owner)
    with psycopg.connect(dsn, autocommit=True) as client:
        postmaster = of(int(pid))
        assert postmaster is not None
        family = [postmaster, *descendants(int(pid))]
        segments = list(segments_of(Path(path)))
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        assert client.execute("select 1").fetchone() == (1,)  # it outlives its owner, or there is nothing to test
        assert len(family) > 3
        assert len(segments) == 1

        home = Home("next", open_directory)

    assert not any(process.alive for process in family)
    assert not any(segment.exists for segment in segments)
    assert not Path(path).exists()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(dsn)
    home.remove()


def test_a_killed_owner_and_a_killed_postmaster_leave_backends_that_are_found(
    owner: "subprocess.Popen[str]", open_directory: Path
) -> None:
    path, pid, dsn = read_line(owner)
    segments = list(segments_of(Path(path)))
    with psycopg.connect(dsn, autocommit=True) as client:
        backend = of(client.info.backend_pid)
        assert backend is not None
        os.kill(backend.pid, signal.SIGSTOP)  # or it notices by itself that the postmaster is gone
        owner.kill()
        owner.wait()
        os.kill(int(pid), signal.SIGKILL)
        if not Path("/proc").exists():
            pytest.skip("Linux only: elsewhere a backend is not found by its working directory")
        assert sweep(runtime_root(open_directory)) == [Path(path)]
    assert not backend.alive
    assert [segment.exists for segment in segments] == [False]


def test_the_home_of_a_living_owner_is_left_alone(owner: "subprocess.Popen[str]", open_directory: Path) -> None:
    path, _, dsn = read_line(owner)
    assert sweep(runtime_root(open_directory)) == []
    assert Path(path).exists()
    psycopg.connect(dsn).close()


def leftover(base: Path, machine: str | None = None) -> Path:
    """A home whose owner ended long ago."""
    path = runtime_root(base) / "left"
    (path / "data").mkdir(parents=True)
    state = {"machine": machine or own_machine(base), "owner": (1, "never"), "processes": []}
    (path / STATE).write_text(json.dumps(state))
    return path


def own_machine(base: Path) -> str:
    home = Home("probe", base)
    machine: str = json.loads((home.path / STATE).read_text())["machine"]
    home.remove()
    return machine


def test_a_pid_that_was_given_out_again_is_not_the_owner(open_directory: Path) -> None:
    path = leftover(open_directory)  # pid 1 lives, and did not start at "never"
    assert sweep(runtime_root(open_directory)) == [path]
    assert not path.exists()


def test_a_home_from_before_a_reboot_is_deleted(open_directory: Path) -> None:
    path = leftover(open_directory, "another-boot pid:[1]")
    assert sweep(runtime_root(open_directory)) == [path]


@pytest.mark.skipif(sys.platform != "linux", reason="containers share a temporary directory on Linux only")
def test_a_home_of_another_container_is_left_alone(open_directory: Path) -> None:
    boot = own_machine(open_directory).partition(" ")[0]
    path = leftover(open_directory, f"{boot} pid:[1]")
    assert sweep(runtime_root(open_directory)) == []
    assert path.exists()


@pytest.mark.parametrize("text", ["", "{", None])
def test_a_home_without_a_readable_state_is_deleted_when_it_is_old(open_directory: Path, text: str | None) -> None:
    path = runtime_root(open_directory) / "nameless"
    path.mkdir()
    if text is not None:
        (path / STATE).write_text(text)
    assert sweep(path.parent) == []
    os.utime(path, (0, time.time() - 3600))
    assert sweep(path.parent) == [path]


def test_a_directory_that_somebody_else_prepared_is_not_used(open_directory: Path) -> None:
    elsewhere = open_directory / "elsewhere"
    elsewhere.mkdir()
    (open_directory / f"pgvigil-{os.geteuid()}").symlink_to(elsewhere)
    with pytest.raises(PgvigilError, match="set TMPDIR"):
        runtime_root(open_directory)


def test_a_directory_that_others_may_write_to_is_not_used(open_directory: Path) -> None:
    root = open_directory / f"pgvigil-{os.geteuid()}"
    root.mkdir()
    root.chmod(0o777)
    with pytest.raises(PgvigilError, match="set TMPDIR"):
        runtime_root(open_directory)


def test_what_the_system_refuses_is_told_with_the_place(open_directory: Path) -> None:
    root = runtime_root(open_directory)
    (root / "odd" / STATE).mkdir(parents=True)
    with pytest.raises(PlaceError, match=f"cannot be set up in {root}: Is a directory. .* set TMPDIR"):
        Home("next", open_directory)


def test_a_temporary_directory_told_from_a_place_that_was_removed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("TMPDIR", "relative")
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert living("nobody's") == []
    assert runtime_root().parent in {Path("/tmp").resolve(), Path("/var/tmp").resolve()}


def test_the_root_goes_with_its_last_home_and_comes_again(open_directory: Path) -> None:
    first, second = Home("first", open_directory), Home("second", open_directory)
    root = first.path.parent
    first.remove()
    assert root.exists()
    second.remove()
    assert not root.exists()
    Home("third", open_directory).remove()


def test_a_home_is_made_although_the_root_vanishes_meanwhile(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def and_gone(base: Path | None) -> Path:
        root = runtime_root(base)
        roots.append(root)
        if len(roots) == 2:
            root.rmdir()  # as the last of the other homes does
        return root

    roots: list[Path] = []
    monkeypatch.setattr("pgvigil.sandbox.home.runtime_root", and_gone)
    home = Home("made", open_directory)
    assert home.path.is_dir()
    assert len(roots) == 3, "for the sweep, in vain, and again"
    home.remove()


def test_a_tight_umask_or_mode_does_not_keep_the_servers_account_out(open_directory: Path) -> None:
    root = open_directory / f"pgvigil-{os.geteuid()}"
    root.mkdir(mode=0o700)
    before = os.umask(0o077)
    try:
        home = Home("private", open_directory)
    finally:
        os.umask(before)
    assert home.account.may_enter(home.directory("data"))
    home.remove()


def test_the_store_finds_room_for_its_socket_beside_the_homes(open_directory: Path) -> None:
    location = locate(f"duckdb:///{'long/' * 30}pgvigil.db")
    home = Home("demo", open_directory)
    socket = choose(location, open_directory)
    again = Home("again", open_directory)
    assert choose(location, open_directory) == socket
    assert home.account.may_enter(again.directory("data"))
    for each in (home, again):
        each.remove()
