"""From what the store knew to what the API says."""

from collections.abc import Sequence
from typing import Literal

from pgvigil.analyse import happenings
from pgvigil.analyse.load import Load
from pgvigil.analyse.probes import ProbeHealth, probe_health
from pgvigil.analyse.statements import Page as StatementPage
from pgvigil.analyse.statements import Statement
from pgvigil.analyse.subjects import Subject
from pgvigil.analyse.verdict import Verdict
from pgvigil.analyse.vitals import Vital
from pgvigil.analyse.waits import CLASSES, TITLES
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


def _invisible(watcher: Watcher, probe: str) -> schema.NotVisible | None:
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
        role=_role(capabilities),
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


def _role(capabilities: Capabilities | None) -> Literal["primary", "standby"] | None:
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


def _gap(found: Gap) -> schema.Gap:
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


def load(watcher: Watcher, found: Load, gaps: happenings.Gaps, happened: happenings.Page) -> schema.Load:
    """Database load, as a chart needs it."""
    return schema.Load(
        since=seconds(found.span.since),
        until=seconds(found.span.until),
        step=seconds(found.span.step),
        ts=tuple(seconds(end) for end in found.span.ends),
        series=tuple(
            schema.LoadSeries(key=schema.WaitClass(name), title=TITLES[name], values=found.values[name])
            for name in CLASSES
        ),
        cpus=watcher.target.cpus,
        gaps=tuple(_gap(gap) for gap in gaps.gaps),
        gaps_total=gaps.total,
        events=tuple(event(it) for it in happened.events),
        events_total=happened.total,
        not_visible=_invisible(watcher, "sessions"),
    )


def vitals(watcher: Watcher, since: int, until: int, found: Sequence[Vital]) -> schema.Vitals:
    """The vitals of a span."""
    return schema.Vitals(
        since=seconds(since),
        until=seconds(until),
        previous_since=seconds(2 * since - until),
        previous_until=seconds(since),
        vitals=tuple(_vital(watcher, it) for it in found),
    )


def _vital(watcher: Watcher, found: Vital) -> schema.Vital:
    definition = found.definition
    limit, limit_title = _limit(watcher, definition.key)
    hidden = next((it for probe in definition.probes if (it := _invisible(watcher, probe))), None)
    return schema.Vital(
        key=definition.key,
        title=definition.title,
        why=definition.why,
        unit=schema.Unit(definition.unit),
        value=found.value,
        limit=limit,
        limit_title=limit_title,
        previous=found.previous,
        change=found.value / found.previous if found.value is not None and found.previous else None,
        better=schema.Better(definition.better),
        spark=found.spark,
        reason="nothing was read in this span" if found.value is None and hidden is None else None,
        not_visible=hidden,
    )


def _limit(watcher: Watcher, key: str) -> tuple[float | None, str | None]:
    """What a vital is out of, where that is known."""
    if key == "load" and watcher.target.cpus is not None:
        return watcher.target.cpus, "CPUs"
    settings = watcher.capabilities.settings if watcher.capabilities else {}
    if key == "connections" and "max_connections" in settings:
        kept = sum(int(settings.get(name, 0)) for name in ("superuser_reserved_connections", "reserved_connections"))
        return float(int(settings["max_connections"]) - kept), "for clients"
    return None, None


def statements(
    watcher: Watcher,
    span: Range,
    page: StatementPage,
    *,
    sort: schema.StatementSort,
    order: schema.Order,
    limit: int,
    offset: int,
) -> schema.Statements:
    """A page of statements."""
    return schema.Statements(
        since=seconds(span.since),
        until=seconds(span.until),
        total=page.total,
        limit=limit,
        offset=offset,
        sort=sort,
        order=order,
        secs=page.secs,
        rows=tuple(_statement(it) for it in page.statements),
        not_visible=_invisible(watcher, "statements"),
    )


def _statement_id(found: Statement) -> str:
    """All that a row is counted by: two users of one name may have lived in one span."""
    queryid = "hidden" if found.queryid is None else found.queryid
    nested = "" if found.toplevel else "/nested"
    return f"{queryid}/{found.userid}/{found.dbid}/{found.incarnation}{nested}"


def _statement(found: Statement) -> schema.Statement:
    return schema.Statement(
        id=_statement_id(found),
        queryid=None if found.queryid is None else str(found.queryid),
        text=found.text,
        user=found.user,
        database=found.database,
        toplevel=found.toplevel,
        calls=found.calls,
        calls_per_s=found.calls_per_s,
        mean_ms=found.mean_ms,
        rows_per_call=found.rows_per_call,
        load=found.load,
        share=found.share,
        by_class=tuple(
            schema.ClassShare(key=schema.WaitClass(name), share=found.classes[name])
            for name in CLASSES
            if name in found.classes
        ),
        spark=found.spark,
        uncertain=found.uncertain,
    )


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
