"""Keeping what collectors bring, without their event loop ever waiting for a disk.

One thread writes. While it cannot (the disk is full, most likely), passes are held in memory within a bound; beyond it
the oldest are let go, which is recorded as a gap once writing goes again. `state` tells how it is.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

from pgvigil.model import Batch, Identity, KeeperState, Reading
from pgvigil.store.errors import StoreError, StoreFailedError
from pgvigil.store.held import Held, Pass
from pgvigil.store.pack import Packed
from pgvigil.store.store import Store

BOUND = 64 * 2**20
"""Bytes of passes held while the disk does not take them: 300 changed statements every 10 s fill them in an hour."""

RETRY = 2.0
"""Seconds between attempts to write again."""

PATIENCE = 10.0
"""Seconds that closing waits for what is held to be written."""

T = TypeVar("T")


class Writer:
    """The `Keeper` of collectors: hands their passes to the store in a thread of its own."""

    def __init__(self, store: Store, *, bound: int = BOUND, retry: float = RETRY) -> None:
        self._store = store
        self._bound = bound
        self._retry = retry
        self._packing = asyncio.Lock()
        self._wake = threading.Condition()
        self._held = Held()
        self._questions: deque[Callable[[], None]] = deque()
        self._cause = ""
        self._upkeep = ""
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="pgvigil-writer", daemon=True)
        self._thread.start()

    @property
    def state(self) -> KeeperState:
        """How the writing goes."""
        with self._wake:
            return KeeperState(self._cause, len(self._held), self._held.bytes, self._held.dropped, self._upkeep)

    async def begin_epoch(self, target: int, now: int) -> int:
        """The number of a new epoch of a target; raises KeeperBusyError while the store cannot be written."""
        return await self._ask(lambda: self._store.begin_epoch(target, now))

    async def incarnation(self, target: int, identity: Identity, now: int) -> int:
        """The number of the target's incarnation that has this identity; raises KeeperBusyError as above."""
        return await self._ask(lambda: self._store.incarnation(target, identity, now))

    async def readings(self, target: int, incarnation: int, probe: str) -> Mapping[int, Reading]:
        """The last absolute reading of a probe at each place, after all passes handed over before were written or
        held."""
        return await self._ask(lambda: self._store.readings(target, incarnation, probe))

    async def append(self, batches: Sequence[Batch]) -> None:
        """Keep a pass. Returns when it is on disk or, while the disk does not take anything (`state` says so), when it
        is held in memory. Raises BatchRefusedError if it does not fit the catalog, KeeperBusyError after `close`."""
        async with self._packing:  # in the order of the calls: a pass behind a later one would count as a repetition
            packed = await asyncio.to_thread(lambda: [self._store.pack(batch) for batch in batches])
        one = Pass(packed, Future())
        with self._wake:
            self._refuse_if_closing()
            self._held.add(one)
            if self._cause:
                one.answer()
                self._held.shrink(self._bound)
            self._wake.notify()
        await asyncio.wrap_future(one.done)

    async def maintain(self, now: int) -> bool:
        """Do one step of upkeep beside the writing; True if another may be due. Raises StoreError; until a step goes
        well, `state` tells why none does."""
        try:
            more = await asyncio.to_thread(self._store.maintain, now)
        except StoreError as error:
            self._upkeep = str(error)
            raise
        self._upkeep = ""
        return more

    async def close(self) -> None:
        """Write what is held, as far as that goes, and stop. The store stays open."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join, PATIENCE)

    async def _ask(self, question: Callable[[], T]) -> T:
        """Put a question in the writer's thread, behind the passes that were handed over before."""
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(question())
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, or waits for ever
                answer.set_exception(error)

        with self._wake:
            self._refuse_if_closing()
            self._questions.append(run)
            self._wake.notify()
        return await asyncio.wrap_future(answer)

    def _refuse_if_closing(self) -> None:
        if self._closing:
            raise StoreFailedError("The store is being closed.")

    def _run(self) -> None:
        while self._something_to_do():
            written = self._write_held()
            self._answer_questions()
            if not written and not self._recover():
                return

    def _something_to_do(self) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: len(self._held) or self._questions or self._closing)
            return bool(len(self._held) or self._questions)

    def _write_held(self) -> bool:
        """Write all that is held; False if the store cannot take it now."""
        while True:
            with self._wake:
                one, lost = self._held.take(), self._held.lost()
            if one is None:
                return True
            try:
                self._store.append_packed(one.packed, lost)
            except StoreFailedError as error:
                self._failed(str(error))
                return False
            except StoreError as error:
                self._done(one, (), error)
            else:
                self._done(one, lost, None)

    def _done(self, one: Pass, lost: Sequence[Packed], error: StoreError | None) -> None:
        with self._wake:
            self._held.finish()
            if error is None:
                self._cause = ""
                self._held.forget_lost(lost)
        one.answer(error)

    def _failed(self, cause: str) -> None:
        with self._wake:
            self._cause = cause
            self._held.give_back()
            self._held.answer_all()
            self._held.shrink(self._bound)

    def _answer_questions(self) -> None:
        while self._questions:
            self._questions.popleft()()

    def _recover(self) -> bool:
        """Wait and open the store again; False when there is no more time for it."""
        with self._wake:
            if self._wake.wait_for(lambda: self._closing, self._retry):
                return False
        try:
            self._store.recover()
        except StoreError as error:
            self._failed(str(error))
        return True
