"""What the README and the docs tell one to type does what they say: the role's SQL, the queries, the commands."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from fix_monitor import MakeMonitor, run_pgvigil
from fix_servers import MONITOR, Database, MakeServer, connect
from pgvigil.cli.main import COMMANDS
from pgvigil.cli.version import VERSION
from pgvigil.sandbox.environment import clean_environment
from pgvigil.sandbox.server import Server
from pgvigil.serve.app import create_app

ROOT = Path(__file__).resolve().parents[2]
README, INSTALLATION = ROOT / "README.md", ROOT / "docs" / "installation.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
PASSWORD = "…"
"""What stands in the docs for a password."""

EMPTY = frozenset({"select * from gaps order by since desc limit 20"})
"""Queries that rightly find nothing where nothing went wrong."""


def sql_blocks(page: Path) -> list[str]:
    return re.findall(r"^```sql\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def role_of_readme() -> str:
    (found,) = re.findall(r'^    psql "[^"]+" -c "([^"]+)"$', README.read_text(), re.MULTILINE)
    return str(found)


def role_of_installation() -> str:
    whole, *_ = sql_blocks(INSTALLATION)
    return whole


def access_of_installation() -> str:
    _, access = sql_blocks(INSTALLATION)
    return access


def make_role(server: Server, database: str, told: str) -> str:
    """Run the docs' SQL as their superuser would; the DSN of the role."""
    assert f"CREATE ROLE pgvigil LOGIN CONNECTION LIMIT 4 PASSWORD '{PASSWORD}'" in told
    server.passwords["pgvigil"] = "a-password-of-ones-own"
    with connect(server, database) as superuser:
        superuser.execute(told.replace(PASSWORD, server.passwords["pgvigil"]).encode())
    return server.dsn("pgvigil", database)


def lacks(dsn: str) -> list[str]:
    """What `check` and `doctor` would have granted; both must be able to look, and `check` finds the server well."""
    looked, examined = run_pgvigil("check", dsn, "--json"), run_pgvigil("doctor", dsn)
    assert (looked.returncode, examined.returncode) == (0, 0), looked.stdout + looked.stderr + examined.stderr
    hidden = [f"{it['reason']} {it['remedy']}" for it in json.loads(looked.stdout)["not_visible"]]
    seen, _, _ = examined.stdout.partition("A role with no more rights than pgvigil needs:")
    return [
        line
        for line in (*hidden, *seen.splitlines())
        if re.search(r"\bgrant\b|permission|denied|right", line, re.IGNORECASE)
    ]


@pytest.mark.pg("all")
def test_the_role_that_is_printed_may_see_all_that_pgvigil_looks_at(private_server: MakeServer) -> None:
    server = private_server(settings={"fsync": "on", "full_page_writes": "on"})
    for number, told in enumerate((role_of_readme(), role_of_installation())):
        name = f"app{number}"
        with connect(server) as superuser:
            superuser.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            superuser.execute("drop role if exists pgvigil")
        if "CREATE EXTENSION" not in told:  # as `doctor` says before
            with connect(server, name) as superuser:
                superuser.execute("create extension pg_stat_statements")
        assert lacks(make_role(server, name, told)) == []


def test_the_grant_for_an_extension_elsewhere_is_what_is_lacking_without_it(private_server: MakeServer) -> None:
    server = private_server(settings={"fsync": "on", "full_page_writes": "on"})
    with connect(server) as superuser:
        superuser.execute("create database app")
    with connect(server, "app") as superuser:
        superuser.execute("create schema extensions")
        superuser.execute("create extension pg_stat_statements schema extensions")
    dsn = make_role(server, "app", role_of_installation())
    assert any(access_of_installation().strip() in line.replace('"', "") for line in lacks(dsn))
    with connect(server, "app") as superuser:
        superuser.execute(access_of_installation().encode())
    assert lacks(dsn) == []


def test_the_role_that_is_printed_changes_nothing(private_server: MakeServer) -> None:
    server = private_server()
    dsn = make_role(server, "postgres", role_of_installation())
    with psycopg.connect(dsn, autocommit=True) as role, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        role.execute("create temporary table t (id int)")


def printed_queries() -> Iterator[tuple[str, str]]:
    """Each query for the store, and the page that prints it: as a command, or as a block that begins with select."""
    for page in PAGES:
        found = re.findall(r'pgvigil sql "([^"]+)"', page.read_text())
        found += re.findall(r"^\n((?:    select .*\n)(?:    .*\n)*)", page.read_text(), re.MULTILINE)
        yield from ((str(page.relative_to(ROOT)), " ".join(query.split())) for query in found)


@pytest.mark.slow(reason="waits for two readings of a server, and one comes every ten seconds")
def test_every_query_that_is_printed_is_answered_by_a_filled_store(monitor: MakeMonitor, database: Database) -> None:
    queries = list(printed_queries())
    assert {page for page, _ in queries} >= {"README.md", "docs/reference/store.md", "docs/troubleshooting.md"}
    running = monitor(database.dsn(MONITOR))
    running.wait_for("calls", lambda: running.sql("select sum(calls) as n from statements")[0]["n"])
    for page, query in queries:
        answer = running.sql(query)
        assert query in EMPTY or any(value is not None for row in answer for value in row.values()), (page, query)


def test_every_command_that_is_printed_is_one() -> None:
    told = {
        word
        for page in PAGES
        for word in re.findall(r"(?:^ {4}|`|/)pgvigil ([a-z]+)\b", page.read_text(), re.MULTILINE)
    }
    assert told >= {"serve", "check", "doctor", "sql", "backup"}
    assert told <= set(COMMANDS)


@pytest.mark.parametrize("page", [README, INSTALLATION])
def test_the_page_is_made_and_pgvigil_is_on_path_before_it_is_called_by_its_bare_name(page: Path) -> None:
    before, _, _ = page.read_text().partition("\n    pgvigil ")
    lines = [line.partition("#")[0].strip() for line in before.splitlines() if line.startswith("    ")]
    typed = [word for line in lines for word in line.split(" && ")]
    exports = [word for word in typed if word.startswith("export PATH=")]
    assert "make page" in typed
    (export,) = exports
    assert typed.index("make page") < typed.index(export)
    found = subprocess.run(
        ["/bin/sh", "-c", f"{export}; command -v pgvigil"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert shlex.split(found.stdout) == [str(ROOT / ".venv" / "bin" / "pgvigil")]


def test_the_parameters_of_the_api_are_those_of_the_architecture_page() -> None:
    told = {
        path: set(parameters.split("&"))
        for path, parameters in re.findall(
            r"\| `GET ([^`?]+)\?([^`]+)` \|", (ROOT / "docs" / "architecture.md").read_text().replace("=`", "`")
        )
    }
    document = create_app(None, VERSION).openapi()["paths"]
    assert len(told) >= 5
    for path, parameters in told.items():
        asked = {it["name"] for it in document[path]["get"]["parameters"] if it["in"] == "query"}
        assert parameters == asked, path
