"""Backups: taken in use, brought back whole or not at all."""

import errno
import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

from pgvigil.model import Secret
from pgvigil.store import Store, open_store
from pgvigil.store.backup import restore
from pgvigil.store.errors import BackupError, StoreError, StoreKeyError
from pgvigil.store.location import Location, locate
from store.toys import HOUR, KEY, SECOND, START, batch, calls, catalog


@pytest.fixture
def kept(store: Store, tmp_path: Path) -> Path:
    """A backup of a store with something in every tier, of about 1 MB."""
    names = ("database", "state", "wait_event", "samples")
    rows = [(f"database {each * 7919 % 5000}", "active", f"wait {each * 104729}", each) for each in range(5_000)]
    store.append([calls(START + SECOND, (1, 5)), batch("sessions", START + SECOND, names, rows)])
    while store.maintain(START + 2 * HOUR):
        pass
    store.append([calls(START + 3 * HOUR, (1, 7))])
    store.backup(tmp_path / "kept.db")
    return tmp_path / "kept.db"


def elsewhere(tmp_path: Path) -> Location:
    return locate(f"duckdb://{tmp_path}/elsewhere/pgvigil.db")


def test_a_backup_brought_back_tells_the_same(store: Store, kept: Path, tmp_path: Path) -> None:
    size = restore(kept, elsewhere(tmp_path), KEY)
    assert size == elsewhere(tmp_path).file.stat().st_size
    assert stat.S_IMODE(elsewhere(tmp_path).file.stat().st_mode) == 0o600
    again = open_store(f"duckdb://{elsewhere(tmp_path).file}", KEY, catalog())
    question = (
        "SELECT (SELECT sum(calls) FROM statements), (SELECT sum(samples) FROM sessions), count(*) FROM passes_raw"
    )
    assert again.query(question).rows == store.query(question).rows
    again.append([calls(START + 3 * HOUR, (1, 7)), calls(START + 3 * HOUR + SECOND, (1, 1))])
    assert again.query("SELECT sum(calls) FROM statements").rows == [(13,)]
    assert [path.name for path in elsewhere(tmp_path).file.parent.iterdir() if ".copy" in path.name] == []
    again.close()


def test_appending_goes_on_while_a_backup_is_taken(store: Store, tmp_path: Path) -> None:
    store.append([calls(START - SECOND, *((key, 0) for key in range(20_000)))])
    stop = threading.Event()
    told: list[int] = []

    def tell() -> None:
        while not stop.is_set():
            store.append([calls(START + len(told) * SECOND, (1, 1))])
            told.append(1)

    writer = threading.Thread(target=tell)
    writer.start()
    before = appended = 0
    try:
        while not appended:  # a copy may be done before the other thread had its turn
            (tmp_path / "kept.db").unlink(missing_ok=True)
            before = len(told)
            store.backup(tmp_path / "kept.db")
            appended = len(told) - before
    finally:
        stop.set()
        writer.join()
    restore(tmp_path / "kept.db", elsewhere(tmp_path), KEY)
    again = open_store(f"duckdb://{elsewhere(tmp_path).file}", KEY, catalog())
    calls_kept, passes_kept = again.query("SELECT (SELECT sum(calls) FROM statements), sum(runs) FROM passes").rows[0]
    assert calls_kept == passes_kept - 1
    assert before <= calls_kept <= before + appended
    again.close()
    assert store.query("SELECT sum(calls) FROM statements").rows == [(len(told),)]


def test_a_copy_for_which_there_is_no_room_is_refused_before_it_is_begun(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    total, used, _ = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"total": total, "used": used, "free": 10}))
    for attempt in (lambda: store.backup(tmp_path / "kept.db"), store.compact):
        with pytest.raises(BackupError, match=r"takes up to .* MB.*Make room"):
            attempt()
    assert list(tmp_path.rglob("*.copy*")) == []
    store.append([calls(START, (1, 1))])


def test_what_a_kill_left_beside_the_store_is_removed_when_it_is_opened_for_writing(url: str) -> None:
    store = open_store(url, KEY, catalog())
    location = store.location
    store.close()
    left = [location.copy, location.beside(".copy.wal"), location.temporary / "duckdb_temp_storage_DEFAULT-0.tmp"]
    for file in left:
        file.write_bytes(b"left")
    open_store(url, KEY, catalog(), read_only=True).close()
    assert all(file.exists() for file in left)
    open_store(url, KEY, catalog()).close()
    assert not any(file.exists() for file in left)


def test_nothing_is_overwritten(store: Store, kept: Path, tmp_path: Path) -> None:
    before = kept.read_bytes()
    with pytest.raises(BackupError, match="exists already"):
        store.backup(kept)
    assert kept.read_bytes() == before
    with pytest.raises(BackupError, match="exists already"):
        restore(kept, store.location, KEY)
    target = elsewhere(tmp_path)
    target.file.parent.mkdir()
    target.beside(".wal").write_bytes(b"precious")
    with pytest.raises(BackupError, match="exists already"):
        restore(kept, target, KEY)


@pytest.fixture
def across(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place where a backup can be put as it is on another file system alone: by copying."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    return kept.with_name("across.db")


def test_a_backup_to_another_file_system_is_whole_and_private(store: Store, across: Path, tmp_path: Path) -> None:
    assert store.backup(across) == across.stat().st_size
    assert stat.S_IMODE(across.stat().st_mode) == 0o600
    assert restore(across, elsewhere(tmp_path), KEY) == across.stat().st_size
    assert list(tmp_path.rglob("*.part")) == []


def test_what_is_in_the_way_on_another_file_system_is_told_and_left_alone(store: Store, across: Path) -> None:
    part = across.with_name(across.name + ".part")
    part.write_bytes(b"precious")
    with pytest.raises(BackupError, match=r"\.part exists already, and nothing is ever overwritten"):
        store.backup(across)
    assert part.read_bytes() == b"precious"
    assert not across.exists()


def test_a_backup_where_copies_are_made_is_refused_and_left_alone(store: Store, kept: Path, tmp_path: Path) -> None:
    target = elsewhere(tmp_path)
    target.file.parent.mkdir()
    kept.rename(target.copy)  # as one would who takes what a killed backup left for a backup
    with pytest.raises(BackupError, match=r"is where copies of .* Move it"):
        restore(target.copy, target, KEY)
    target.copy.rename(kept)
    assert restore(kept, target, KEY) == kept.stat().st_size
    with pytest.raises(BackupError, match="is where copies of"):
        store.backup(store.location.copy)


def test_a_place_at_which_one_cannot_look_gets_a_sentence(store: Store, kept: Path, tmp_path: Path) -> None:
    endless = tmp_path / ("x" * 300)
    with pytest.raises(BackupError, match="cannot be looked at: File name too long"):
        restore(endless, elsewhere(tmp_path), KEY)
    with pytest.raises(BackupError, match="cannot be looked at: File name too long"):
        store.backup(endless / "kept.db")
    with pytest.raises(BackupError, match="cannot be written: File name too long"):
        store.backup(endless)
    with pytest.raises(BackupError, match=r"cannot be brought to .*: File exists"):
        restore(kept, locate(f"duckdb://{kept}/pgvigil.db"), KEY)


def test_what_stands_in_the_way_of_a_copy_is_told(store: Store, tmp_path: Path) -> None:
    store.location.copy.mkdir()
    for attempt in (lambda: store.backup(tmp_path / "kept.db"), store.compact):
        with pytest.raises(BackupError, match=r"could not be copied: .*\.copy"):
            attempt()


@pytest.mark.parametrize("left", [0, 1, 5_000, 0.3, 0.9, -1])
def test_a_cut_backup_is_refused(kept: Path, tmp_path: Path, left: float) -> None:
    whole = kept.read_bytes()
    keep = len(whole) + int(left) if left < 0 else int(left * len(whole)) if 0 < left < 1 else int(left)
    kept.write_bytes(whole[:keep])
    with pytest.raises(BackupError, match=r"cut or damaged|is no"):
        restore(kept, elsewhere(tmp_path), KEY)
    assert not elsewhere(tmp_path).file.exists()


@pytest.mark.parametrize("place", [0.1, 0.35, 0.5, 0.8, 0.97])
def test_a_backup_with_a_flipped_byte_is_refused_or_whole(
    store: Store, kept: Path, tmp_path: Path, place: float
) -> None:
    # Some blocks are free and belong to nothing; a byte there may be anything.
    damaged = bytearray(kept.read_bytes())
    damaged[int(len(damaged) * place)] ^= 0xFF
    kept.write_bytes(damaged)
    try:
        restore(kept, elsewhere(tmp_path), KEY)
    except BackupError:
        assert not elsewhere(tmp_path).file.exists()
        return
    again = open_store(f"duckdb://{elsewhere(tmp_path).file}", KEY, catalog())
    question = "SELECT sum(samples), bit_xor(hash(sessions)) FROM sessions"
    assert again.query(question).rows == store.query(question).rows
    again.close()


def test_a_backup_needs_the_key_it_was_made_with(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreKeyError, match="does not fit"):
        restore(kept, elsewhere(tmp_path), Secret("another key, long enough"))
    assert not elsewhere(tmp_path).file.exists()


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello\n" * 10_000)
    with pytest.raises(StoreError, match="cut or damaged"):
        restore(tmp_path / "text", elsewhere(tmp_path), KEY)
    with pytest.raises(BackupError, match="no backup at"):
        restore(tmp_path / "missing", elsewhere(tmp_path), KEY)


def test_compacting_gives_space_back_and_changes_nothing(store: Store) -> None:
    names = ("database", "state", "wait_event", "samples")

    def tell(ts: int) -> None:
        rows = [(f"database {each}", f"{each * ts}", f"wait {each * 7919 * ts}", each) for each in range(5_000)]
        store.append([batch("sessions", ts, names, rows)])

    for step in range(4):
        tell(START + step * SECOND)
    while store.maintain(START + 2 * HOUR):
        pass
    tell(START + 499 * 24 * HOUR)
    store._engine.checkpoint()
    for hour in (500 * 24, 500 * 24 + 1):
        while store.maintain(START + hour * HOUR):
            pass
    expected = store.query("SELECT sum(samples), count(*) FROM sessions").rows
    before, after = store.compact()
    assert after < before
    assert store.query("SELECT sum(samples), count(*) FROM sessions").rows == expected
    store.append([calls(START + 500 * 24 * HOUR + SECOND, (1, 1))])
    assert store.query("SELECT sum(calls) FROM statements").rows == [(1,)]
