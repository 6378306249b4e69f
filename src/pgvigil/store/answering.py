"""The server's side: whoever holds the store's lock answers `sql`, `backup` and `compact` for others on the machine."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pgvigil.store import rendezvous
from pgvigil.store.errors import QueryRefusedError, SocketError, StoreError
from pgvigil.store.plain import plain
from pgvigil.store.store import Store

AT_ONCE = 4
"""Requests answered at a time; further ones wait."""

LONGEST_REQUEST = 2**20
_SLOWEST = 60.0

PATIENCE = 60.0
"""Seconds that a query waits for the one before it: only one answer at a time is held in memory."""

_CHUNK = 500


class Answering:
    """Listens beside a store, for its owner alone, until closed; raises SocketError where another server does."""

    def __init__(self, store: Store, runtime: Path | None = None) -> None:
        self._store = store
        self._path = rendezvous.choose(store.location, runtime)
        self._closing = threading.Event()
        self._querying = threading.Lock()
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._socket = _listen(self._path)
        rendezvous.announce(store.location, self._path)
        self._thread = threading.Thread(target=self._accept, name="pgvigil-socket", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """Where it listens."""
        return self._path

    def close(self) -> None:
        """Stop listening and remove the socket; what is being answered is finished by its own thread."""
        self._closing.set()
        waking = rendezvous.call(self._path, 2.0)  # accept() ends on no system for certain when its socket is closed
        if waking is not None:
            waking.close()
        self._thread.join(5.0)
        self._socket.close()
        rendezvous.withdraw(self._store.location, self._path)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._room.acquire()
            threading.Thread(target=self._answer, args=(client,), name="pgvigil-answer", daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        try:
            client.settimeout(_SLOWEST)
            with client, client.makefile("rwb") as stream:
                for line in self._lines(stream.readline(LONGEST_REQUEST)):
                    stream.write(line)
        except OSError:
            pass  # whoever asked has gone
        finally:
            self._room.release()

    def _lines(self, request: bytes) -> Iterator[bytes]:
        try:
            yield from self._carry_out(json.loads(request))
        except StoreError as error:
            yield _line({"error": str(error)})
        except OSError as error:  # not of the socket, which is written to elsewhere
            yield _line({"error": f"The running pgvigil could not do that: {error}."})
        except (ValueError, KeyError, TypeError):
            yield _line({"error": "The request was not understood; both sides have to be of one version of pgvigil."})

    def _carry_out(self, request: dict[str, Any]) -> Iterator[bytes]:
        match request["do"]:
            case "sql":
                yield from self._query(request["sql"])
            case "backup":
                yield _line({"bytes": self._store.backup(Path(request["file"]))})
            case "compact":
                before, after = self._store.compact()
                yield _line({"before": before, "after": after})
            case other:
                yield _line({"error": f"The running pgvigil cannot do {other!r}; it may be of another version."})

    def _query(self, text: str) -> Iterator[bytes]:
        if not self._querying.acquire(timeout=PATIENCE):
            raise QueryRefusedError("Another query is being answered, and one at a time is. Ask again later.")
        try:
            table = self._store.select(text)
            yield _line({"names": table.names, "types": table.types, "rows": len(table.rows)})
            for first in range(0, len(table.rows), _CHUNK):
                yield _line([[plain(value) for value in row] for row in table.rows[first : first + _CHUNK]])
        finally:
            self._querying.release()


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _listen(path: Path) -> socket.socket:
    _clear_stale(path)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        server.bind(os.fspath(path))
        path.chmod(0o600)  # nobody can have connected: it does not listen yet
        server.listen(16)
    except OSError as error:
        server.close()
        raise SocketError(f"pgvigil cannot listen at {path}: {error.strerror}.") from None
    return server


def _clear_stale(path: Path) -> None:
    """Remove the socket that a killed server left; leave alone one that is answered."""
    if not os.path.lexists(path):
        return
    if not path.is_socket():
        raise SocketError(f"{path} is in the way: it is no socket. Move it away.")
    client = rendezvous.call(path, 2.0)
    if client is not None:
        client.close()
        raise SocketError(f"Another pgvigil answers at {path}.")
    path.unlink(missing_ok=True)
