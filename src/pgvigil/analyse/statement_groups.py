"""The statements of a span taken together: by kind, user and database as counted, by tag as sampled."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.analyse.queries import Reader, run, text
from pgvigil.analyse.statements import known, shares


@dataclass(frozen=True, slots=True)
class Group:
    """What the statements of one kind, user or database did. Of users and databases, those within functions left out:
    their time is part of their callers'."""

    name: str
    statements: int
    calls: int
    calls_per_s: float | None
    mean_ms: float | None
    load: float | None
    share: float | None
    uncertain: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """What sessions were seen doing whose statement bore a tag: `load` in sessions, `share` of all that were active."""

    name: str
    value: str
    statements: int
    load: float
    share: float
    classes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sampled:
    """Average active sessions over a span, as sampled: all, those that told no statement, those that bore no tag.
    None where no sample was taken."""

    active: float | None
    unnamed: float | None
    untagged: float | None


@dataclass(frozen=True, slots=True)
class Groups:
    """All of these for one span; `evictions` counts how often the server dropped statements to make room."""

    kinds: tuple[Group, ...]
    users: tuple[Group, ...]
    databases: tuple[Group, ...]
    tags: tuple[Tag, ...]
    sampled: Sampled
    evictions: int


def statement_groups(reader: Reader, target: int, since: int, until: int) -> Groups:
    """The statements of `target` that ran in (`since`, `until`], taken together."""
    secs, _ = known(reader, target, since, until)
    query = text("statement_groups").format(
        statements=reader.relation("statements", since, until, until - since), kind=text("statement_kind")
    )
    counted: dict[str, list[Group]] = {"kind": [], "user": [], "database": []}
    for by, *values in reader.query(query, {"target": target, "secs": secs}).rows:
        counted[by].append(Group(*values))
    given = {"target": target, "since": since, "until": until}
    ((taken, active, unnamed, untagged),) = run(
        reader, "statement_sampled", ("passes", "sessions"), since, until, given, until - since
    )
    ((_, evictions),) = run(
        reader, "statements_reset", ("statements_info",), since, until, given, until - since
    )  # fmt: skip
    return Groups(
        tuple(counted["kind"]),
        tuple(counted["user"]),
        tuple(counted["database"]),
        _tags(reader, target, since, until, int(taken or 0), int(active)),
        Sampled(active / taken, unnamed / taken, untagged / taken) if taken else Sampled(None, None, None),
        int(evictions),
    )


def _tags(reader: Reader, target: int, since: int, until: int, taken: int, active: int) -> tuple[Tag, ...]:
    given = {"target": target, "since": since, "until": until}
    seen: dict[str, dict[str, float]] = {}
    statements: dict[str, int] = {}
    for tag, name, count, samples in run(reader, "statement_tags", ("sessions",), since, until, given, until - since):
        seen.setdefault(tag, {})[name] = float(samples)
        statements[tag] = count
    if not taken or not active:
        return ()
    found = [
        Tag(
            name, value, statements[tag], sum(classes.values()) / taken, sum(classes.values()) / active, shares(classes)
        )
        for tag, classes in seen.items()
        for name, _, value in (tag.partition("="),)
    ]
    return tuple(sorted(found, key=lambda it: (-it.load, it.name, it.value)))
