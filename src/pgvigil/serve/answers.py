"""From what the store knew to what the API says."""

from collections.abc import Sequence
from typing import Literal

from pgvigil.analyse import happenings
from pgvigil.analyse.probes import ProbeHealth, probe_health
from pgvigil.analyse.subjects import Subject
from pgvigil.analyse.verdict import Verdict
from pgvigil.analyse.vitals import Vital
from pgvigil.catalog.panels import Limit
from pgvigil.catalog.rules import Rule
from pgvigil.catalog.types import Probe
from pgvigil.collect.logcost import LogCost
from pgvigil.collect.stretched import Stretch
from pgvigil.model import Capabilities, Event, Gap, Invisible, Severity, TargetState
from pgvigil.serve import schema
from pgvigil.serve.ranges import Range
from pgvigil.serve.watch import Watch, Watcher

SECOND = 1_000_000


def seconds(moment: int) -> float:
    """A moment of the API: seconds since the epoch."""
    return moment / SECOND


def optional_seconds(moment: int | None) -> float | None:
    """The same for a moment that may be unknown."""
    return None if moment is None else seconds(moment)


def state(found: TargetState) -> schema.State:
    """In what condition the watching is."""
    return schema.State(condition=found.condition, since=seconds(found.since), cause=found.cause, remedy=found.remedy)


def not_visible(found: Invisible) -> schema.NotVisible:
    """Something that cannot be seen."""
    return schema.NotVisible(what=found.what, reason=found.reason, remedy=found.remedy)


def invisible(watcher: Watcher, probe: str) -> schema.NotVisible | None:
    """Why nothing of a probe can be seen; None where it can."""
    found = watcher.hidden(probe)
    return not_visible(found) if found else None


def targets(watch: Watch) -> schema.Targets:
    """Every watched server."""
    return schema.Targets(
        now=seconds(watch.clock()),
        version=watch.version,
        targets=tuple(_target(watch, watcher) for watcher in watch.watchers.values()),
    )


def _target(watch: Watch, watcher: Watcher) -> schema.Target:
    target, capabilities = watcher.target, watcher.capabilities
    health = probe_health(watch.store, target.id, watch.clock())
    last = {name: found.last for name, found in health.items()}
    passes = [moment for name, moment in last.items() if name != "sessions" and moment is not None]
    return schema.Target(
        name=target.name,
        state=state(watcher.state),
        version=capabilities.version if capabilities else None,
        role=role(capabilities),
        database=capabilities.database if capabilities else None,
        cpus=target.cpus,
        labels=target.labels,
        started_at=optional_seconds(capabilities.started_at) if capabilities else None,
        last_sample=optional_seconds(last.get("sessions")),
        last_pass=optional_seconds(max(passes, default=None)),
        probes=tuple(_probe(probe, health.get(probe.name)) for probe in watch.catalog.probes.values()),
        not_visible=tuple(not_visible(it) for it in watcher.invisible),
        log_cost=_log_cost(watcher.log_cost),
        stretched=tuple(_stretched(it) for it in watcher.stretched),
    )


def _log_cost(found: LogCost | None) -> schema.LogCost | None:
    if found is None:
        return None
    return schema.LogCost(reason=found.reason, megabytes_a_day=found.megabytes_a_day, remedy=found.remedy)


def _stretched(found: Stretch) -> schema.Stretched:
    return schema.Stretched(probe=found.probe, every=found.every, usual=found.usual, reason=found.reason)


def role(capabilities: Capabilities | None) -> Literal["primary", "standby"] | None:
    """What part the server plays; None until it was reached."""
    if capabilities is None:
        return None
    return "standby" if capabilities.in_recovery else "primary"


def _probe(probe: Probe, health: ProbeHealth | None) -> schema.ProbeState:
    return schema.ProbeState(
        probe=probe.name,
        summary=probe.summary,
        every=probe.every,
        last=optional_seconds(health.last) if health else None,
        outcome=health.outcome if health else None,
        reason=health.reason if health else None,
    )


def event(found: Event) -> schema.Event:
    """Something that happened."""
    return schema.Event(
        ts=seconds(found.ts),
        kind=found.kind,
        title=happenings.title(found.kind),
        subject=found.subject,
        before=found.before,
        after=found.after,
        detail=found.detail,
    )


def gap(found: Gap) -> schema.Gap:
    """An interval in which something is not known."""
    return schema.Gap(since=seconds(found.since), until=seconds(found.until), reason=found.reason, detail=found.detail)


def verdict(at: int, found: Verdict, rules: Sequence[Rule]) -> schema.Verdict:
    """Is it well."""
    return schema.Verdict(
        at=seconds(at),
        level=found.level.value,
        subjects=tuple(_subject(it) for it in found.subjects),
        unknown=tuple(
            schema.NotVisible(what=it.what, reason=it.reason, remedy=it.remedy or None) for it in found.unknown
        ),
        cause=found.cause,
        remedy=found.remedy,
        watched=f"{len(rules)} rules: {', '.join(rule.title.lower() for rule in rules)}.",
    )


def _subject(found: Subject) -> schema.Subject:
    words: dict[Severity, Literal["info", "warning", "critical"]] = {
        Severity.INFO: "info",
        Severity.WARNING: "warning",
        Severity.CRITICAL: "critical",
    }
    return schema.Subject(
        rule=found.rule.name,
        key=found.key,
        severity=words[found.severity],
        title=found.rule.title,
        headline=found.headline,
        details=found.details,
        todo=found.todo,
        page=found.rule.page,
    )


def vitals(watcher: Watcher, span: Range, found: Sequence[Vital]) -> schema.Vitals:
    """The vitals of a span."""
    before = span.compared
    return schema.Vitals(
        since=seconds(span.since),
        until=seconds(span.until),
        previous_since=None if before is None else seconds(before[0]),
        previous_until=None if before is None else seconds(before[1]),
        vitals=tuple(vital(watcher, it) for it in found),
    )


def vital(watcher: Watcher, found: Vital) -> schema.Vital:
    """One of the vitals."""
    panel, drawing = found.panel, found.drawing
    hidden = unseen(watcher, drawing.probes)
    limit = limit_of(watcher, drawing.limit)
    reason = "there was nothing to measure in this span" if found.read else "nothing was read in this span"
    return schema.Vital(
        key=panel.name,
        title=found.title,
        why=panel.why,
        unit=drawing.unit,
        value=found.value,
        limit=limit,
        limit_title=drawing.limit.title if drawing.limit is not None and limit is not None else None,
        previous=found.previous,
        change=found.value / found.previous if found.value is not None and found.previous else None,
        better=drawing.better,
        spark=found.spark,
        reason=reason if found.value is None and hidden is None else None,
        not_visible=hidden,
    )


def unseen(watcher: Watcher, probes: Sequence[str]) -> schema.NotVisible | None:
    """The first of these probes that cannot be seen."""
    return next((it for probe in probes if (it := invisible(watcher, probe))), None)


def limit_of(watcher: Watcher, limit: Limit | None) -> float | None:
    """Where the line of a panel is, where that is known."""
    settings = watcher.capabilities.settings if watcher.capabilities else {}
    return None if limit is None else limit.value(watcher.target.cpus, settings)


def events(span: Range, page: happenings.Page, *, limit: int, offset: int) -> schema.Events:
    """A page of what happened."""
    return schema.Events(
        since=seconds(span.since),
        until=seconds(span.until),
        total=page.total,
        limit=limit,
        offset=offset,
        events=tuple(event(it) for it in page.events),
    )
