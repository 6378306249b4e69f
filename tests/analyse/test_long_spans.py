"""Vitals over spans whose steps do not fit into 31 bits of microseconds."""

from contextlib import closing
from pathlib import Path

import pytest

from pgvigil.analyse.vitals import vital
from pgvigil.store import open_store
from serve.filled import CATALOG, NOW, PANELS, SECOND, batch


@pytest.mark.parametrize("hours", [1, 6, 15, 24, 28, 24 * 7, 24 * 30])
def test_the_cost_of_watching_where_sessions_cannot_be_seen_is_told_for_every_length(
    tmp_path: Path, hours: int
) -> None:
    with closing(open_store(f"duckdb://{tmp_path}/pgvigil.db", None, CATALOG)) as store:
        store.target_id("t", None, {})
        store.append([batch("server", [{}], number) for number in range(1, 61)])
        until = int(NOW * SECOND)
        found = vital(store, PANELS["cost"], 1, until - hours * 3600 * SECOND, until)
    assert found is not None
    assert found.value is not None
    assert found.value > 0
