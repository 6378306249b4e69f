"""The waits between attempts to connect: they grow up to a bound, are never alike, and both connections share them."""

import asyncio
from collections.abc import Callable

import pytest

from pgvigil.collect.line import FIRST_WAIT, JITTER, LONGEST_WAIT, Door, Line
from pgvigil.collect.live import Hub
from pgvigil.collect.reporting import Reporter
from pgvigil.model import Condition
from pgvigil.pg import ConnectError, Session


class Answered(Session):
    """A session as far as a line looks at one."""

    def __init__(self) -> None:
        self.ended = False

    @property
    def broken(self) -> bool:
        return self.ended

    def listen(self) -> None:
        """Nothing came."""

    def close(self) -> None:
        self.ended = True


class Gate:
    """Refuses so many attempts, then lets in; `waits` are what was slept, and at how many attempts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refusals: int = 0) -> None:
        self.refusals = refusals
        self.attempts = 0
        self.within = 0
        self.waits: list[float] = []
        self._sleep = asyncio.sleep
        monkeypatch.setattr("pgvigil.collect.line.asyncio.sleep", self.sleep)
        self.door = Door(self.connect, Reporter("t", Hub(), lambda: 0, lambda: 0.0))

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await self._sleep(0)

    async def connect(self, database: str | None, late: Callable[[ConnectError], None]) -> Session:  # noqa: ARG002
        self.attempts += 1
        self.within += 1
        assert self.within == 1, "two attempts at a time"
        await self._sleep(0)
        self.within -= 1
        if self.refusals > 0:
            self.refusals -= 1
            raise ConnectError(Condition.UNREACHABLE, "Nobody answers.")
        return Answered()


async def test_waits_grow_from_a_second_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, refusals=40)
    await gate.door.open()
    assert gate.attempts == 41
    assert FIRST_WAIT <= gate.waits[0] <= FIRST_WAIT * (1 + JITTER)
    for number, wait in enumerate(gate.waits[:3]):
        assert 2**number * FIRST_WAIT <= wait <= 2**number * FIRST_WAIT * (1 + JITTER)
    assert max(gate.waits) <= LONGEST_WAIT
    assert min(gate.waits[4:]) >= LONGEST_WAIT / (1 + JITTER)


async def test_no_two_waits_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, refusals=30)
    await gate.door.open()
    late = gate.waits[4:]
    assert len(set(late)) > len(late) / 2
    assert max(late) - min(late) > JITTER / 2 * min(late)


async def test_after_a_success_it_begins_from_the_first_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, refusals=6)
    line = Line(gate.door)
    session = await line.session()
    assert await line.session() is session
    session.close()
    gate.refusals = 1
    await line.session()
    assert line.generation == 2
    assert gate.waits[5] > 4 * FIRST_WAIT
    assert gate.waits[6] <= FIRST_WAIT * (1 + JITTER)


async def test_two_lines_share_one_door_one_attempt_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, refusals=5)
    sessions = await asyncio.gather(Line(gate.door).session(), Line(gate.door).session())
    assert sessions[0] is not sessions[1]
    assert gate.attempts == 7, "as many refusals as if one line had knocked, and a session for each"
    assert len(gate.waits) == 5
