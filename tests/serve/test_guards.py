import pytest
from starlette.datastructures import Headers

from pgvigil.serve.guards import refusal


@pytest.mark.parametrize("host", ["127.0.0.1:8432", "localhost:8432", "[::1]:8432", "localhost", "LOCALHOST:9"])
def test_a_request_to_this_machine_passes(host: str) -> None:
    assert refusal(Headers({"host": host})) is None
    assert refusal(Headers({"host": host, "origin": f"http://{host}"})) is None


@pytest.mark.parametrize("host", ["", "evil.example", "127.0.0.1.evil.example", "10.0.0.1:8432", "[::2]:1", "[oops"])
def test_a_name_that_was_rebound_to_this_machine_is_refused(host: str) -> None:
    assert "not this machine's" in (refusal(Headers({"host": host})) or "")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1:8432.evil"])
def test_a_page_of_another_site_is_refused(origin: str) -> None:
    assert "may not ask" in (refusal(Headers({"host": "127.0.0.1:8432", "origin": origin})) or "")
