"""The client's side: ask the server that holds the store, or the file itself where none does."""

import json
from pathlib import Path
from typing import Any

from pgvigil.catalog.types import Catalog
from pgvigil.model import Secret
from pgvigil.store import rendezvous
from pgvigil.store.errors import QueryRefusedError, SocketError
from pgvigil.store.location import Location, locate
from pgvigil.store.plain import plain_table
from pgvigil.store.query import Table
from pgvigil.store.store import open_store

_SLOWEST = 120.0
_BACKUP_SLOWEST = 3_600.0


def ask(url: str, key: Secret | None, catalog: Catalog, sql: str) -> Table:
    """The answer to a user's query, every value as JSON has it. Raises StoreError."""
    location = locate(url)
    answer = _request(location, {"do": "sql", "sql": sql}, _SLOWEST)
    if answer is not None:
        head, rows = answer
        return Table(tuple(head["names"]), tuple(head["types"]), [tuple(row) for chunk in rows for row in chunk])
    store = open_store(url, key, catalog, read_only=True)
    try:
        return plain_table(store.select(sql))
    finally:
        store.close()


def ask_for_backup(url: str, file: Path) -> int | None:
    """Have the running server back its store up; the backup's size in bytes, or None where no server runs."""
    answer = _request(locate(url), {"do": "backup", "file": str(file.absolute())}, _BACKUP_SLOWEST)
    return None if answer is None else int(answer[0]["bytes"])


def ask_to_compact(url: str) -> tuple[int, int] | None:
    """Have the running server compact its store; bytes before and after, or None where no server runs."""
    answer = _request(locate(url), {"do": "compact"}, _BACKUP_SLOWEST)
    return None if answer is None else (int(answer[0]["before"]), int(answer[0]["after"]))


def _request(location: Location, request: dict[str, Any], timeout: float) -> tuple[dict[str, Any], list[Any]] | None:
    path = rendezvous.find(location)
    client = rendezvous.call(path, timeout) if path else None
    if client is None:
        return None
    try:
        with client, client.makefile("rwb") as stream:
            stream.write(json.dumps(request).encode() + b"\n")
            stream.flush()
            head = _head(stream.readline())
            rows = [json.loads(line) for line in stream]
    except (OSError, ValueError) as error:
        raise SocketError(f"The running pgvigil did not answer at {path}: {error}.") from None
    if "error" in head:
        raise QueryRefusedError(head["error"])
    if sum(map(len, rows)) != head.get("rows", 0):
        raise SocketError("The running pgvigil stopped amid its answer.")
    return head, rows


def _head(line: bytes) -> dict[str, Any]:
    head = json.loads(line)
    if not isinstance(head, dict):
        raise ValueError("no head")
    return head
