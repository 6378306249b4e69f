"""The application around the routes: who may ask, the addresses of the page, and what a mistake is answered with."""

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pgvigil.collect import Collector
from pgvigil.serve import app as serving
from pgvigil.serve import mistakes, schema
from pgvigil.serve.watch import Watch
from pgvigil.store import Writer
from serve.filled import HERE, Client, watcher


async def test_ready_once_every_target_was_tried(keeper: Writer, watch: Watch) -> None:
    starting = dataclasses.replace(watch, watchers={**watch.watchers, "new": watcher(Collector, keeper)})
    waiting = await Client(starting).ask("/readyz")
    assert (waiting.status_code, waiting.json()["ready"]) == (503, False)
    assert waiting.json()["targets"] == {"t": "watching", "new": "starting"}
    ready = await Client(watch).ask("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


EVERYWHERE = ("/", "/icon.svg", "/assets/x.js", "/api/v1/targets", "/api/v1/live?target=t", "/healthz", "/readyz")


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {**HERE, "origin": "http://evil.example"}, {**HERE, "origin": "null"}],
    ids=["another host", "another origin", "no origin"],
)
async def test_another_site_is_refused_everywhere_with_the_headers_of_every_answer(
    client: Client, path: str, headers: Mapping[str, str]
) -> None:
    for method in ("GET", "HEAD", "POST"):
        refused = await client.ask(path, headers, method)
        assert refused.status_code == 403
        assert "default-src 'none'" in refused.headers["content-security-policy"]
        assert refused.headers["x-content-type-options"] == "nosniff"
        if method != "HEAD":
            assert schema.Problem.model_validate(refused.json()).error == "forbidden"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built page with one file beside it and one that is not for others."""
    for name, text in (("index.html", "the page"), ("icon.svg", "<svg/>"), (".sources", "a stamp")):
        (tmp_path / name).write_text(text)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.js").write_text("1")
    monkeypatch.setattr(serving, "PAGE", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/", "the page"),
        ("/statements/5", "the page"),
        ("/icon.svg", "<svg/>"),
        ("/.sources", "the page"),
        ("/assets", "the page"),
        (f"/{'x' * 300}", "the page"),
        ("/%00", "the page"),
        ("/..%2f..%2fetc%2fpasswd", "the page"),
        ("/%ff", "the page"),
    ],
)
async def test_an_address_of_the_page_is_the_page_whatever_it_is_called(client: Client, path: str, says: str) -> None:
    answer = await client.ask(path)
    assert (answer.status_code, answer.text) == (200, says)


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("name", ["none.js", "x" * 300, "%00", "..%2f.sources", ".."])
async def test_what_is_no_asset_is_not_found(client: Client, name: str) -> None:
    answer = await client.ask(f"/assets/{name}")
    assert answer.status_code in {200, 404}
    assert "a stamp" not in answer.text
    if answer.status_code == 404:
        schema.Problem.model_validate(answer.json())


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/icon.svg", "/assets/a.js", "/api/v1/targets"])
async def test_head_is_answered_as_get_without_a_body(client: Client, path: str) -> None:
    got, headed = await client.ask(path), await client.ask(path, method="HEAD")
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert got.content
    assert headed.headers["content-type"] == got.headers["content-type"]


async def test_a_mistake_of_ours_is_answered_in_the_usual_shape_and_its_words_are_told_to_nobody(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("hunter2")

    monkeypatch.setattr("pgvigil.serve.routes.answers.events", broken)
    with caplog.at_level(logging.DEBUG):
        answer = await client.ask("/api/v1/targets/t/events")
    assert answer.status_code == 500
    told = schema.Problem.model_validate(answer.json())
    assert (told.error, told.message) == ("failed", mistakes.MESSAGE)
    assert "content-security-policy" in answer.headers
    assert "KeyError in routes.py:" in caplog.text
    assert "hunter2" not in caplog.text + answer.text
