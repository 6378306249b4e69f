"""Everywhere that something of a watched server could be kept or told, as bytes to be searched."""

import contextlib
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx

from fix_monitor import KEY, Monitor, run_pgvigil
from pgvigil.catalog import load
from pgvigil.model import Secret
from pgvigil.store import Store, open_store

OF_A_TARGET = "/api/v1/targets/{name}/"
SORTS = ("load", "calls_per_s", "mean_ms", "rows_per_call", "text")
LONGEST_SPAN = 3000.0


class Places:
    """What was found, by where it was found."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def add(self, place: str, data: bytes) -> None:
        self.found[place] = self.found.get(place, b"") + b"\n" + data

    def files(self, place: str, directory: Path) -> None:
        """Every file below a directory, and its name."""
        for path in sorted(directory.rglob("*")):
            self.add(place, str(path.relative_to(directory)).encode())
            if path.is_file() and not path.is_symlink():
                self.add(place, path.read_bytes())

    def __contains__(self, token: str) -> bool:
        return any(token.encode() in data for data in self.found.values())

    def where(self, token: str) -> list[str]:
        return [place for place, data in self.found.items() if token.encode() in data]

    def holding(self, tokens: Iterable[str]) -> list[tuple[str, str, bytes]]:
        """Place, token, and what stands around it, for every token that stands somewhere: one that is a number only
        where no other digit touches it."""
        hits = []
        for place, data in self.found.items():
            lowered = data.lower()
            for token in tokens:
                at = _find(lowered, token.lower().encode())
                if at >= 0:
                    hits.append((place, token, data[max(0, at - 80) : at + 80]))
        return hits


def _find(data: bytes, token: bytes) -> int:
    at = data.find(token)
    if at < 0 or not token.isdigit():
        return at
    alone = re.search(rb"(?<![0-9])%s(?![0-9])" % token, data)
    return alone.start() if alone else -1


class Listener:
    """Reads the live stream of every target, from now until the end of the context."""

    def __init__(self, running: Monitor, names: Iterable[str]) -> None:
        self.heard: list[bytes] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._listen, args=(running.url, name)) for name in names]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(20)

    def _listen(self, url: str, name: str) -> None:
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.stream("GET", f"{url}/api/v1/live", params={"target": name}, timeout=60, trust_env=False) as stream,
        ):
            for piece in stream.iter_bytes():
                self.heard.append(piece)
                if self._ended.is_set():
                    return


def api_answers(running: Monitor, places: Places) -> None:
    """Every route of the API in every order of rows, and its errors."""
    targets = running.get("/api/v1/targets")
    routes = [path for path in running.get("/api/v1/openapi.json")["paths"] if path.startswith(OF_A_TARGET)]
    places.add("api", json.dumps(targets, ensure_ascii=False).encode())
    for target in targets["targets"]:
        span = {"from": targets["now"] - LONGEST_SPAN, "to": targets["now"], "limit": 500}
        listed = running.get(f"/api/v1/targets/{target['name']}/statements", **span)["rows"]
        for path in _paths(target["name"], targets["now"], routes, [row["id"] for row in listed]):
            answer = httpx.get(f"{running.url}{path}", timeout=60, trust_env=False)
            places.add("api", json.dumps(answer.json(), ensure_ascii=False).encode())


def _ids(route: str, ids: Sequence[str]) -> Sequence[str]:
    return ids if "{id}" in route else ("",)


def _paths(name: str, now: float, routes: Iterable[str], ids: Sequence[str]) -> Iterator[str]:
    base, span = f"/api/v1/targets/{name}", f"from={now - LONGEST_SPAN}&to={now}"
    yield from (
        f"{route.format(name=name, panel='load', id=id_)}?{span}" for route in routes for id_ in _ids(route, ids)
    )
    yield from (f"{base}/statements?{span}&sort={sort}&limit=500&order=asc" for sort in SORTS)
    yield f"{base}/events?{span}&limit=500"
    yield f"{base}/statements?sort=beauty"
    yield f"{base}/panels/load?from=nothing"
    yield "/readyz"


def store_rows(url: str) -> Iterator[tuple[str, str]]:
    """Every table and view of a store as text, by name; and what is remembered between two passes."""
    store = open_store(url, Secret(KEY), load(), read_only=True)
    try:
        tables = store.query(
            "select table_name from information_schema.tables where table_catalog = current_database()"
        )
        for (name,) in tables.rows:
            yield name, _text_of(store, name)
        for target, incarnation in store.query("select distinct target, incarnation from passes").rows:
            for probe in (name for name, it in load().probes.items() if it.kept):
                yield f"{probe} remembered", repr(store.readings(target, incarnation, probe))
    finally:
        store.close()


def _text_of(store: Store, table: str) -> str:
    answer = store.query(f'select * from "{table}"')
    return "\n".join(map(_row_text, [answer.names, *answer.rows]))


def _row_text(row: Iterable[object]) -> str:
    return "\t".join(value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row)


def asked(running: Monitor, queries: Mapping[str, tuple[str, str]], places: Places) -> None:
    """What `pgvigil sql` answers and says, by place: format and query."""
    for place, (form, query) in queries.items():
        done = run_pgvigil("sql", "--store", running.store, "--format", form, query)
        places.add(place, f"{done.stdout}\n{done.stderr}".encode())
