"""What `pgvigil serve` saw of a server stands in no file in the clear, killed or running, and is found by asking."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import sql

from e2e.places import Places
from fix_monitor import MakeMonitor, Monitor, run_pgvigil
from fix_servers import MONITOR, Connection, MakeServer, connect
from pgvigil.sandbox.server import Server

KNOWN = {
    "statement": "statement_heronlake",
    "database": "database_quokkahouse",
    "user": "user_narwhalbay",
    "application": "application_ibexpeak",
    "schema": "schema_ocelotrun",
    "table": "table_wombatden",
    "setting": "setting_pangolinhill",
    "label": "label_axolotlpond",
    "host": "host-okapi.example.org",
    "tag": "tag_tapirtrail",
}
QUERIES = {
    "statement": "select text from queries where text like '%{}%'",
    "database": "select name from database_names where name = '{}'",
    "user": "select name from role_names where name = '{}'",
    "application": "select application from sessions where application = '{}'",
    "schema": "select text from queries where text like '%{}%'",
    "table": "select text from queries where text like '%{}%'",
    "setting": "select value from settings where value = '{}'",
    "label": "select labels from targets where labels::text like '%{}%'",
    "host": "select reason from passes where reason like '%{}%'",
    "tag": "select tags from sessions where tags = 'job={}'",
}


NAME = "orders"
"""Of the target; one without a name is called by its host, and the log names targets."""


@dataclass(frozen=True, slots=True)
class Watched:
    server: Server
    running: Monitor
    temporary: Path

    def state(self, words: str) -> bool:
        """Whether the target's state names the host and these words."""
        (target,) = self.running.get("/api/v1/targets")["targets"]
        return all(word in target["state"]["cause"] for word in (KNOWN["host"], words))


def fill(server: Server) -> None:
    """Create what bears the names."""
    with connect(server) as connection:
        user, password = sql.Identifier(KNOWN["user"]), sql.Literal("word")
        connection.execute(sql.SQL("create role {} superuser login password {}").format(user, password))
        # What refuses a visit is kept, and told in the state, with the host's name.
        connection.execute(sql.SQL("create database {} connection limit 0").format(sql.Identifier(KNOWN["database"])))
    server.passwords[KNOWN["user"]] = "word"
    with connect(server, KNOWN["database"]) as connection:
        schema, table = (sql.Identifier(KNOWN[name]) for name in ("schema", "table"))
        connection.execute(sql.SQL("create schema {}").format(schema))
        connection.execute(sql.SQL("create table {}.{} (id int)").format(schema, table))


@pytest.fixture
def busy(private_server: MakeServer) -> Iterator[Server]:
    """A server on which a session with all the names is at work for as long as the test runs."""
    server = private_server(settings={"cluster_name": KNOWN["setting"]})
    fill(server)
    with connect(server, KNOWN["database"], KNOWN["user"], application_name=KNOWN["application"]) as session:
        at_work(session)
        yield server


def at_work(session: Connection) -> None:
    """Leave a transaction open, so that every sample sees it."""
    session.execute("begin")
    table = sql.Identifier(KNOWN["schema"], KNOWN["table"])
    words = sql.SQL("select id as {} from {} /* job={} */")
    session.execute(words.format(sql.Identifier(KNOWN["statement"]), table, sql.SQL(KNOWN["tag"])))


@pytest.fixture
def watched(monitor: MakeMonitor, busy: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name in ("TMPDIR", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(temporary))
    config = tmp_path / "pgvigil.toml"
    dsn = f"{busy.dsn(MONITOR, host=KNOWN['host'])}?hostaddr={busy.host}"
    config.write_text(f"""[[target]]\nname = "{NAME}"\ndsn = "{dsn}"\nlabels = {{ team = "{KNOWN["label"]}" }}\n""")
    return Watched(busy, monitor(arguments=("--config", str(config), "--log-level", "debug")), temporary)


def unfound(running: Monitor) -> list[str]:
    """The names that `pgvigil sql` does not find, asked in one go."""
    parts = (f"select '{name}' as name where exists ({query.format(KNOWN[name])})" for name, query in QUERIES.items())
    found = {row["name"] for row in running.sql(" union all ".join(parts))}
    return sorted(QUERIES.keys() - found)


def readable(watched: Watched) -> list[tuple[str, str, bytes]]:
    """The strings that stand in a file, and where."""
    places = Places()
    places.files("store", watched.running.directory)
    places.files("temporary", watched.temporary)
    assert places.where("pgvigil.db") == ["store"]
    assert places.where(f"target {NAME}: ") == ["store"], "the log, which lies beside the store, is searched too"
    return places.holding(KNOWN.values())


def test_what_was_seen_stands_in_no_file_and_is_found_by_asking(watched: Watched) -> None:
    running = watched.running
    deadline = time.monotonic() + 30
    while unfound(running) and time.monotonic() < deadline:
        time.sleep(1)
    assert unfound(running) == []
    running.wait_for("the refused visit", lambda: watched.state("connection limit"))
    assert readable(watched) == []
    backup = watched.temporary / "backup"
    done = run_pgvigil("backup", str(backup), "--store", running.store)
    assert done.returncode == 0, done.stderr
    assert readable(watched) == []

    running.kill()
    assert readable(watched) == []
    assert unfound(running) == []
    assert readable(watched) == []

    with connect(watched.server) as connection:
        connection.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(MONITOR)))
    running.start_again()
    running.wait_for("the refused session", lambda: watched.state("may not log in"))
    assert running.stop() == 0
    assert readable(watched) == []
    assert unfound(running) == []
