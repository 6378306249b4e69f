"""Holds one fault on for a bounded time, and takes back all that it did."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import psycopg
from psycopg.rows import TupleRow

from pgvigil.sandbox.schema import SandboxError, login, require
from pgvigil.sandbox.sessions import end_all
from pgvigil.sandbox.statements import named

UNDO_WITHIN_S = 60.0
"""How long an undo is tried again, seconds: the server may be restarting just then."""

UNLOCK_WITHIN_S = 360.0
"""How long where a lock is in the way: it may be another fault's, and no fault lasts so long."""

_SPARE_S = 15.0
_RETRY_S = 0.5
_LOCK_TIMEOUT_MS = 2_000


class Scene:
    """What a fault works with: its sessions, its background loops, and the list of what has to be undone."""

    def __init__(self, dsn: str, fault: str, limit_s: float) -> None:
        self._dsn, self._fault, self._limit_s = dsn, fault, limit_s
        self._texts = named("faults.sql")
        self._conns: list[psycopg.AsyncConnection] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._undo: list[Sequence[str]] = []

    async def session(self, role: str, what: str = "", *, autocommit: bool = False, **settings: str | int) -> "Act":
        """A session of one of the application's roles, named after the fault, that the server itself ends in time."""
        conn = await self._connect(login(self._dsn, role), what, autocommit=autocommit, **settings)
        return Act(conn, self._texts)

    async def owner(self, what: str = "", **settings: str | int) -> "Act":
        """A session of the superuser, in autocommit."""
        return Act(await self._connect(self._dsn, what, autocommit=True, **settings), self._texts)

    async def change(self, *names: str) -> None:
        """Run statements as superuser, each on its own, waiting only shortly for a lock and then trying again."""
        await self._insist([self._texts[name] for name in names])

    async def change_texts(self, *texts: str) -> None:
        """The same for statements that were composed by the server."""
        await self._insist(texts)

    def on_end(self, *names: str) -> None:
        """Have these statements run at the end, one after the other; called before the change that they take back.

        What does not need one of them to have worked is given in a call of its own.
        """
        self.on_end_texts(*(self._texts[name] for name in names))

    def on_end_texts(self, *texts: str) -> None:
        """The same for statements that were composed by the server."""
        self._undo.append(texts)

    def background(self, work: Coroutine[Any, Any, object]) -> None:
        """Run until the fault ends; the server's errors end it quietly."""
        self._tasks.append(asyncio.create_task(_quiet(work)))

    def repeat(self, act: Callable[[], Awaitable[object]], every_s: float) -> None:
        """Act again and again until the fault ends or its connection is lost; other errors are what it is for."""
        self.background(_loop(act, every_s))

    async def end(self) -> None:
        """End every session, then undo, the latest first; SandboxError names all that could not be undone."""
        results = await end_all(self._tasks, self._conns)
        failed: list[SandboxError] = []
        begun = asyncio.get_running_loop().time()
        while self._undo:
            try:
                await self._insist(self._undo.pop(), begun)
            except SandboxError as error:
                failed.append(error)
        if failed:
            raise SandboxError("; ".join(map(str, failed))) from failed[0]
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _connect(
        self, dsn: str, what: str, *, autocommit: bool, **settings: str | int
    ) -> psycopg.AsyncConnection:
        limit_ms = int((self._limit_s + _SPARE_S) * 1000)
        bounds = {"statement_timeout": limit_ms, "idle_in_transaction_session_timeout": limit_ms, **settings}
        conn = await psycopg.AsyncConnection.connect(
            dsn,
            autocommit=autocommit,
            prepare_threshold=None,
            application_name=f"fault:{self._fault} {what}".strip(),
            options=" ".join(f"-c {name}={value}" for name, value in bounds.items()),
            connect_timeout=10,
        )
        self._conns.append(conn)
        return conn

    async def _insist(self, texts: Sequence[str], begun: float | None = None) -> None:
        """Run them, again and again while there is patience: since `begun`, where others have used some of it up."""
        clock = asyncio.get_running_loop().time
        begun = clock() if begun is None else begun
        while True:
            try:
                return await self._run_all(texts)
            except psycopg.Error as error:
                patience = UNLOCK_WITHIN_S if isinstance(error, psycopg.errors.LockNotAvailable) else UNDO_WITHIN_S
                if clock() - begun > patience:
                    raise SandboxError(f"fault {self._fault}: could not run {'; '.join(texts)}: {error}") from error
                await asyncio.sleep(_RETRY_S)

    async def _run_all(self, texts: Sequence[str]) -> None:
        options = f"-c lock_timeout={_LOCK_TIMEOUT_MS}"
        async with await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, application_name=f"fault:{self._fault} change", options=options
        ) as conn:
            for text in texts:
                await conn.execute(text.encode())


@dataclass(frozen=True, slots=True)
class Act:
    """A session that runs the faults' statements by name."""

    conn: psycopg.AsyncConnection
    texts: Mapping[str, str]

    async def run(self, name: str, **values: object) -> list[TupleRow]:
        """Execute; the rows, none for a statement that returns none."""
        cursor = await self.conn.execute(self.texts[name].encode(), values)
        return await cursor.fetchall() if cursor.description else []

    async def rollback(self) -> None:
        """Give back what the transaction holds."""
        await self.conn.rollback()


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong in production, and how to make it go wrong."""

    name: str
    summary: str
    limit_s: float
    """It ends by itself after so many seconds."""
    cause: Callable[[Scene], Awaitable[None]]


class Injection:
    """One fault on one sandbox database: an async context manager, or start() and stop()."""

    def __init__(self, fault: Fault, dsn: str, limit_s: float | None = None) -> None:
        self.fault = fault
        self._dsn = dsn
        self._limit_s = fault.limit_s if limit_s is None else limit_s
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether the fault is on, or is being undone."""
        return self._task is not None and not self._task.done()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Return when the fault is on; SandboxError where it is on already or the database is not a sandbox's."""
        if self.is_on:
            raise SandboxError(f"fault {self.fault.name} is on already")
        await require(self._dsn)
        self._ending.clear()
        begun = asyncio.Event()
        self._task = asyncio.create_task(self._hold(begun))
        waiter = asyncio.create_task(begun.wait())
        await asyncio.wait({self._task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if not begun.is_set():
            await self._task

    async def stop(self) -> None:
        """Return when everything is undone; harmless if the fault has ended by itself."""
        self._ending.set()
        await self.ended()

    async def ended(self) -> None:
        """Return when the fault has ended, by itself or by stop(), and is undone."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _hold(self, begun: asyncio.Event) -> None:
        scene = Scene(self._dsn, self.fault.name, self._limit_s)
        try:
            await self.fault.cause(scene)
            begun.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._limit_s)
        finally:
            await scene.end()


async def _quiet(work: Coroutine[Any, Any, object]) -> None:
    with suppress(psycopg.Error):
        await work


async def _loop(act: Callable[[], Awaitable[object]], every_s: float) -> None:
    while True:
        try:
            await act()
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except psycopg.Error:
            pass
        await asyncio.sleep(every_s)
