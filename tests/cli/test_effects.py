"""Every setting does what it says once pgvigil runs, not only in the configuration that was read."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from fix_monitor import MakeMonitor
from fix_servers import MONITOR, Database
from pgvigil.catalog import load as load_catalog
from pgvigil.cli.config import load
from pgvigil.cli.opening import open_configured
from pgvigil.cli.serving import collecting, writing
from pgvigil.store import Retention
from toys import COUNTERS, COUNTERS_SQL, write_pack

SETTINGS = """
[collect]
tags = ["tenant"]

[catalog]
packs = ["{pack}"]

[log]
level = "{level}"

[[target]]
name = "settled"
dsn = "{dsn}"
cpus = 6
labels = {{ env = "trial", team = "core" }}
"""


def test_what_the_file_says_is_done(monitor: MakeMonitor, database: Database, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"toy": (COUNTERS, COUNTERS_SQL)})
    file = tmp_path / "pgvigil.toml"
    file.write_text(SETTINGS.format(pack=pack, level="debug", dsn=database.dsn(MONITOR)))
    running = monitor(arguments=("--config", str(file)))
    with ThreadPoolExecutor() as pool, database.connect(application_name="tagged") as connection:
        asleep = pool.submit(connection.execute, "select pg_sleep(30) /*tenant='acme',route='/orders'*/")
        tags = running.wait_for(
            "the tag", lambda: running.sql("select distinct tags from sessions where application = 'tagged'")
        )
        connection.cancel()
        assert isinstance(asleep.exception(30), psycopg.errors.QueryCanceled)
    assert tags == [{"tags": "tenant=acme"}]
    turns = running.sql("select distinct outcome from passes where probe = 'toy'")
    assert turns == [{"outcome": "ok"}]
    (target,) = running.get("/api/v1/targets")["targets"]
    assert (target["name"], target["cpus"], target["labels"]) == ("settled", 6.0, {"env": "trial", "team": "core"})
    assert "toy" in {it["probe"] for it in target["probes"]}
    assert running.get("/api/v1/targets/settled/panels/load")["limit"] == 6.0
    assert " DEBUG " in running.log.read_text()


def test_a_log_of_errors_alone_holds_no_news(monitor: MakeMonitor, database: Database) -> None:
    running = monitor(database.dsn(MONITOR), arguments=("--log-level", "error"))
    running.wait_for("a pass", lambda: running.sql("select 1 as one from passes limit 1"))
    assert running.stop() == 0
    assert " INFO " not in running.log.read_text()


async def test_retention_and_budget_reach_whoever_keeps_to_them(tmp_path: Path) -> None:
    environment = {
        "PGVIGIL_STORE_URL": f"duckdb://{tmp_path}/pgvigil.db",
        "PGVIGIL_STORE_KEY": "a key that only these tests use",
        "PGVIGIL_STORE_KEEP_RAW": "2h",
        "PGVIGIL_STORE_KEEP_1M": "3d",
        "PGVIGIL_STORE_KEEP_1H": "40d",
        "PGVIGIL_COLLECT_BUDGET": "0.5",
        "PGVIGIL_COLLECT_TAGS": "tenant, route",
    }
    config, catalog = load(file=None, environment=environment, dsns=["postgresql://u@127.0.0.1:1/x"]), load_catalog()
    with open_configured(config, catalog, print) as store:
        assert store._upkeep.retention == Retention(raw=7200, minutes=3 * 86_400, hours=40 * 86_400)
        async with writing(store) as writer, collecting(config, catalog, store, writer) as collectors:
            (one,) = collectors
            assert one._options.budget == pytest.approx(0.005)
            assert one._options.allowed_tags == {"tenant", "route"}
