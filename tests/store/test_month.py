"""The file stops growing once retention holds: simulated days through append and upkeep."""

from dataclasses import replace

import pytest
from bench.store_month import Load, Seen, simulate, words

from fix_soak import Figures
from pgvigil.catalog import Catalog
from pgvigil.catalog import load as load_catalog
from pgvigil.store import Retention, open_store
from store.toys import KEY

DAY = 86_400
CATALOG = load_catalog()
SMALL = replace(CATALOG, probes={"statements": CATALOG.probes["statements"]})


def run(url: str, hours: int, retention: Retention, step: int, load: Load, catalog: Catalog) -> Seen:
    store = open_store(url, KEY, catalog, retention=retention)
    try:
        seen = simulate(store, load, list(catalog.probes.values()), hours, step, store._engine.checkpoint)
        kept = store.query("SELECT count(*) FROM statements_1h").rows[0][0]
        assert kept > 0
        return seen
    finally:
        store.close()


def test_the_file_stops_growing_once_retention_holds(url: str, seed: int) -> None:
    retention = Retention(raw=2 * 3_600, minutes=6 * 3_600, hours=DAY / 2)
    seen = run(url, 66, retention, 600, Load(seed, 0.1), SMALL)
    assert max(seen.sizes) > 2 * seen.sizes[0]  # it did grow before
    assert seen.growth < 0.1


@pytest.mark.soak(
    "thirty simulated days of load R, a pass a minute, through append and upkeep",
    twin="test_the_file_stops_growing_once_retention_holds",
)
@pytest.mark.timeout(7_200)
def test_thirty_days(url: str, seed: int, figures: Figures) -> None:
    retention = Retention(raw=2 * DAY, minutes=10 * DAY, hours=18 * DAY)
    seen = run(url, 30 * 24, retention, 60, Load(seed), CATALOG)
    figures("; ".join(words(seen)))
    assert seen.growth < 0.02
    assert seen.rss <= 220
