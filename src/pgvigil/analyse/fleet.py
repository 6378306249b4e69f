"""A server in a line: how it is, since when, and its three telling numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pgvigil.analyse.lasting import lasting_since
from pgvigil.analyse.probes import ProbeHealth, probe_health
from pgvigil.analyse.queries import Reader
from pgvigil.analyse.subjects import SECOND, subjects
from pgvigil.analyse.verdict import Facts, Level, Verdict, applying, judge
from pgvigil.analyse.vitals import Vital, vitals
from pgvigil.catalog.panels import Panel
from pgvigil.catalog.rules import Rule
from pgvigil.catalog.types import Probe
from pgvigil.model import Condition, Invisible, Target, TargetState

Whose = TypeVar("Whose")

AWAY = frozenset({Condition.UNREACHABLE, Condition.REFUSED})
"""Conditions in which a server does not answer."""

VITALS = ("load", "throughput", "connections")
"""The panels whose vitals a line shows."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a server at a moment, the rules that were asked, and when what it is made of was last read; both
    moments in microseconds."""

    at: int
    verdict: Verdict
    rules: tuple[Rule, ...]
    last_reading: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A server's line; `since` is None where nothing is wrong, or longer than is looked back."""

    judged: Judged
    since: int | None
    vitals: tuple[Vital, ...]


def judged(
    reader: Reader,
    target: Target,
    at: int,
    state: TargetState | None,
    invisible: Mapping[str, Invisible],
    rules: Collection[Rule],
    probes: Mapping[str, Probe],
) -> Judged:
    """The verdict on `target` at a moment; `state` is None for one of the past."""
    health = probe_health(reader, target.id, at)
    asked = applying(rules, invisible)
    # Of one that does not answer nothing else is told: 30 of these are as cheap as one that does.
    gone = state is not None and state.condition in AWAY
    found = () if gone else subjects(reader, _worth_asking(asked, health, at), target.id, at, target.cpus)
    facts = Facts(at, state, health, invisible, found)
    last = max((each.last for each in health.values() if each.last is not None), default=None)
    return Judged(at, judge(facts, asked, probes), asked, last)


def _worth_asking(rules: Collection[Rule], health: Mapping[str, ProbeHealth], at: int) -> list[Rule]:
    """Those that may find something: a question costs milliseconds, and most of the time nobody waits for a lock."""
    brought = {name: each.brought or 0 for name, each in health.items()}
    return [rule for rule in rules if rule.of is None or brought.get(rule.of, 0) > at - int(rule.window * SECOND)]


def line(
    reader: Reader,
    panels: Mapping[str, Panel],
    target: Target,
    found: Judged,
    state: TargetState | None,
    span: tuple[int, int],
    compared: tuple[int, int] | None,
) -> Line:
    """The line of a server that was judged; its numbers are those of `span`, and of the one it is compared with."""
    first = next(iter(found.verdict.subjects), None)
    if found.verdict.level is Level.DOWN:
        since = state.since if state is not None else None
    elif first is not None:
        since = lasting_since(reader, first, target.id, found.at, target.cpus)
    else:
        since = None
    told = vitals(reader, [panels[name] for name in VITALS if name in panels], target.id, *span, compared)
    return Line(found, since, told)


def worst_first(lines: Sequence[tuple[Whose, Line]]) -> list[tuple[Whose, Line]]:
    """Whose line with it, the worst level first, and of those equally bad the one that came first."""
    levels = list(Level)
    return sorted(lines, key=lambda each: levels.index(each[1].judged.verdict.level))
