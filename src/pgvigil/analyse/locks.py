"""Who waits for a lock behind whom: the tree at one moment, and the incidents of a span.

The edges are read each second while anybody waits, and kept so for two days. Later one reading tells of a minute, then
of an hour: all that waited within it, though not all at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgvigil.analyse.queries import Reader, run, text

SECOND = 1_000_000
_RAW = 10
_WINDOW = 15 * SECOND
"""A reading tells of so long: where many wait they are read no oftener than every ten seconds."""

LETTERS, LETTERS_OF_MANY = 2_000, 300
"""How much of a statement's text is told in a tree, and in a list."""

CIRCLE = -1
"""The head of a circle of waiters, who have none."""

PREPARED = 0
"""The process of a prepared transaction: it has none."""


@dataclass(frozen=True, slots=True)
class Who:
    """A session, or a prepared transaction (`pid` is PREPARED, and `prepared` its number)."""

    pid: int
    prepared: int | None
    role: str | None
    application: str | None
    state: str | None
    queryid: int | None
    text: str | None
    xact_age: float | None
    state_age: float | None


@dataclass(frozen=True, slots=True)
class Wait:
    """What somebody waits for: `mode` on `locktype`, of a relation or a `transaction` where that is known, for `waited`
    seconds. `queued` says that nobody holds it against the wish, but one before in the queue wants it."""

    mode: str
    locktype: str
    schema: str | None
    relation: str | None
    relid: int | None
    transaction: int | None
    database: str | None
    waited: float | None
    queued: bool


@dataclass(frozen=True, slots=True)
class Node:
    """One in the tree, `depth` below its root; `wait` is None for a root that waits for nobody. `others` are more in
    its way beside the one above it, `behind` counts all below it. `circle` marks a root that waits for one below
    itself."""

    who: Who
    depth: int
    wait: Wait | None
    others: tuple[int, ...]
    behind: int
    circle: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """Who waited behind whom: at `at` (microseconds), or all within the `seconds` before it where that is no moment.
    Roots first by how many are behind them, each with all below it. `known` says whether anybody looked."""

    at: int | None
    seconds: int
    known: bool
    nodes: tuple[Node, ...]

    @property
    def waiting(self) -> int:
        """Sessions that wait."""
        return sum(1 for node in self.nodes if node.wait is not None)


@dataclass(frozen=True, slots=True)
class Incident:
    """Sessions waited behind one head, from `since` to `until` (microseconds): so many `sessions` with so many
    `statements` one after the other or together, `depth` levels deep, `lost` seconds in all. `deadlocks` are counted by
    the server instead; `who` was seen to wait then."""

    since: int
    until: int
    head: Who | None
    depth: int
    sessions: int
    statements: int
    queryid: int | None
    text: str | None
    locktype: str | None
    schema: str | None
    relation: str | None
    lost: float
    longest: float | None
    deadlocks: int = 0
    database: str | None = None
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incidents:
    """The latest of `total` incidents."""

    incidents: tuple[Incident, ...]
    total: int


def tree(reader: Reader, target: int, at: int) -> Tree:
    """Who waited behind whom at a moment (microseconds)."""
    since, until = at - _WINDOW, at
    grain = reader.grain("locks", since, until)
    if grain > _RAW:
        since = at // (grain * SECOND) * grain * SECOND
        until = since + grain * SECOND
    relations = {name: reader.relation(name, since, until) for name in ("passes", "locks")}
    words = _words(reader, until - 60 * SECOND, until + 60 * SECOND)
    given = {"target": target, "letters": LETTERS}
    answer = reader.query(text("lock_tree").format(**relations, words=words), given)
    edges = [dict(zip(answer.names, row, strict=True)) for row in answer.rows]
    # Samples are told together, at the end of ten seconds.
    looked = run(reader, "lock_looked", ("passes",), since - _WINDOW, until + _RAW * SECOND, {"target": target})
    moment = int(edges[0]["ts"]) if edges else None
    return Tree(moment, 0 if grain <= _RAW else grain, bool(looked[0][0]), tuple(_nodes(edges)))


def incidents(reader: Reader, target: int, since: int, until: int, *, most: int) -> Incidents:
    """The incidents of (`since`, `until`], the latest first; a deadlock that an incident tells of stands for itself."""
    relations = {name: reader.relation(name, since, until) for name in ("locks", "databases")}
    given = {"target": target, "most": most, "letters": LETTERS_OF_MANY}
    answer = reader.query(text("lock_incidents").format(**relations, words=_words(reader, since, until)), given)
    found = [_incident(dict(zip(answer.names, row, strict=True))) for row in answer.rows]
    total = int(answer.rows[0][-1]) if answer.rows else 0
    counted = reader.query(text("lock_deadlocks").format(**relations), given)
    deadlocks = [_deadlock(*row) for row in counted.rows]
    both = sorted([*found, *deadlocks], key=lambda one: (-one.since, -one.lost))
    return Incidents(tuple(both[:most]), total + len(deadlocks))


def _words(reader: Reader, since: int, until: int) -> str:
    """The query of the texts of the statements that are mentioned."""
    return text("statement_words").format(transactions=reader.relation("transactions", since, until))


Key = tuple[int, int | None]
"""A process and, of a prepared transaction, its number."""


def _nodes(edges: Sequence[Mapping[str, Any]]) -> Iterator[Node]:
    """The tree in the order of reading. Of several in the way of a waiter, the one with the oldest transaction is above
    it; the edges come in that order. Step by step, not by recursion: a chain may be as long as there are sessions."""
    above: dict[int, Mapping[str, Any]] = {}
    others: dict[int, list[int]] = {}
    for edge in edges:
        if edge["waiter"] in above:
            others.setdefault(edge["waiter"], []).append(edge["blocker"])
        else:
            above[edge["waiter"]] = edge
    circles = _circles(above)
    heads: dict[Key, Mapping[str, Any]] = {}
    below: dict[Key, list[int]] = {}
    for waiter, edge in above.items():
        key = (edge["blocker"], edge["prepared"])
        if edge["blocker"] not in above:
            heads.setdefault(key, edge)
        if waiter not in circles:
            below.setdefault(key, []).append(waiter)
    roots = [*heads, *((pid, None) for pid in circles)]
    behind = _behind(roots, below)
    for root in sorted(roots, key=lambda key: (-behind[key], key)):
        if root in heads:
            yield Node(_blocker(heads[root]), 0, None, (), behind[root], circle=False)
        else:
            edge = above[root[0]]
            yield Node(_waiter(edge), 0, _wait(edge), (edge["blocker"],), behind[root], circle=True)
        waiting = _ranked(root, below, behind, above, 1)
        while waiting:
            depth, pid = waiting.pop()
            edge = above[pid]
            more = tuple(others.get(pid, ()))
            yield Node(_waiter(edge), depth, _wait(edge), more, behind[pid, None], circle=False)
            waiting += _ranked((pid, None), below, behind, above, depth + 1)


def _behind(roots: Iterable[Key], below: Mapping[Key, Sequence[int]]) -> Mapping[Key, int]:
    """How many stand below each, directly or through others."""
    order: list[Key] = []
    left = list(roots)
    while left:
        order.append(left.pop())
        left += ((pid, None) for pid in below.get(order[-1], ()))
    found: dict[Key, int] = {}
    for key in reversed(order):
        found[key] = sum(1 + found[pid, None] for pid in below.get(key, ()))
    return found


def _ranked(
    key: Key,
    below: Mapping[Key, Sequence[int]],
    behind: Mapping[Key, int],
    above: Mapping[int, Mapping[str, Any]],
    depth: int,
) -> list[tuple[int, int]]:
    """Those right behind one, at this depth: who has most behind it, and has waited longest, last."""
    ranked = sorted(below.get(key, ()), key=lambda pid: (-behind[pid, None], -(above[pid]["waited"] or 0), pid))
    return [(depth, pid) for pid in reversed(ranked)]


def _circles(above: Mapping[int, Mapping[str, Any]]) -> list[int]:
    """Of each circle of waiters the lowest process."""
    found: set[int] = set()
    settled: set[int] = set()
    for start in above:
        path: dict[int, int] = {}
        at = start
        while at in above and at not in path and at not in settled:
            path[at] = len(path)
            at = above[at]["blocker"]
        if at in path:
            found.add(min(pid for pid, place in path.items() if place >= path[at]))
        settled |= set(path)
    return sorted(found)


def _waiter(edge: Mapping[str, Any]) -> Who:
    return Who(
        edge["waiter"], None, edge["role"], edge["application"], None, edge["queryid"], edge["text"], None, None
    )  # fmt: skip


def _blocker(edge: Mapping[str, Any]) -> Who:
    mine = ("blocker", "prepared", "blocker_role", "blocker_application", "blocker_state", "blocker_queryid")
    return Who(*(edge[name] for name in (*mine, "blocker_text", "blocker_xact_age", "blocker_state_age")))


def _wait(edge: Mapping[str, Any]) -> Wait:
    names = ("mode", "locktype", "schema", "relation", "relid", "transaction", "database", "waited")
    return Wait(**{name: edge[name] for name in names}, queued=edge["how"] == "queued")


def _incident(row: Mapping[str, Any]) -> Incident:
    head = None if row["head"] == CIRCLE else _head(row)
    told = ("depth", "sessions", "statements", "queryid", "text", "locktype", "schema", "relation", "lost", "longest")
    values = {name: row[name] for name in told}
    return Incident(
        row["since"], row["until"], head, **{**values, "depth": row["depth"] or 0, "lost": row["lost"] or 0}
    )


def _head(row: Mapping[str, Any]) -> Who:
    return Who(
        pid=row["head"],
        prepared=row["prepared"],
        role=row["role"],
        application=row["application"],
        state=row["state"],
        queryid=row["head_queryid"],
        text=row["head_text"],
        xact_age=row["xact_age"],
        state_age=None,
    )


def _deadlock(since: int, until: int, database: str | None, deadlocks: int, who: Sequence[str] | None) -> Incident:
    return Incident(
        since, until, None, 0, 0, 0, None, None, None, None, None, 0.0, None, int(deadlocks), database, tuple(who or ())
    )  # fmt: skip
