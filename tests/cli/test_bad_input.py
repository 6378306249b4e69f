"""Whatever a user gives that is wrong: exit code 2, a sentence, never a traceback and never a secret."""

import errno
import getpass
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fix_monitor import PGVIGIL, STRICT
from pgvigil.cli import keeping, opening, options, serving
from pgvigil.cli.main import main
from pgvigil.cli.settings import Listen, SettingError
from pgvigil.sandbox.environment import clean_environment
from toys import COUNTERS, write_pack

NOWHERE = "postgresql://u@127.0.0.1:1/x"
SECRET = "hunter2"
LINT = 'title = "t"\nhelp = "h"\ntodo = "d"\nsource = "s"\n'
Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Runs a command that must fail, and returns what it says."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGVIGIL_STORE_KEY", "a key that only these tests use")

    def fail(*arguments: str, **environment: str) -> str:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["pgvigil", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, "")
        assert err.startswith("pgvigil: ")
        assert err.count("\n") == 1
        assert SECRET not in err
        return err

    yield fail
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize("command", ["check", "doctor", "serve"])
@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("", "target has no dsn"),
        ("nonsense", "is not a PostgreSQL URL"),
        (f"postgresql://u:{SECRET}@[::1/x", "brackets do not fit"),
        (f"postgresql://u:[{SECRET}/x@h/x", "brackets do not fit"),
        (f"postgresql://u:{SECRET}\udcff@h/x", "not UTF-8"),
        (f"env:NO_{SECRET[:-1].upper()}", "the environment has no NO_HUNTER"),
        ("file:/no/such/file", "FileNotFoundError"),
    ],
)
def test_a_dsn_that_cannot_be_read(run: Run, command: str, dsn: str, says: str) -> None:
    said = run(command, dsn)
    assert says in said
    assert "allowed: " in said


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        (f"postgresql://u:{SECRET}@h:port/x", "hosts and ports that do not fit"),
        (f"postgresql://u:{SECRET}@127.0.0.1:1/x", "Nothing listens at 127.0.0.1:1"),
        (f"postgresql://u:{SECRET}@127.0.0.1:1/x?sslmode=strict", "sslmode=strict"),
        (f"service=x password={SECRET}", "names a service"),
    ],
)
def test_a_server_that_cannot_be_looked_at(run: Run, dsn: str, says: str) -> None:
    assert says in run("check", dsn)
    assert says in run("doctor", dsn)


def test_a_user_without_a_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999_999)
    monkeypatch.setattr(opening, "SYSTEM", Path("/proc/none/pgvigil"))
    with pytest.raises((KeyError, OSError)):
        getpass.getuser()
    assert "names no user" in run("check", "postgresql://127.0.0.1:1/x")
    assert "this user has no home; give --store" in run("sql", "select 1")


@pytest.mark.parametrize(
    ("store", "says"),
    [
        ("foo://x", "allowed is duckdb:///absolute/path"),
        ("duckdb://", "names no file"),
        ("duckdb://./", "names no file"),
        ("duckdb://directory", "Is a directory"),
        ("duckdb://binary", "is not a store"),
        ("duckdb://binary/x.db", "no store"),
        (f"duckdb://{'x' * 300}", "File name too long"),
        (f"duckdb://{'x' * 250}", "File name too long"),
        ("duckdb://\udcff", "not UTF-8"),
    ],
)
@pytest.mark.parametrize("command", ["sql", "backup", "compact"])
def test_a_store_that_is_none(run: Run, command: str, store: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 64)
    before = sorted(it.name for it in tmp_path.iterdir())
    arguments = {"sql": ["sql", "select 1"], "backup": ["backup", "copy"], "compact": ["store", "compact"]}[command]
    said = run(*arguments, "--store", store)
    assert says in said or (store == "duckdb://directory" and "directory" in said)
    assert [it for it in before if not (tmp_path / it).exists()] == []
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize(
    ("file", "says"), [("none.toml", "does not exist"), ("directory", "Is a directory"), ("binary", "is not TOML")]
)
def test_a_configuration_that_is_none(run: Run, file: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    for command in (("check", NOWHERE), ("sql", "select 1"), ("serve",)):
        said = run(*command, "--config", file)
        assert says in said
        assert file in said


def test_a_path_that_is_too_long(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 300
    assert "cannot be read: File name too long" in run("sql", "select 1", "--config", long)
    assert "File name too long" in run("restore", long, "--store", "duckdb://new.db")
    packs = run("check", NOWHERE, PGVIGIL_CATALOG_PACKS=long)
    assert f"catalog.packs = '{long}' ({long} cannot be looked at: File name too long); allowed: a list" in packs
    monkeypatch.delenv("PGVIGIL_CATALOG_PACKS")
    monkeypatch.setattr(opening, "SYSTEM", Path("/proc/none/pgvigil"))
    assert "File name too long" in run("sql", "select 1", XDG_STATE_HOME=str(tmp_path / long))


def test_a_working_directory_that_cannot_be_looked_into(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pgvigil.toml").symlink_to("x" * 300)
    with pytest.raises(OSError, match="too long"):
        options.HERE.stat()
    assert "There is no store" in run("sql", "select 1", "--store", "duckdb://none.db")


@pytest.mark.parametrize(
    ("name", "files", "says"),
    [
        ("14.sql", {"14.sql": "select pg_reload_conf()::text as name, 1::int8 as hits"}, "pg_reload_conf"),
        ("14.sql", {"14.sql": "delete from t returning 'a' as name, 1::int8 as hits"}, "SELECT"),
        ("14.sql", {"14.sql": "select \udcff"}, "UTF-8"),
        ("evil", {}, "SQL"),
    ],
)
def test_a_pack_with_one_evil_file(run: Run, name: str, files: dict[str, str], says: str, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"evil": (COUNTERS, {})})
    for file, text in files.items():
        (pack / "probes" / "evil" / file).write_bytes(text.encode(errors="surrogateescape"))
    asked = ("sql", "select 1", "--store", "duckdb://x.db")  # without, a demo that runs on this machine would answer
    for command in (("check", NOWHERE), ("doctor", NOWHERE), ("serve", NOWHERE), asked):
        said = run(*command, PGVIGIL_CATALOG_PACKS=str(pack))
        assert "toys/probes/evil" in said
        assert name in said
        assert says in said


@pytest.mark.parametrize("text", ["select pg_terminate_backend(1)", "select 1 as key", "select \udcff"])
def test_a_pack_with_one_evil_lint(run: Run, text: str, tmp_path: Path) -> None:
    folder = write_pack(tmp_path, {}) / "lints" / "evil"
    folder.mkdir(parents=True)
    (folder / "lint.toml").write_text(LINT)
    (folder / "14.sql").write_bytes(text.encode(errors="surrogateescape"))
    assert "lints/evil/14.sql" in run("check", NOWHERE, PGVIGIL_CATALOG_PACKS=str(tmp_path / "toys"))


@pytest.mark.parametrize("key", ["short", "\udcff" * 20, "file:/no/such/file", "env:NO_SUCH_KEY"])
def test_a_key_that_is_none(run: Run, key: str, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"x" * 20_000)
    said = run("sql", "select 1", "--store", "duckdb://x.db", PGVIGIL_STORE_KEY=key)
    assert key not in said or key == "short"


@pytest.mark.parametrize("query", ["", "  ", "select '\udcff'"])
def test_a_query_that_is_no_text(run: Run, query: str) -> None:
    assert "allowed: one SELECT" in run("sql", query, "--store", "duckdb://x.db")


def test_an_address_of_a_family_that_this_machine_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "AF_INET6", 9_999)
    with pytest.raises(SettingError, match=r"serve.listen = \[::1\]:0 cannot be used: .*; give another address"):
        serving.bind(Listen("::1", 0))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("sql", "select 1", "--store", "duckdb://x.db"), "allowed is duckdb:///absolute/path"),
        (("backup", "copy", "--store", "duckdb://x.db"), "FILE = 'copy'"),
        (("backup", "/copy", "--store", "duckdb://x.db"), "allowed is duckdb:///absolute/path"),
        (("backup", "copy", "--store", "duckdb:////x.db"), "FILE = 'copy'"),
        (("restore", "copy", "--store", "duckdb:////x.db"), "allowed: an absolute path"),
        (("store", "compact", "--store", "duckdb://x.db"), "allowed is duckdb:///absolute/path"),
        (
            ("serve", NOWHERE, "--store", "duckdb://x.db", "--listen", "127.0.0.1:0"),
            "allowed is duckdb:///absolute/path",
        ),
    ],
)
def test_a_working_directory_that_was_removed(
    run: Run, command: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    said = run(*command)
    assert "the working directory cannot be told: No such file or directory" in said
    assert says in said
    assert "Nothing listens" in run("check", NOWHERE)


def test_a_full_disk_that_nobody_spoke_of_is_not_that_of_standard_output(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/file")

    monkeypatch.setattr(keeping, "ask", full)
    said = run("sql", "select 1", "--store", "duckdb://x.db")
    assert said == "pgvigil: The system refused /a/file: No space left on device.\n"


@pytest.mark.parametrize(
    ("blocks", "says"),
    [
        (0, "The sandbox cannot be set up in /"),
        (16 * 2**20 // 512, "Creating the sandbox's database failed: could not extend file "),  # a segment of WAL fits
    ],
)
def test_a_disk_that_the_demo_fills(blocks: int, says: str, open_directory: Path) -> None:
    variables = {"TMPDIR": str(open_directory), "HOME": str(open_directory), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["/bin/sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", PGVIGIL, "demo", "--listen", "127.0.0.1:0"],
        env=clean_environment({**variables, **STRICT}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"pgvigil: {says}")
    assert "File too large" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "standard output" not in done.stderr
    assert [path for path in open_directory.rglob("*") if path.is_file()] == []
