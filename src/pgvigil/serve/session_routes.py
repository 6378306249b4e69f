"""The route of the sessions as they are now."""

from collections.abc import Mapping

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool

from pgvigil.analyse.names import Names, names
from pgvigil.analyse.waits import wait_class
from pgvigil.collect.glances import Glance
from pgvigil.model import Value
from pgvigil.serve import schema
from pgvigil.serve import session_schema as models
from pgvigil.serve.answers import invisible, seconds
from pgvigil.serve.problems import ProblemError
from pgvigil.serve.routes import NOT_FOUND, RESPONSES, One, Watching, written

router = APIRouter(prefix="/api/v1", responses=RESPONSES)

_PROBE = "activity"
_OURS = "pgvigil"


@router.get("/targets/{name}/sessions", responses=NOT_FOUND, response_model=models.LiveSessions)
async def get_sessions(watch: Watching, one: One) -> Response:
    """The sessions at the next look of the sampler, which comes every second: who asks again at once has them live."""
    hidden = invisible(one, _PROBE)
    if hidden is not None:
        return written(models.LiveSessions(at=seconds(watch.clock()), total=0, sessions=(), not_visible=hidden))
    try:
        found = await one.glance()
    except TimeoutError:
        raise ProblemError(
            503,
            "busy",
            one.state.cause or "The sessions could not be looked at in time.",
            remedy=one.state.remedy or None,
        ) from None
    if found.failure is not None:
        raise ProblemError(503, "busy", f"The sessions could not be looked at: {found.failure}.")
    known = await run_in_threadpool(names, watch.store, one.target.id, found.incarnation)
    return written(_answer(found, known))


def _answer(found: Glance, known: Names) -> models.LiveSessions:
    rows = [dict(zip(found.names, row, strict=True)) for row in found.rows]
    return models.LiveSessions(
        at=seconds(found.ts),
        total=_whole(rows[0]["sessions"]) or 0 if rows else 0,
        sessions=tuple(_session(row, found.blockers, known) for row in rows),
        not_visible=None,
    )


def _session(row: Mapping[str, Value], blockers: Mapping[int, tuple[int, ...]], known: Names) -> models.LiveSession:
    pid, wait, event = _whole(row["pid"]) or 0, _word(row["wait_event_type"]), _word(row["wait_event"])
    active = row["state"] == "active"
    return models.LiveSession(
        pid=pid,
        leader=_whole(row["leader"]),
        database=_named(row["dbid"], known.databases),
        role=_named(row["userid"], known.roles),
        application=_word(row["application"]),
        client=_word(row["client"]),
        backend_type=_word(row["backend_type"]),
        state=_word(row["state"]),
        wait=None if wait is None else f"{wait}:{event}",
        wait_class=schema.WaitClass(wait_class(wait)) if active else None,
        queryid=_word(row.get("queryid")),
        text=_word(row["text"]),
        age=_seconds(row["age"]),
        xact_age=_seconds(row["xact_age"]),
        state_age=_seconds(row["state_age"]),
        blocked_by=blockers.get(pid, ()),
        ours=row["application"] == _OURS,
    )


def _named(number: Value, known: Mapping[int, str]) -> str | None:
    return None if not isinstance(number, int) or number == 0 else known.get(number, str(number))


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) else None


def _word(value: Value) -> str | None:
    return None if value is None else str(value)


def _seconds(value: Value) -> float | None:
    return value if isinstance(value, float) else None
