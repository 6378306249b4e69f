"""The verdict: is it well, in one sentence with the culprit's name; never "well" where that cannot be told."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pgvigil.analyse.probes import ProbeHealth
from pgvigil.analyse.subjects import Subject
from pgvigil.catalog.rules import Rule
from pgvigil.catalog.types import Probe
from pgvigil.model import Condition, Invisible, Outcome, Severity, TargetState

SECOND = 1_000_000
STALE = 3.0
"""Periods of a probe without a reading after which what it told is no longer the present."""

_SAMPLER = 10.0  # s between two readings of the sampler that are kept
_SLACK = 15.0  # s that a pass and its keeping may take


class Level(StrEnum):
    """How it is, the worst first."""

    DOWN = "down"  # nobody answers
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"  # not as usual, and nothing that has to be done at once
    UNKNOWN = "unknown"  # cannot tell
    WELL = "well"


_UNREAD = frozenset({Outcome.FAILED, Outcome.LATE, Outcome.SKIPPED})
_LEVELS = {Severity.CRITICAL: Level.CRITICAL, Severity.WARNING: Level.WARNING, Severity.INFO: Level.INFO}


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be told, why, and what to do."""

    what: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`subjects` are what is not well, the first of them what the verdict is about; `unknown` what could not be asked.
    `cause` and `remedy` are of a server that does not answer."""

    level: Level
    subjects: tuple[Subject, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    cause: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict is made of: the state of the watching (None for a moment of the past), how each probe fares, what
    is not visible, and what the rules found."""

    now: int
    state: TargetState | None
    health: Mapping[str, ProbeHealth]
    invisible: Mapping[str, Invisible]
    subjects: Sequence[Subject]


def applying(rules: Collection[Rule], invisible: Mapping[str, Invisible]) -> tuple[Rule, ...]:
    """The rules about something that the server has got."""
    absent = {name for name, hidden in invisible.items() if hidden.absent}
    return tuple(rule for rule in rules if not absent & set(rule.probes))


def judge(facts: Facts, rules: Collection[Rule], probes: Mapping[str, Probe]) -> Verdict:
    """The verdict of these facts; pure."""
    if facts.state is not None and facts.state.condition in {Condition.UNREACHABLE, Condition.REFUSED}:
        return Verdict(Level.DOWN, cause=facts.state.cause, remedy=facts.state.remedy)
    unknown = tuple(_unknown(facts, rules, probes))
    blind = {each.what for each in unknown}
    # What was found in numbers that are no longer the present is no news.
    subjects = tuple(each for each in facts.subjects if not blind & set(each.rule.probes))
    if subjects:
        return Verdict(_LEVELS[max(each.severity for each in subjects)], subjects, unknown)
    return Verdict(Level.UNKNOWN if unknown else Level.WELL, (), unknown)


def _unknown(facts: Facts, rules: Collection[Rule], probes: Mapping[str, Probe]) -> Iterator[Unknown]:
    """What cannot be told: what fails, whatever asks for it, and what a rule needs and cannot see, or not now."""
    needed = {name for rule in rules for name in rule.probes}
    for name in sorted(probes):
        hidden, health = facts.invisible.get(name), facts.health.get(name)
        if hidden is not None:
            if name in needed:
                yield Unknown(name, hidden.reason, hidden.remedy or "")
        elif health is not None and health.outcome in _UNREAD and health.reason:
            yield Unknown(name, f"It was not read: {health.reason}.")
        elif name in needed and (reason := _stale(facts.now, probes[name], health)) is not None:
            yield Unknown(name, reason)


def _stale(now: int, probe: Probe, health: ProbeHealth | None) -> str | None:
    """Why what a probe told is not the present; None where it is. One that is asked only at need has nothing to tell
    while there is none."""
    if probe.when is not None:
        return None
    if health is None or health.last is None:
        return "It was not read yet."
    age = (now - health.last) / SECOND
    if age > STALE * (probe.every or _SAMPLER) + _SLACK:
        return f"It was last read {age:.0f} s ago."
    return None
