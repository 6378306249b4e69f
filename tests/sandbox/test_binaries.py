"""Finding the programs of each major, and getting them where the servers' account may run them."""

from pathlib import Path

import pytest

from pgvigil.sandbox import binaries
from pgvigil.sandbox.account import server_account
from pgvigil.sandbox.binaries import MAJORS, Binaries, BinariesMissingError


@pytest.mark.pg("all")
def test_every_major_is_found_with_the_version_it_says_itself(major: int) -> None:
    try:
        found = binaries.find(major)
    except BinariesMissingError as missing:
        pytest.skip(str(missing))
    assert found.version.startswith(f"{major}.")
    assert found.tool("initdb").is_file()


def test_17_and_18_bring_the_clients() -> None:
    for major in (17, 18):
        found = binaries.find(major)
        assert all(found.has(name) for name in ("psql", "pgbench", "pg_basebackup"))


def test_a_program_that_a_build_lacks_is_named() -> None:
    with pytest.raises(BinariesMissingError, match="has no pg_nonsense"):
        binaries.find(18).tool("pg_nonsense")


def test_an_unknown_major_is_told_the_known_ones() -> None:
    with pytest.raises(BinariesMissingError, match=r"PostgreSQL 13; allowed are 14, 15, 16, 17, 18"):
        binaries.find(13)


def test_a_missing_major_comes_with_the_line_that_installs_it(tmp_path: Path) -> None:
    if Path("/usr/lib/postgresql/14").exists():  # then the system's is found, as it should be
        assert binaries.find(14, tmp_path).prefix == Path("/usr/lib/postgresql/14")
        return
    with pytest.raises(BinariesMissingError, match=r"make servers|brew install postgresql@14"):
        binaries.find(14, tmp_path)
    assert all(binaries.remedy(major) for major in MAJORS)


def test_something_else_by_that_name_is_not_taken(tmp_path: Path) -> None:
    programs = tmp_path / "servers" / "postgres-14" / "native" / "bin"
    programs.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (programs / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.24'\n")
        (programs / name).chmod(0o755)
    with pytest.raises(BinariesMissingError, match=r"not a PostgreSQL 14 that runs: .*9\.6\.24"):
        binaries.find(14, tmp_path)


@pytest.mark.pg(14, 17, 18)
def test_binaries_below_a_private_directory_are_copied_for_a_borrowed_account(
    major: int, tmp_path: Path, open_directory: Path
) -> None:
    account = server_account()
    private = tmp_path / "private home"
    private.mkdir(mode=0o700)
    found = binaries.find(major).copied_to(private / "packages")
    for path in found.prefix.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)  # as unpacked under umask 077
    usable = found.readable_by(account, open_directory)
    assert usable.prefix.is_relative_to(open_directory if account.borrowed else private)
    assert runs(usable, "initdb")
    assert not account.borrowed or not runs(found, "initdb")
    assert oct(private.stat().st_mode)[-3:] == "700"


def runs(found: Binaries, program: str) -> bool:
    return server_account().may_run(str(found.tool(program)), "--version", environment=found.environment())
