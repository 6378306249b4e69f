"""The routes of locks."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from pgvigil.analyse import locks
from pgvigil.serve import lock_schema as models
from pgvigil.serve.answers import invisible, optional_seconds, seconds
from pgvigil.serve.ranges import SECOND, Moment
from pgvigil.serve.routes import NOT_FOUND, RESPONSES, Limit, One, Span, Watching, written

router = APIRouter(prefix="/api/v1", responses=RESPONSES)

_PROBE = "locks"


@router.get("/targets/{name}/locks", responses=NOT_FOUND, response_model=models.Locks)
def get_locks(
    watch: Watching,
    one: One,
    at: Annotated[Moment | None, Query(description="The moment; by default now")] = None,
) -> Response:
    """Who waits for a lock behind whom: now, or at a moment of the last 48 hours; before that within its minute, and
    beyond 14 days within its hour."""
    moment = watch.clock() if at is None else int(at * SECOND)
    found = locks.tree(watch.store, one.target.id, moment)
    stretched = next((it.every for it in one.stretched if it.probe == _PROBE), 1.0)
    return written(
        models.Locks(
            asked=seconds(moment),
            at=optional_seconds(found.at),
            seconds=found.seconds,
            known=found.known,
            every=stretched,
            waiting=found.waiting,
            nodes=tuple(_node(node) for node in found.nodes),
            not_visible=invisible(one, _PROBE),
        )
    )


@router.get("/targets/{name}/locks/incidents", responses=NOT_FOUND, response_model=models.LockIncidents)
def get_lock_incidents(watch: Watching, one: One, span: Span, limit: Limit = 100) -> Response:
    """Waits of a second and longer in a span, those behind one head together, and the deadlocks that were counted."""
    found = locks.incidents(watch.store, one.target.id, span.since, span.until, most=limit)
    return written(
        models.LockIncidents(
            since=seconds(span.since),
            until=seconds(span.until),
            total=found.total,
            incidents=tuple(_incident(it) for it in found.incidents),
        )
    )


def _node(node: locks.Node) -> models.LockNode:
    return models.LockNode(
        depth=node.depth,
        who=_who(node.who),
        wait=None if node.wait is None else _wait(node.wait),
        others=node.others,
        behind=node.behind,
        circle=node.circle,
    )


def _who(who: locks.Who) -> models.LockHolder:
    return models.LockHolder(
        pid=who.pid,
        prepared=_text(who.prepared),
        role=who.role,
        application=who.application,
        state=who.state,
        queryid=_text(who.queryid),
        text=who.text,
        xact_age=who.xact_age,
        state_age=who.state_age,
    )


def _wait(wait: locks.Wait) -> models.LockWait:
    return models.LockWait(
        mode=wait.mode,
        locktype=wait.locktype,
        table=_table(wait.schema, wait.relation),
        relid=_text(wait.relid),
        transaction=_text(wait.transaction),
        database=wait.database,
        waited=wait.waited,
        queued=wait.queued,
    )


def _incident(it: locks.Incident) -> models.LockIncident:
    return models.LockIncident(
        since=seconds(it.since),
        until=seconds(it.until),
        head=None if it.head is None else _who(it.head),
        depth=it.depth,
        sessions=it.sessions,
        statements=it.statements,
        queryid=_text(it.queryid),
        text=it.text,
        locktype=it.locktype,
        table=_table(it.schema, it.relation),
        lost=it.lost,
        longest=it.longest,
        deadlocks=it.deadlocks,
        database=it.database,
        waiting=it.who,
    )


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _table(schema: str | None, relation: str | None) -> str | None:
    return relation if schema is None or relation is None else f"{schema}.{relation}"
