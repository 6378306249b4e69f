"""The live stream: what the collector of a target sees, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from pgvigil.analyse.waits import wait_class
from pgvigil.collect.live import LiveEvent, PassKept, Sample
from pgvigil.model import TargetState
from pgvigil.serve import answers, routes, schema
from pgvigil.serve.routes import Watching, the_watcher
from pgvigil.serve.watch import Watcher

router = APIRouter(
    prefix="/api/v1",
    responses={404: routes.NOT_FOUND[404], 403: routes.RESPONSES[403], 422: routes.RESPONSES[422]},
)

PING = 15
"""Seconds between signs of life, so that a proxy or a phone does not take the stream for dead."""


class EventStream(EventSourceResponse):
    """Server-sent events, under the name by which the OpenAPI document knows them."""

    media_type = "text/event-stream"


@router.get(
    "/live",
    response_class=EventStream,
    responses={200: {"model": schema.LiveEvent, "description": "A stream of events, each one of these"}},
)
async def get_live(watch: Watching, target: Annotated[str, Query(description="The name of a target")]) -> EventStream:
    """The state at once and on every change, a sample each second, and a word when a pass was kept."""
    watcher = the_watcher(watch, target)
    return EventStream(_stream(watcher), ping=PING)


async def _stream(watcher: Watcher) -> AsyncIterator[ServerSentEvent]:
    name = watcher.target.name
    events = watcher.subscribe()
    first = asyncio.ensure_future(anext(events, None))
    # Listening from now on, so that no change falls between the state that is told first and what comes after it.
    await asyncio.sleep(0)
    yield _sent(_state(name, watcher.state))
    try:
        event = await first
        while event is not None:
            yield _sent(_said(name, event))
            event = await anext(events, None)
    finally:
        first.cancel()


def _sent(event: schema.LiveSample | schema.LivePass | schema.LiveState) -> ServerSentEvent:
    return ServerSentEvent(data=event.model_dump_json(), event=event.kind)


def _state(name: str, found: TargetState) -> schema.LiveState:
    return schema.LiveState(target=name, state=answers.state(found))


def _said(name: str, event: LiveEvent) -> schema.LiveSample | schema.LivePass | schema.LiveState:
    if isinstance(event, Sample):
        return _sample(name, event)
    if isinstance(event, PassKept):
        return schema.LivePass(target=name, ts=answers.seconds(event.ts), probes=event.probes, failed=event.failed)
    return _state(name, event.state)


def _sample(name: str, event: Sample) -> schema.LiveSample:
    active: dict[schema.WaitClass, int] = {}
    for wait_event_type, sessions in event.active.items():
        key = schema.WaitClass(wait_class(wait_event_type))
        active[key] = active.get(key, 0) + sessions
    return schema.LiveSample(target=name, ts=answers.seconds(event.ts), active=active)
