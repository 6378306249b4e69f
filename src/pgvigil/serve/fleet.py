"""The fleet: every watched server in a line, the worst first."""

from collections.abc import Hashable
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field

from pgvigil.analyse.fleet import Line, line, worst_first
from pgvigil.model import Condition
from pgvigil.serve import answers, routes
from pgvigil.serve.judging import judge_at, state_at
from pgvigil.serve.kept import KeptLines
from pgvigil.serve.ranges import Range
from pgvigil.serve.routes import Span, Watching
from pgvigil.serve.schema import Answer, Moment, Verdict, Vital
from pgvigil.serve.watch import Watch, Watcher

router = APIRouter(prefix="/api/v1", responses=routes.RESPONSES)


class FleetLine(Answer):
    """A server in a line."""

    name: str
    version: str | None
    role: Literal["primary", "standby"] | None
    cpus: float | None = Field(description="As configured; it cannot be seen in SQL")
    condition: Condition = Field(description="How the watching is now, also where the verdict is on the past")
    verdict: Verdict
    since: Moment | None = Field(
        description="Since when the first subject is found, to 15 s, or the server does not answer; null where nothing "
        "is wrong, or longer ago than the hour that is looked back"
    )
    last_reading: Moment | None = Field(description="When a probe last brought something, of the two hours before")
    vitals: tuple[Vital, ...] = Field(description="load, throughput and connections, beside the compared span")


class Fleet(Answer):
    """Every watched server, the worst first."""

    since: Moment
    until: Moment
    lines: tuple[FleetLine, ...]


@router.get("/fleet")
def get_fleet(watch: Watching, request: Request, span: Span) -> Fleet:
    """Every server with its verdict at the end of the span and its telling numbers over it, the worst first. What tells
    of the present may be some seconds old, the more the more servers there are."""
    kept: KeptLines = request.app.state.fleet
    ones = tuple(watch.watchers.values())
    lines = kept.lines([_key(watch, one, span) for one in ones], watch.clock(), lambda n: _line(watch, ones[n], span))
    return Fleet(
        since=answers.seconds(span.since),
        until=answers.seconds(span.until),
        lines=tuple(_answer(one, found) for one, found in worst_first(list(zip(ones, lines, strict=True)))),
    )


def _key(watch: Watch, one: Watcher, span: Range) -> Hashable:
    """What a line depends on: of the present, how the watching is and how long the span; of the past, which span; and
    with what it is compared."""
    state = state_at(watch, one, span.until)
    if state is None:
        return (one.target.id, span.comparison, span.since, span.until)
    return (one.target.id, span.comparison, span.until - span.since, state.condition, state.since)


def _line(watch: Watch, one: Watcher, span: Range) -> Line:
    found = judge_at(watch, one, span.until)
    state = state_at(watch, one, found.at)
    return line(watch.store, watch.panels, one.target, found, state, (span.since, span.until), span.compared)


def _answer(one: Watcher, found: Line) -> FleetLine:
    capabilities = one.capabilities
    return FleetLine(
        name=one.target.name,
        version=capabilities.version if capabilities else None,
        role=answers.role(capabilities),
        cpus=one.target.cpus,
        condition=one.state.condition,
        verdict=answers.verdict(found.judged.at, found.judged.verdict, found.judged.rules),
        since=answers.optional_seconds(found.since),
        last_reading=answers.optional_seconds(found.judged.last_reading),
        vitals=tuple(answers.vital(one, it) for it in found.vitals),
    )
