"""What the rules find in the store at one moment: the subjects of a verdict, and of alerts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgvigil.analyse.queries import Reader
from pgvigil.catalog.rules import BEFORE, Rule
from pgvigil.catalog.sentences import render
from pgvigil.model import Severity

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that a rule found. `key` stays the same while it is the same thing, `value` was held against the
    thresholds; `values` are the columns of its row."""

    rule: Rule
    key: str
    severity: Severity
    value: float
    headline: str
    details: tuple[str, ...]
    todo: str
    values: Mapping[str, Any] = field(default_factory=dict)


def subjects(reader: Reader, rules: Iterable[Rule], target: int, now: int, cpus: float | None) -> tuple[Subject, ...]:
    """What these rules find at `now` (microseconds), the worst first, and of the equally bad that of the lower rank;
    what others explain comes behind all of them."""
    found = [subject for rule in rules for subject in _found(reader, rule, target, now, cpus)]
    explained = {name for subject in found for name in subject.rule.explains}

    def place(subject: Subject) -> tuple[bool, int, int, float, str]:
        rule = subject.rule
        return (rule.name in explained, -subject.severity, rule.rank, -subject.value, subject.key)

    return tuple(sorted(found, key=place))


def _found(reader: Reader, rule: Rule, target: int, now: int, cpus: float | None) -> Iterable[Subject]:
    since = now - int(rule.window * SECOND)
    relations = {probe: reader.relation(probe, since, now) for probe in ("passes", *rule.probes)}
    if rule.before:
        earlier = since - int(rule.before * SECOND)
        relations |= {f"{probe}{BEFORE}": reader.relation(probe, earlier, since) for probe in rule.probes}
    given = {"target": target, "since": since, "now": now, "cpus": cpus}
    answer = reader.query(rule.sql.format(**relations), given)
    for row in answer.rows:
        values = dict(zip(answer.names, row, strict=True))
        value = values["value"]
        severity = None if value is None else rule.severity(float(value))
        if severity is not None:
            yield _subject(rule, severity, values)


def _subject(rule: Rule, severity: Severity, values: Mapping[str, Any]) -> Subject:
    told = (render(sentence, values) for sentence in rule.details)
    return Subject(
        rule=rule,
        key=str(values["key"]),
        severity=severity,
        value=float(values["value"]),
        headline=render(rule.headline, values) or rule.title,
        details=tuple(sentence for sentence in told if sentence is not None),
        todo=render(rule.todo, values) or "",
        values=values,
    )
