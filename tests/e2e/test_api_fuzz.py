"""The API against its own OpenAPI document: whatever is asked, the answer is one that the document knows."""

import os
import random
import time
from typing import Any

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from fix_monitor import MakeMonitor, Monitor
from fix_servers import MONITOR, Database
from pgvigil.serve import schema

SEED = int(os.environ.get("PGVIGIL_SEED", random.randrange(10**6)))
EXAMPLES = 40
"""Per operation; about a hundredth of a second each."""

CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
STREAM = "/api/v1/live"
LIVE: TypeAdapter[Any] = TypeAdapter(schema.LiveEvent)


@pytest.fixture
def running(monitor: MakeMonitor, database: Database, monkeypatch: pytest.MonkeyPatch) -> Monitor:
    """A monitor that has something to tell: statements with a difference between two readings."""
    monkeypatch.delenv("PGVIGIL_SEED", raising=False)
    made = monitor(database.dsn(MONITOR))
    made.wait_for("statements", lambda: statements(made, database))
    return made


def target(running: Monitor) -> str:
    return str(running.get("/api/v1/targets")["targets"][0]["name"])


def statements(running: Monitor, database: Database) -> bool:
    database.execute("select count(*) from generate_series(1, 10)")
    return bool(running.get(f"/api/v1/targets/{target(running)}/statements")["total"])


def aimed(case: Any, name: str | None, id_: str, span: tuple[float, float] | None) -> None:
    """Let some of the cases ask what there is: of a target that is watched, for a time in which it was."""
    there = {} if name is None else {"name": name, "panel": "load", "id": id_}
    case.path_parameters.update({key: there[key] for key in there.keys() & case.path_parameters.keys()})
    if span is not None and case.operation.query:
        case.query.update({"from": span[0], "to": span[1]})


def fuzz(operation: Any, name: str, id_: str, answers: dict[int, int]) -> None:
    now = time.time()
    spans = st.tuples(st.floats(now - 86_400, now - 60), st.floats(0, 86_400)).map(lambda it: (it[0], it[0] + it[1]))
    checks = [CHECKS.get_one(check) for check in CHECKED]

    @hypothesis.seed(SEED)
    @settings(
        # Those of the present come with the next look, a second later.
        max_examples=EXAMPLES // 2 if operation.path.endswith("/sessions") else EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(), st.sampled_from([None, name, name]), st.one_of(st.none(), spans))
    def ask(case: Any, named: str | None, span: tuple[float, float] | None) -> None:
        aimed(case, named, id_, span)
        answer = case.call(timeout=30)
        answers[answer.status_code] = answers.get(answer.status_code, 0) + 1
        case.validate_response(answer, checks=checks)

    ask()


def test_every_answer_is_one_that_the_document_knows(running: Monitor) -> None:
    print(f"PGVIGIL_SEED={SEED}")
    document = schemathesis.openapi.from_url(f"{running.url}/api/v1/openapi.json")
    name = target(running)
    id_ = str(running.get(f"/api/v1/targets/{name}/statements")["rows"][0]["id"])
    seen: dict[str, dict[int, int]] = {}
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path != STREAM:
            seen[operation.path] = {}
            fuzz(operation, name, id_, seen[operation.path])
    print(seen)
    assert len(seen) >= 7
    # A test that meets refusals only would prove little.
    assert all(answers.get(200, 0) > EXAMPLES // 20 for path, answers in seen.items() if "readyz" not in path)
    assert any(answers.get(422) for answers in seen.values())
    assert "Traceback" not in running.log.read_text()


def test_a_method_that_a_route_does_not_have_is_refused_in_the_usual_shape(monitor: MakeMonitor) -> None:
    running = monitor("postgresql://127.0.0.1:1/x")
    document = requests.get(f"{running.url}/api/v1/openapi.json", timeout=10).json()
    for path in document["paths"]:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = httpx.request(method, f"{running.url}{path}", timeout=10, trust_env=False)
            assert (path, method, answer.status_code) == (path, method, 405)
            assert schema.Problem.model_validate(answer.json()).error == "method_not_allowed"


def test_the_stream_tells_its_models_and_refuses_in_the_usual_shape(monitor: MakeMonitor, database: Database) -> None:
    running = monitor(database.dsn(MONITOR))
    kinds: set[str] = set()
    with httpx.stream(
        "GET", f"{running.url}{STREAM}", params={"target": target(running)}, timeout=30, trust_env=False
    ) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                kinds.add(LIVE.validate_json(line.removeprefix("data: ")).kind)
            if kinds == {"state", "sample", "pass"}:
                break
    documented = requests.get(f"{running.url}/api/v1/openapi.json", timeout=10).json()["paths"][STREAM]["get"]
    assert "text/event-stream" in documented["responses"]["200"]["content"]
    for question, status in (({"target": "nobody"}, 404), ({}, 422)):
        answer = httpx.get(f"{running.url}{STREAM}", params=question, timeout=10, trust_env=False)
        assert answer.status_code == status
        assert str(status) in documented["responses"]
        schema.Problem.model_validate(answer.json())
