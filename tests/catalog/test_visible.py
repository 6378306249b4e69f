"""What a server does not show, told so that a person can mend it: a pure function of its capabilities."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pgvigil.catalog import invisible, load
from pgvigil.model import Capabilities, Identity, Invisible

CATALOG = load()
ALL_WELL = Capabilities(
    identity=Identity(1, 170_000, 1),
    version="17.0",
    started_at=0,
    in_recovery=False,
    pooled=False,
    role="monitor",
    database="app",
    is_superuser=False,
    roles=frozenset({"pg_monitor", "pg_read_all_stats"}),
    extensions={"pg_stat_statements": ("public", "1.11")},
    columns={
        "pg_stat_statements": frozenset(CATALOG.probes["statements"].columns) | {"query"},
        "pg_stat_statements_info": frozenset({"dealloc", "stats_reset"}),
    },
    settings={
        "shared_preload_libraries": "pg_stat_statements",
        "pg_stat_statements.max": "5000",
        "pg_stat_statements.track": "top",
        "compute_query_id": "auto",
        "track_activities": "on",
        "track_counts": "on",
        "track_io_timing": "on",
        "track_wal_io_timing": "on",
    },
)


def with_settings(changed: Mapping[str, str]) -> tuple[Invisible, ...]:
    return invisible(CATALOG, replace(ALL_WELL, settings={**ALL_WELL.settings, **changed}))


def test_where_all_can_be_seen_nothing_is_told() -> None:
    assert invisible(CATALOG, ALL_WELL) == ()
    assert invisible(CATALOG, replace(ALL_WELL, is_superuser=True, roles=frozenset())) == ()


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("pg_stat_statements.track", "none", {"statements"}),
        (
            "compute_query_id",
            "off",
            {
                "activity.queryid",
                "sessions.queryid",
                "transactions.queryid",
                "locks.queryid",
                "locks.blocker_queryid",
            },
        ),
        ("track_activities", "off", {"activity", "sessions", "connections", "locks", "transactions"}),
        ("track_counts", "off", {"tables", "indexes", "dead_rows"}),
        ("track_wal_io_timing", "off", {"wal.wal_sync_time", "wal.wal_write_time"}),
    ],
)
def test_each_setting_hides_what_it_hides_and_is_told_once(name: str, value: str, what: set[str]) -> None:
    (told,) = with_settings({name: value})
    assert set(told.what.split(", ")) == what
    assert f"{name} is '{value}'" in told.reason
    assert f"ALTER SYSTEM SET {name} = " in (told.remedy or "")


def test_from_18_on_the_times_of_wal_are_in_io_and_hidden_there() -> None:
    newest = replace(ALL_WELL, identity=Identity(1, 180_000, 1), version="18.0")
    (told,) = invisible(CATALOG, replace(newest, settings={**newest.settings, "track_wal_io_timing": "off"}))
    assert set(told.what.split(", ")) == {"io.wal_read_time", "io.wal_write_time", "io.wal_fsync_time"}


def test_times_of_reading_and_writing_are_hidden_in_every_probe_that_has_them() -> None:
    (told,) = with_settings({"track_io_timing": "off"})
    hidden = set(told.what.split(", "))
    assert {"databases.blk_read_time", "io.read_time", "statements.shared_blk_read_time"} <= hidden
    assert all(name.endswith("_time") for name in hidden)


def test_what_has_one_remedy_stands_together_and_whole_probes_come_first() -> None:
    nothing = replace(ALL_WELL, extensions={}, settings={**ALL_WELL.settings, "track_io_timing": "off"})
    missing, timing = invisible(CATALOG, nothing)
    assert missing.what == "queries, statements, statements_info"
    assert missing.remedy == "CREATE EXTENSION pg_stat_statements;"
    assert "track_io_timing" in timing.reason


def test_all_that_is_in_the_way_is_told_at_once() -> None:
    bare = replace(ALL_WELL, extensions={}, roles=frozenset(), settings={"shared_preload_libraries": ""})
    remedies = [each.remedy or "" for each in invisible(CATALOG, bare)]
    assert [remedy.split()[0] for remedy in remedies] == ["GRANT", "ALTER", "CREATE"]


def test_without_the_right_to_read_it_shared_preload_libraries_is_not_overwritten() -> None:
    blind = invisible(CATALOG, replace(ALL_WELL, roles=frozenset(), settings={}))
    assert [each.remedy for each in blind] == ['GRANT pg_monitor TO "monitor";']
