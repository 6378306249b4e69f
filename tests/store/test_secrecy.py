"""Nothing that is kept can be read from any file of the store."""

import os
import signal
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from fix_monitor import MakeMonitor
from fix_servers import MONITOR, Database
from pgvigil.store import Store
from pgvigil.store.asking import ask, ask_for_backup, ask_to_compact
from pgvigil.store.location import locate
from store.toys import KEY, START, batch, calls, catalog

STRINGS = {
    "statement": "select zebrafinch from ledger_entries where id = $1",
    "database": "database_quokkahouse",
    "user": "user_narwhalbay",
    "application": "application_ibexpeak",
    "table": "table_wombatden",
    "schema": "schema_ocelotrun",
    "setting": "setting_value_pangolin",
    "label": "label_axolotlpond",
    "host": "host_okapi.example.org",
    "event": "event_detail_tapirtrail",
}

CHILD = """
import sys, signal
sys.path[:0] = {path!r}
from pgvigil.store import open_store
from store import test_secrecy
test_secrecy.fill(open_store({url!r}, test_secrecy.KEY, test_secrecy.catalog()))
print("filled", flush=True)
signal.pause()
"""


def fill(store: Store) -> None:
    """Tell each of the strings, many times over, so that some would end up in blocks of their own."""
    store.target_id(STRINGS["host"], 2, {"env": STRINGS["label"]})
    names = ("database", "state", "wait_event", "samples")
    rows = [(f"{STRINGS['database']} {each}", STRINGS["user"], STRINGS["application"], each) for each in range(4_000)]
    texts = [(each, f"{STRINGS['statement']} -- {each}") for each in range(4_000)]
    tables = [(1, each, STRINGS["schema"], STRINGS["table"], 1, False) for each in range(50)]
    setting = [("search_path", STRINGS["setting"])]
    told = batch("settings", START, ("name", "value"), setting, last=setting)
    store.append(
        [
            calls(START, (1, 1)),
            batch("sessions", START, names, rows, samples=10),
            batch("queries", START, ("queryid", "text"), texts),
            batch("tables", START, ("dbid", "relid", "schemaname", "relname", "seq_scan"), tables),
            told,
        ]
    )
    with store._engine.cursor() as cursor:
        cursor.execute("INSERT INTO events (ts, target, detail) VALUES (now()::TIMESTAMP, 1, $1)", [STRINGS["event"]])


def readable(directory: Path) -> dict[str, str]:
    """Which of the strings stand in which file below a directory."""
    found: dict[str, str] = {}
    for file in directory.rglob("*"):
        if file.is_file():
            content = subprocess.run(["cat", str(file)], capture_output=True, check=True).stdout
            found.update({name: file.name for name, text in STRINGS.items() if text.encode() in content})
    return found


def spill(store: Store) -> None:
    """A query that has to leave memory, its texts included."""
    with store._engine.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT text || range AS long, row_number() OVER (ORDER BY text || range) AS place "
            "FROM queries, range(150) ORDER BY long DESC, place)"
        ).fetchall()


def test_no_file_tells_anything_while_open_or_after_a_checkpoint(store: Store) -> None:
    directory = store.location.file.parent
    fill(store)
    assert store.location.beside(".wal").stat().st_size > 50_000
    assert readable(directory) == {}
    store._engine.checkpoint()
    assert store.location.file.stat().st_size > 100_000
    assert readable(directory) == {}
    store.backup(directory / "kept.db")
    assert readable(directory) == {}


def test_no_file_tells_anything_when_a_query_spills(store: Store) -> None:
    # The spilled files are gone when the query ends, so they are looked at while it runs.
    fill(store)
    seen: list[int] = []
    stop = threading.Event()
    found: dict[str, str] = {}

    def watch() -> None:
        while not stop.is_set():
            with suppress(FileNotFoundError, subprocess.CalledProcessError):  # gone between two looks
                seen.append(sum(file.stat().st_size for file in store.location.temporary.rglob("*")))
                found.update(readable(store.location.temporary))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        spill(store)
    finally:
        stop.set()
        watcher.join()
    assert max(seen) > 10_000_000
    assert found == {}


def test_no_file_tells_anything_after_a_kill_and_a_query_finds_every_string(url: str) -> None:
    path = [str(Path(__file__).parents[1]), *[entry for entry in sys.path if entry.endswith("src")]]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(path=path, url=url)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "filled\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    directory = Path(url.removeprefix("duckdb://")).parent
    assert any(file.name.endswith(".wal") for file in directory.iterdir())
    assert readable(directory) == {}
    for name, question in {
        "statement": "SELECT text FROM queries",
        "database": "SELECT database FROM sessions",
        "user": "SELECT state FROM sessions",
        "application": "SELECT wait_event FROM sessions",
        "table": "SELECT relname FROM relation_names",
        "schema": "SELECT schemaname FROM relation_names",
        "setting": "SELECT value FROM settings",
        "label": "SELECT labels FROM targets",
        "host": "SELECT name FROM targets",
        "event": "SELECT detail FROM events",
    }.items():
        counted = f"SELECT count(*) FROM ({question}) AS t(text) WHERE contains(text, '{STRINGS[name]}')"
        found = ask(url, KEY, catalog(), counted)
        assert found.rows[0][0] > 0, name


def test_every_file_of_a_served_store_is_its_owners_alone(
    monitor: MakeMonitor, database: Database, tmp_path: Path
) -> None:
    before = os.umask(0o022)
    try:
        running = monitor(database.dsn(MONITOR))
    finally:
        os.umask(before)
    location = locate(running.store)
    log = location.beside(".wal")
    running.wait_for("the log", log.exists)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert ask_to_compact(running.store)  # after which the log is another
    running.wait_for("the log of the compacted file", log.exists)
    assert ask_for_backup(running.store, tmp_path / "kept.db")
    files = [*location.file.parent.glob(f"{location.file.name}*"), tmp_path / "kept.db"]
    assert {file.name: oct(file.stat().st_mode & 0o077) for file in files} == {file.name: "0o0" for file in files}


def test_the_search_for_strings_finds_them_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text(f"before {STRINGS['host']} after")
    assert readable(tmp_path) == {"host": "plain"}
