"""Opening the store: with its key, encrypted or not at all, and never over what is there."""

import importlib.util
import os
import stat
import subprocess
import sys
import threading
from importlib.machinery import ModuleSpec
from pathlib import Path

import duckdb
import pytest

from pgvigil.model import Secret
from pgvigil.store import Store, StoreError, open_store
from pgvigil.store.engine import FORMAT, Engine
from pgvigil.store.errors import (
    EncryptionUnavailableError,
    StoreDamagedError,
    StoreFailedError,
    StoreKeyError,
    StoreLockedError,
    StoreUrlError,
    StoreVersionError,
)
from pgvigil.store.location import locate
from store.toys import HOUR, KEY, MINUTE, SECOND, START, batch, calls, catalog

TEXT = "a secret of the user, long"


def file_of(url: str) -> Path:
    return locate(url).file


def filled(url: str) -> Path:
    """A closed store with some content; its file."""
    store = open_store(url, KEY, catalog())
    for each in range(3):
        store.append([calls(START + each, *((key, key * 7919) for key in range(5_000)))])
    store.close()
    return file_of(url)


def test_a_generated_key_is_private_announced_once_and_found_again(url: str) -> None:
    store = open_store(url, None, catalog())
    key = store.location.key
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert str(key) in store.notice
    assert key.read_text().strip() not in store.notice
    store.close()
    again = open_store(url, None, catalog())
    assert again.notice == ""
    again.close()


def test_asking_where_there_is_no_store_makes_no_key_so_that_the_first_start_tells_of_it(url: str) -> None:
    with pytest.raises(StoreError, match="There is no store"):
        open_store(url, None, catalog(), read_only=True)
    assert not locate(url).file.parent.exists()
    store = open_store(url, None, catalog())
    assert str(store.location.key) in store.notice
    store.close()


def test_the_key_file_is_whole_or_not_there(url: str) -> None:
    location = locate(url)
    location.file.parent.mkdir()
    left = location.beside(".key.part")
    left.write_text("half a k")  # as a kill would leave it
    open_store(url, None, catalog()).close()
    assert not left.exists()
    assert len(location.key.read_text().strip()) >= 32
    open_store(url, None, catalog()).close()
    assert sorted(file.name for file in location.file.parent.iterdir() if "key" in file.name) == [location.key.name]


def test_the_format_is_pinned_and_keeps_times_as_decimals(store: Store) -> None:
    rows = [(10, key, 1, (key * 7919 % 100_003) / 1e6, False) for key in range(5_000)]
    store.append([batch("statements", START, ("userid", "queryid", "calls", "total_exec_time"), rows)])
    store._engine.checkpoint()
    (version,) = store.query(
        "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'pgvigil'"
    ).rows[0]
    assert version.startswith(FORMAT)
    found = store.query(
        "SELECT DISTINCT compression FROM pragma_storage_info('statements_open') "
        "WHERE column_name = 'total_exec_time' AND segment_type = 'DOUBLE'"
    )
    assert found.rows == [("ALP",)]


def test_files_and_directories_are_private(store: Store) -> None:
    store.append([calls(START, (1, 1))])
    assert stat.S_IMODE(store.location.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.location.temporary.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE x; --    ", "schlüssel mit ümlauten ✓", "x" * 5_000, "q\"u'o\\te\n and more"]
)
def test_any_text_of_sixteen_characters_is_a_key(url: str, text: str) -> None:
    open_store(url, Secret(text), catalog()).close()
    with pytest.raises(StoreKeyError):
        open_store(url, Secret(text + "x"), catalog())
    open_store(url, Secret(text), catalog()).close()


def test_a_short_key_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(StoreKeyError, match="has 15 characters; a key is any text of 16 or more") as raised:
        open_store(url, Secret("fifteen letters"), catalog())
    assert "fifteen letters" not in str(raised.value)
    assert not file_of(url).exists()


def test_a_wrong_key_gets_a_sentence_and_changes_nothing(url: str) -> None:
    file = filled(url)
    before = file.read_bytes()
    with pytest.raises(StoreKeyError, match="does not fit") as raised:
        open_store(url, Secret(TEXT), catalog())
    assert TEXT not in repr(raised.getrepr())
    assert file.read_bytes() == before


def test_no_key_for_a_store_that_has_one_gets_a_sentence(url: str) -> None:
    filled(url)
    with pytest.raises(StoreKeyError, match="there is no key: set PGVIGIL_STORE_KEY"):
        open_store(url, None, catalog())


def test_without_encryption_nothing_is_opened(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = importlib.util.find_spec

    def hide(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "duckdb_extension_httpfs" else original(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", hide)
    with pytest.raises(EncryptionUnavailableError, match="pgvigil does not start"):
        open_store(url, KEY, catalog())
    assert not file_of(url).exists()


def test_an_extension_whose_signature_is_wrong_is_not_loaded(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    assert spec is not None
    assert spec.submodule_search_locations
    inner = Path("extensions") / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
    genuine = bytearray((Path(spec.submodule_search_locations[0]) / inner).read_bytes())
    genuine[len(genuine) // 2] ^= 0xFF
    forged = tmp_path / inner
    forged.parent.mkdir(parents=True)
    forged.write_bytes(genuine)
    changed = ModuleSpec("duckdb_extension_httpfs", None)
    changed.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: changed)
    with pytest.raises(EncryptionUnavailableError, match="does not load"):
        open_store(url, KEY, catalog())


def test_a_plain_database_is_never_taken_for_a_store(url: str) -> None:
    file = file_of(url)
    file.parent.mkdir()
    with duckdb.connect(str(file)) as plain:
        plain.execute("CREATE TABLE t (i INTEGER)")
    before = file.read_bytes()
    with pytest.raises(StoreError, match="not encrypted, so not a store"):
        open_store(url, KEY, catalog())
    assert file.read_bytes() == before


def test_a_file_held_by_another_process_is_told_with_its_number(url: str) -> None:
    file = filled(url)
    script = (
        "import sys; from pgvigil.store import open_store; from pgvigil.model import Secret;"
        "from pgvigil.catalog.types import Catalog;"
        f"store = open_store({url!r}, Secret({KEY.value!r}), Catalog({{}}));"
        "print('open', flush=True); sys.stdin.read()"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry.endswith("src"))
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        for read_only in (False, True):
            with pytest.raises(StoreLockedError, match=f"held by process {child.pid}"):
                open_store(url, KEY, catalog(), read_only=read_only)
    finally:
        child.communicate("")
    assert file.exists()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("sqlite:///x", "duckdb:///absolute/path"),
        ("/var/lib/pgvigil.db", "duckdb:///absolute/path"),
        ("duckdb://", "names no file"),
        ("duckdb:///var/lib/", "names no file"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, complaint: str) -> None:
    with pytest.raises(StoreUrlError, match=complaint):
        locate(url)


def test_urls_name_absolute_and_relative_paths_and_any_character() -> None:
    assert locate("duckdb:///var/lib/a%20b.db").file == Path("/var/lib/a b.db")
    assert locate("duckdb://state/x.db").file == Path.cwd() / "state/x.db"


def test_a_place_where_no_store_can_be_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be at"):
        open_store(f"duckdb://{tmp_path}/file/pgvigil.db", KEY, catalog())
    (tmp_path / "directory.db").mkdir()
    with pytest.raises(StoreError, match=r"directory\.db"):
        open_store(f"duckdb://{tmp_path}/directory.db", KEY, catalog())
    with pytest.raises(StoreError, match="There is no store"):
        open_store(f"duckdb://{tmp_path}/missing.db", KEY, catalog(), read_only=True)


def test_a_path_with_spaces_and_quotes_works(tmp_path: Path) -> None:
    store = open_store(f"duckdb://{tmp_path}/it's a 'store' ü/pgvigil.db", KEY, catalog())
    store.append([calls(START, (1, 1))])
    store.backup(store.location.file.parent / "it's kept.db")
    assert store.query("SELECT sum(calls) FROM statements").rows == [(1,)]
    store.close()


@pytest.mark.parametrize("left", [0, 100, 5_000, 20_000, 0.3, 0.6])
def test_a_cut_file_is_told_and_left_alone(url: str, left: float) -> None:
    file = filled(url)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(left if left >= 1 or not left else left * len(whole))])
    before = file.read_bytes()
    with pytest.raises(StoreDamagedError, match=r"Nothing was changed.*pgvigil restore"):
        open_store(url, KEY, catalog()).query("SELECT sum(hash(statements)) FROM statements")
    assert file.read_bytes() == before


@pytest.mark.parametrize("place", [8, 200, 4_200, 8_300])
def test_a_damaged_head_is_told_and_left_alone(url: str, place: int) -> None:
    file = filled(url)
    damaged = bytearray(file.read_bytes())
    damaged[place] ^= 0xFF
    file.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"Nothing was changed|does not fit"):
        open_store(url, KEY, catalog())
    assert file.read_bytes() == bytes(damaged)


def test_a_damaged_block_is_told_when_it_is_read(url: str) -> None:
    file = filled(url)
    damaged = bytearray(file.read_bytes())
    for place in range(12_288 + 40, len(damaged) - 8, 65_536):
        damaged[place + 32_000 if place + 32_000 < len(damaged) else place] ^= 0xFF
    file.write_bytes(damaged)
    with pytest.raises(StoreDamagedError, match=r"bring back a backup with `pgvigil restore`"):
        open_store(url, KEY, catalog()).query("SELECT bit_xor(hash(statements)) FROM statements")


def test_a_store_of_a_newer_version_is_left_alone(url: str) -> None:
    store = open_store(url, KEY, catalog())
    with store._engine.cursor() as cursor:
        cursor.execute("UPDATE meta SET value = '999' WHERE name = 'schema_version'")
    store.close()
    for read_only in (False, True):
        with pytest.raises(StoreVersionError, match="schema version 999"):
            open_store(url, KEY, catalog(), read_only=read_only)


def test_a_closed_store_says_so(url: str) -> None:
    store = open_store(url, KEY, catalog())
    store.close()
    with pytest.raises(StoreFailedError, match="not open"):
        store.query("SELECT 1")


def test_a_store_that_is_being_closed_says_so_too(url: str) -> None:
    store = open_store(url, KEY, catalog())
    with store._engine._root.cursor() as cursor:
        cursor.execute("USE memory")
        cursor.execute("DETACH pgvigil")
    with pytest.raises(StoreFailedError, match="not open"):
        store.select("SELECT 1")
    store._engine._root.close()


def test_a_query_waits_while_the_file_is_opened_again(store: Store) -> None:
    store.append([calls(START, (1, 3))])
    failed: list[Exception] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                assert store.query("SELECT sum(calls) FROM statements").rows == [(3,)]
            except StoreError as error:
                if "not open" in str(error):
                    failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(3):
        store._broken = True
        store.recover()
    stop.set()
    thread.join()
    assert failed == []


def settle(store: Store, now: int) -> None:
    """All upkeep that is due."""
    while store.maintain(now):
        pass


def test_once_an_hour_the_engine_lets_go_of_what_it_gathered(store: Store) -> None:
    store.append([calls(START, (1, 3))])
    before = store._engine._root
    for now in (START, START + HOUR - 1):
        settle(store, now)
        assert store._engine._root is before
    settle(store, START + HOUR)
    assert store._engine._root is not before
    store.append([calls(START + HOUR, (1, 4))])
    assert store.query("SELECT sum(calls) FROM statements").rows == [(7,)]
    after = store._engine._root
    settle(store, START + HOUR + MINUTE)
    assert store._engine._root is after, "not again within the hour"


def test_who_asks_is_not_disturbed_by_that_and_it_is_made_up_for(store: Store) -> None:
    store.append([calls(START, (1, 3))])
    settle(store, START)
    before = store._engine._root
    with store._engine.cursor() as cursor:
        settle(store, START + HOUR)
        assert store._engine._root is before
        assert cursor.execute("SELECT sum(calls) FROM statements").fetchall() == [(3,)]
        store.append([calls(START + SECOND, (1, 4))])
    settle(store, START + HOUR)
    assert store._engine._root is not before


def test_a_file_that_does_not_open_again_is_opened_as_soon_as_it_can_be(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append([calls(START, (1, 3))])
    settle(store, START)
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "_open", lambda _: (_ for _ in ()).throw(StoreFailedError("somebody else has it")))
        with pytest.raises(StoreFailedError, match="somebody else"):
            settle(store, START + HOUR)
    with pytest.raises(StoreFailedError, match="not open"):
        store.append([calls(START + SECOND, (1, 4))])
    store.recover()
    store.append([calls(START + SECOND, (1, 4))])
    assert store.query("SELECT sum(calls) FROM statements").rows == [(7,)]
