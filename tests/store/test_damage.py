"""A damaged file is told with the way out wherever it is met, and a file that was closed comes back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgvigil.store import Store, StoreError, open_store
from pgvigil.store.errors import StoreDamagedError, StoreFailedError
from pgvigil.store.location import locate
from store.toys import HOUR, KEY, MINUTE, SECOND, START, batch, calls, catalog, reading

BLOCK = 65_536
HEAD = 12_288
WAY_OUT = r"(?s)Nothing was changed.*pgvigil restore"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store with readings, texts and rows that upkeep will want."""
    file = tmp_path_factory.mktemp("filled") / "pgvigil.db"
    store = open_store(f"duckdb://{file}", KEY, catalog())
    names = ("userid", "queryid", "calls", "total_exec_time")
    for step in range(1, 4):
        last = [(10, key, step, key * 1.7) for key in range(2_000)]
        one = batch("statements", START + step * 20 * MINUTE, names, [(*row, False) for row in last], last=last)
        texts = [(key, f"select {key}") for key in range(2_000)]
        store.append([one, batch("queries", START + step * 20 * MINUTE, ("queryid", "text"), texts)])
    store.close()
    return file


@pytest.fixture
def copied(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(filled, tmp_path / "pgvigil.db"))


def blocks(file: Path) -> range:
    return range(HEAD, file.stat().st_size, BLOCK)


def damage(file: Path, place: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        byte = opened.read(1)[0]
        opened.seek(place)
        opened.write(bytes([byte ^ 0xFF]))


def use(file: Path) -> None:
    """Everything that is done with a store."""
    store = open_store(f"duckdb://{file}", KEY, catalog())
    try:
        assert reading(store, "statements") is not None
        assert store.query("SELECT bit_xor(hash(all_)) FROM statements AS all_").rows
        assert store.query("SELECT bit_xor(hash(all_)) FROM queries AS all_").rows
        assert reading(store, "queries") is not None
        while store.maintain(START + 2 * HOUR):
            pass
    finally:
        store.close()


def test_a_flipped_byte_in_any_block_is_told_with_the_way_out_or_was_in_none_that_is_used(copied: Path) -> None:
    whole = copied.read_bytes()
    told: list[StoreError] = []
    for place in blocks(copied):
        damage(copied, place + 1_000)
        try:
            use(copied)
        except StoreError as error:
            told.append(error)
        for log in copied.parent.glob("pgvigil.db.wal*"):
            log.unlink()
        copied.write_bytes(whole)
    damaged = [str(error) for error in told if isinstance(error, StoreDamagedError)]
    assert len(damaged) >= len(blocks(copied)) // 2
    assert all("is damaged" in words and "pgvigil restore" in words for words in damaged)
    # Closing brings the log into the file, and may be the first to meet it.
    assert all("not tidied up" in str(error) for error in told if not isinstance(error, StoreDamagedError))


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Path]:
    """The files of a store as a kill would leave them: nothing brought from the log into the file."""
    store = open_store(f"duckdb://{tmp_path}/live.db", KEY, catalog())
    for step in range(3):
        store.append([calls(START + step * SECOND, (1, 5), (2, 6))])
    for ending in ("", ".wal"):
        shutil.copy(tmp_path / f"live.db{ending}", tmp_path / f"pgvigil.db{ending}")
    yield tmp_path / "pgvigil.db"
    store.close()


def test_what_was_acknowledged_comes_from_the_log(killed: Path) -> None:
    store = open_store(f"duckdb://{killed}", KEY, catalog())
    assert store.query("SELECT sum(calls) FROM statements").rows == [(33,)]
    store.close()


@pytest.mark.parametrize("place", [0, 1, 5, 8, 9, 12, 16, 24, 60, 1_000])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_log_with_a_flipped_byte_never_loses_what_was_acknowledged(killed: Path, place: int, read_only: bool) -> None:
    log = killed.with_name("pgvigil.db.wal")
    damage(log, place)
    before = log.read_bytes()
    with pytest.raises(StoreDamagedError, match=WAY_OUT):
        open_store(f"duckdb://{killed}", KEY, catalog(), read_only=read_only)
    assert log.read_bytes() == before


def test_the_log_of_another_store_is_not_taken_for_ones_own(killed: Path, tmp_path: Path) -> None:
    other = open_store(f"duckdb://{tmp_path}/other.db", KEY, catalog())
    other.append([calls(START, (1, 1))])
    shutil.copy(tmp_path / "other.db.wal", tmp_path / "pgvigil.db.wal")
    with pytest.raises(StoreDamagedError, match="not the log of"):
        open_store(f"duckdb://{killed}", KEY, catalog())
    other.close()


def test_a_store_that_could_not_be_opened_after_compacting_comes_back(store: Store) -> None:
    store.append([calls(START, (1, 3))])
    in_the_way = locate(f"duckdb://{store.location.file}").temporary
    shutil.rmtree(in_the_way)
    in_the_way.write_text("")  # where the directory of what spills has to be
    with pytest.raises(StoreError, match="cannot be at"):
        store.compact()
    with pytest.raises(StoreFailedError, match="not open"):
        store.append([calls(START + SECOND, (1, 4))])
    with pytest.raises(StoreError, match="cannot be at"):
        store.recover()
    in_the_way.unlink()
    store.recover()
    store.append([calls(START + SECOND, (1, 4))])
    assert store.query("SELECT sum(calls) FROM statements").rows == [(7,)]
