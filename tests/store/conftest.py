"""A store of one's own for every test, real and encrypted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pgvigil.store import Store, open_store
from store import toys


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"duckdb://{tmp_path}/store/pgvigil.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url, toys.KEY, toys.catalog())
    yield opened
    opened.close()
