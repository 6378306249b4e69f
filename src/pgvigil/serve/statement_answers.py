"""From what the store knew of statements to what the API says."""

import re
from collections.abc import Iterable, Mapping, Sequence

from pgvigil.analyse import statement_groups as groups_
from pgvigil.analyse.statement import Course, Detail, Extremes, Seen
from pgvigil.analyse.statements import Key, Page, Statement
from pgvigil.analyse.waits import CLASSES
from pgvigil.catalog.panels import Panel
from pgvigil.model import Gap
from pgvigil.serve import schema
from pgvigil.serve import statement_schema as models
from pgvigil.serve.answers import gap, invisible, optional_seconds, seconds
from pgvigil.serve.panel_models import PanelSeries
from pgvigil.serve.ranges import Range
from pgvigil.serve.watch import Watcher

_ID = re.compile(r"(hidden|-?[0-9]{1,19})/([0-9]{1,10})/([0-9]{1,10})/([0-9]{1,9})(/nested)?")
_LARGEST = 2**63
PAGE = "statement"
"""The page whose panels' numbers come with the detail of a statement."""

MEASURED_AT_WISH = "statement_io"
NOT_TIMED = "track_io_timing is off, so the server does not measure how long blocks take"


def statement_id(key: Key) -> str:
    """The name of a statement in addresses: all that it is counted by."""
    queryid = "hidden" if key.queryid is None else key.queryid
    return f"{queryid}/{key.userid}/{key.dbid}/{key.incarnation}{'' if key.toplevel else '/nested'}"


def key_of(given: str) -> Key | None:
    """The statement of such a name; None where it is none."""
    found = _ID.fullmatch(given)
    if found is None:
        return None
    queryid = None if found[1] == "hidden" else int(found[1])
    if queryid is not None and not -_LARGEST <= queryid < _LARGEST:
        return None
    return Key(queryid, int(found[2]), int(found[3]), found[5] is None, int(found[4]))


def statements(
    watcher: Watcher,
    span: Range,
    page: Page,
    *,
    sort: models.StatementSort,
    order: schema.Order,
    limit: int,
    offset: int,
) -> models.Statements:
    """A page of statements."""
    return models.Statements(
        since=seconds(span.since),
        until=seconds(span.until),
        compared_since=seconds(span.compared[0]) if span.compared else None,
        compared_until=seconds(span.compared[1]) if span.compared else None,
        total=page.total,
        covered=page.covered,
        limit=limit,
        offset=offset,
        sort=sort,
        order=order,
        secs=page.secs,
        rows=tuple(statement(it) for it in page.statements),
        not_visible=invisible(watcher, "statements"),
    )


def statement(found: Statement) -> models.Statement:
    """A row of a list of statements."""
    return models.Statement(
        id=statement_id(found.key),
        queryid=None if found.queryid is None else str(found.queryid),
        text=found.text,
        cut=bool(found.cut),
        kind=models.StatementKind(found.kind),
        user=found.user,
        database=found.database,
        toplevel=found.toplevel,
        calls=found.calls,
        calls_per_s=found.calls_per_s,
        mean_ms=found.mean_ms,
        stddev_ms=found.stddev_ms,
        rows_per_call=found.rows_per_call,
        hit_per_call=found.hit_per_call,
        read_per_call=found.read_per_call,
        cache_hit=found.cache_hit,
        temp_bytes_per_s=found.temp_bytes_per_s,
        wal_bytes_per_s=found.wal_bytes_per_s,
        io_share=found.io_share,
        plan_ms=found.plan_ms,
        load=found.load,
        share=found.share,
        load_before=found.load_before,
        calls_per_s_before=found.calls_per_s_before,
        mean_ms_before=found.mean_ms_before,
        is_new=found.is_new,
        by_class=by_class(found.classes),
        spark=found.spark or None,
        uncertain=found.uncertain,
    )


def by_class(found: Mapping[str, float]) -> tuple[models.ClassShare, ...]:
    """What sessions were doing, without the classes that none was in."""
    return tuple(
        models.ClassShare(key=schema.WaitClass(name), share=found[name]) for name in CLASSES if found.get(name, 0.0) > 0
    )


def groups(watcher: Watcher, span: Range, found: groups_.Groups) -> models.StatementGroups:
    """The statements of a span taken together."""
    return models.StatementGroups(
        since=seconds(span.since),
        until=seconds(span.until),
        kinds=tuple(_group(it) for it in found.kinds),
        users=tuple(_group(it) for it in found.users),
        databases=tuple(_group(it) for it in found.databases),
        tags=tuple(
            models.StatementTag(
                name=it.name,
                value=it.value,
                statements=it.statements,
                load=it.load,
                share=it.share,
                by_class=by_class(it.classes),
            )
            for it in found.tags
        ),
        sampled_load=found.sampled.active,
        unnamed_load=found.sampled.unnamed,
        untagged_load=found.sampled.untagged,
        evictions=found.evictions,
        not_visible=invisible(watcher, "statements"),
        tags_not_visible=invisible(watcher, "sessions"),
    )


def _group(found: groups_.Group) -> models.StatementGroup:
    return models.StatementGroup(
        name=found.name,
        statements=found.statements,
        calls=found.calls,
        calls_per_s=found.calls_per_s,
        mean_ms=found.mean_ms,
        load=found.load,
        share=found.share,
        uncertain=found.uncertain,
    )


def detail(watcher: Watcher, panels: Iterable[Panel], found: Detail, gaps: Sequence[Gap]) -> models.StatementDetail:
    """One statement over a span; `panels` are all that any page has."""
    row = found.row
    like = row or (found.alike[0] if found.alike else None)
    steps, before = found.course.span, found.before
    phrase, since = _extremes(found.extremes)
    return models.StatementDetail(
        id=statement_id(found.key),
        since=seconds(steps.since),
        until=seconds(steps.until),
        compared_since=None if before is None else seconds(before.span.since),
        compared_until=None if before is None else seconds(before.span.until),
        text=found.text,
        kind=models.StatementKind(found.kind),
        user=found.user,
        database=found.database,
        first_seen=optional_seconds(found.first_seen),
        row=None if row is None else statement(row),
        alike=tuple(statement(it) for it in found.alike),
        step=seconds(steps.step),
        ts=tuple(seconds(end) for end in steps.ends),
        charts=tuple(
            _chart(it, found.course, before, timed=like is None or like.io_share is not None)
            for it in panels
            if it.page == PAGE and it.drawing is not None
        ),
        gaps=tuple(gap(it) for it in gaps),
        uncertain=tuple(seconds(steps.ends[step - 1]) for step in found.course.uncertain),
        min_ms=found.extremes.min_ms,
        max_ms=found.extremes.max_ms,
        extremes=phrase,
        extremes_since=optional_seconds(since),
        counted_since=optional_seconds(found.extremes.counted_since),
        samples=found.samples,
        waits=_seen(found, "event"),
        users=_seen(found, "user"),
        databases=_seen(found, "database"),
        applications=_seen(found, "application"),
        tags=_seen(found, "tag"),
        not_visible=invisible(watcher, "statements"),
    )


def _chart(panel: Panel, course: Course, before: Course | None, *, timed: bool) -> models.StatementChart:
    hidden = panel.name == MEASURED_AT_WISH and not timed
    nothing = (None,) * course.span.count
    series = () if panel.drawing is None else panel.drawing.series
    return models.StatementChart(
        panel=panel.name,
        series=tuple(
            PanelSeries(
                key=it.key,
                values=nothing if hidden else course.values[it.key],
                compared=None if before is None else nothing if hidden else before.values[it.key],
            )
            for it in series
        ),
        reason=NOT_TIMED if hidden else None,
    )


def _extremes(found: Extremes) -> tuple[str, int | None]:
    """Since when the shortest and the longest count, in a phrase and, where it is known, as a moment."""
    if found.since is not None:
        return "since", found.since
    if found.after is not None:
        return "since it was first counted after the reset of", found.after
    return "since the last reset, time not known", None


def _seen(found: Detail, by: str) -> tuple[models.StatementSeen, ...]:
    seen: Sequence[Seen] = found.seen.get(by, ())
    return tuple(
        models.StatementSeen(name=it.name, load=it.load, share=it.share, by_class=by_class(it.classes)) for it in seen
    )
