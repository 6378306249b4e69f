"""The writer: passes kept in turn, off the event loop, and held while the disk does not take them."""

import asyncio

import pytest

from pgvigil.model import Identity, KeeperBusyError
from pgvigil.store import Store, Writer
from pgvigil.store.errors import BatchRefusedError
from store.toys import SECOND, START, batch, calls


async def test_what_was_appended_is_there_when_append_returns(store: Store) -> None:
    writer = Writer(store)
    epoch = await writer.begin_epoch(1, START)
    assert epoch == 1
    assert await writer.incarnation(1, Identity(7, 180_000, 1), START) == 1
    await writer.append([calls(START, (1, 5)), batch("wal", START, ("wal_bytes",), last=[(100,)])])
    assert store.select("SELECT sum(calls) FROM statements").rows == [(5,)]
    found = (await writer.readings(1, 1, "wal"))[0]
    assert found.rows == [(100,)]
    await writer.close()


async def test_many_at_once_are_kept_in_turn(store: Store) -> None:
    writer = Writer(store)
    await asyncio.gather(*(writer.append([calls(START + each * 10 * SECOND, (1, 1))]) for each in range(50)))
    assert store.query("SELECT sum(calls), count(*) FROM statements").rows == [(50, 50)]
    await writer.close()
    assert writer.state.held == 0


async def test_a_refused_batch_does_not_stop_the_others(store: Store) -> None:
    writer = Writer(store)
    with pytest.raises(BatchRefusedError, match="nonsense"):
        await writer.append([batch("statements", START, ("nonsense",), [(1, False)])])
    await writer.append([calls(START, (1, 5))])
    await writer.close()
    assert store.query("SELECT sum(calls) FROM statements").rows == [(5,)]


async def test_a_closed_writer_takes_nothing(store: Store) -> None:
    writer = Writer(store)
    await writer.close()
    with pytest.raises(KeeperBusyError):
        await writer.append([calls(START, (1, 5))])
