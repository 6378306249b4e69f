"""The route of the load in slices."""

from typing import Any

import pytest

from analyse.keeping import session
from pgvigil.analyse.load import Dimension
from pgvigil.serve import load_schema as models
from pgvigil.serve import schema
from pgvigil.store import Store
from serve.filled import BEGIN, NOW, SPAN, WAITS, Client, batch


@pytest.fixture
def sampled(store: Store) -> None:
    rows = [
        session(4, queryid=2, userid=10, dbid=5),
        session(6, wait="Lock", wait_event="tuple", application="job"),
        session(10, "idle in transaction", "Client", wait_event="ClientRead"),
    ]
    store.append([batch("sessions", rows, number=2, samples=10)])


async def load(client: Client, **asked: Any) -> models.Load:
    return models.Load.model_validate(await client.get("load", **{**SPAN, **asked}))


def top(found: models.Load, dimension: Dimension) -> dict[str | None, float]:
    (each,) = [each for each in found.tops if each.dimension is dimension]
    assert each.names == len(each.slices)
    return {it.name: round(it.load * found.samples) for it in each.slices}


@pytest.mark.usefixtures("sampled")
async def test_active_sessions_are_told_by_every_dimension(client: Client) -> None:
    found = await load(client, by="application")
    assert {each.dimension for each in found.tops} == set(Dimension)
    assert top(found, Dimension.CLASS) == {"lock": 6, "cpu": 4}
    assert top(found, Dimension.EVENT) == {"Lock:tuple": 6, "": 4}
    assert top(found, Dimension.STATEMENT) == {"": 6, "2": 4}
    assert top(found, Dimension.APPLICATION) == {"job": 6, "app": 4}
    assert top(found, Dimension.STATE) == {"active": 10}
    (statements,) = [each for each in found.tops if each.dimension is Dimension.STATEMENT]
    assert [it.text for it in statements.slices] == [None, "SELECT 2"]
    assert [it.by_class[0].key for it in statements.slices] == ["lock", "cpu"]
    assert [course.name for course in found.courses] == ["job", "app"]
    assert all(len(course.values) == len(found.ts) == len(found.read) for course in found.courses)
    assert (found.limit, found.gaps_total > 0, found.not_visible) == (2.0, True, None)
    assert found.compared is not None
    assert len(found.before or ()) == len(found.ts)


@pytest.mark.usefixtures("sampled")
async def test_filters_are_names_and_empty_is_who_has_none(client: Client) -> None:
    assert top(await load(client, state="any"), Dimension.STATE) == {"active": 10, "idle in transaction": 10}
    assert top(await load(client, state="idle in transaction"), Dimension.CLASS) == {"client": 10}
    assert top(await load(client, **{"class": "lock"}), Dimension.APPLICATION) == {"job": 6}
    assert top(await load(client, statement=""), Dimension.EVENT) == {"Lock:tuple": 6}
    assert top(await load(client, event="", application="app"), Dimension.STATEMENT) == {"2": 4}
    hostile = await load(client, user="'; drop table sessions_open; --")
    assert (hostile.average, [each.names for each in hostile.tops]) == (0.0, [0] * len(Dimension))


async def test_a_dimension_that_there_is_not_is_refused(client: Client) -> None:
    answer = await client.ask("/api/v1/targets/t/load", by="colour")
    assert answer.status_code == 422
    refused = schema.Problem.model_validate(answer.json())
    assert refused.field == "by"
    assert "statement" in refused.message


async def test_where_nothing_was_sampled_nothing_is_known(client: Client) -> None:
    found = await load(client, **{"from": BEGIN - 7200, "to": BEGIN - 3600}, compare="none")
    assert (found.courses, found.samples, found.average, found.tops) == ((), 0, None, ())
    assert (found.compared, found.before, set(found.read)) == (None, None, {False})
    assert NOW > BEGIN


async def test_every_wait_event_is_explained(client: Client) -> None:
    answer = await client.ask("/api/v1/waits")
    told = models.WaitEvents.model_validate(answer.json())
    assert {each.event: (each.means, each.todo) for each in told.events} == {
        f"{it.type}:{it.name}": (it.means, it.todo) for it in WAITS.values()
    }
