"""Which SQL a server gets, or why none: one function, by columns present, then by major."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pgvigil.catalog import CatalogError, Query, choose, invisible, load
from pgvigil.catalog.choose import as_sent
from pgvigil.catalog.types import Probe
from pgvigil.model import Capabilities, Identity, Invisible
from toys import COUNTERS, COUNTERS_SQL, load_toy, load_toys

VARIANTS = """requires.extension = "toys"
requires.preload = "toys"
requires.member_of = "pg_read_all_stats"
requires.setting.toys = ["on", "auto"]
relation = "pg_toy"
changed_by = ["hits", "misses"]
keyframe = "1h"

[[variant]]
sql = "new.sql"
needs_columns = ["hits", "misses"]

[[variant]]
sql = "old.sql"
needs_columns = ["hits"]

[columns.misses]
kind = "counter"
type = "int8"
help = "How often not"

[columns.name]"""
VARIANT_FILES = {
    "new.sql": "select name, misses, hits from {extension_schema}.pg_toy",
    "old.sql": "select hits, name from {extension_schema}.pg_toy",
}


def seen(
    *,
    major: int = 17,
    columns: frozenset[str] = frozenset({"hits", "misses"}),
    extensions: Mapping[str, tuple[str, str]] = {"toys": ("ext", "2.0")},
    roles: frozenset[str] = frozenset({"pg_monitor", "pg_read_all_stats"}),
    settings: Mapping[str, str] = {"toys": "on", "shared_preload_libraries": "pg_stat_statements, toys"},
    in_recovery: bool = False,
    is_superuser: bool = False,
    tables: Mapping[str, bool] = {},
) -> Capabilities:
    return Capabilities(
        identity=Identity(7, major * 10_000 + 2, 1),
        version=f"{major}.2",
        started_at=0,
        in_recovery=in_recovery,
        pooled=False,
        role='mon"itor',
        database="app",
        is_superuser=is_superuser,
        roles=roles,
        extensions=extensions,
        columns={"pg_toy": columns},
        settings=settings,
        tables=tables,
    )


@pytest.fixture
def toy(tmp_path: Path) -> Probe:
    return load_toy(tmp_path, COUNTERS.replace("[columns.name]", VARIANTS, 1), VARIANT_FILES)


def chosen(probe: Probe, capabilities: Capabilities) -> Query:
    query = choose(probe, capabilities)
    assert isinstance(query, Query), query
    return query


def refused(probe: Probe, capabilities: Capabilities) -> Invisible:
    hidden = choose(probe, capabilities)
    assert isinstance(hidden, Invisible)
    return hidden


def test_the_highest_file_not_above_the_server_wins(tmp_path: Path) -> None:
    probe = load_toy(tmp_path, COUNTERS, dict.fromkeys(("14.sql", "16.sql", "18.sql"), COUNTERS_SQL["14.sql"]))
    files = [chosen(probe, seen(major=major)).file for major in (14, 15, 16, 17, 18, 19)]
    assert files == ["14.sql", "14.sql", "16.sql", "16.sql", "18.sql", "18.sql"]


def test_below_the_first_file_the_probe_is_not_visible(tmp_path: Path) -> None:
    probe = load_toy(tmp_path, COUNTERS, {"16.sql": COUNTERS_SQL["14.sql"]})
    assert refused(probe, seen(major=15)) == Invisible("toy", "It came with PostgreSQL 16; this is 15.2.")


def test_what_a_server_has_not_got_is_absent_and_missed_by_nobody(tmp_path: Path) -> None:
    declared = COUNTERS.replace("[columns.name]", 'requires.table = "toys.meta"\n[columns.name]', 1)
    catalog = load_toys(tmp_path, {"toy": (declared, COUNTERS_SQL)})
    probe = catalog.probes["toy"]
    assert catalog.tables == {"toys.meta"}
    absent = refused(probe, seen())
    assert (absent.absent, absent.reason, absent.remedy) == (True, "There is no toys.meta in the database app.", None)
    assert invisible(catalog, seen()) == ()
    assert chosen(probe, seen(tables={"toys.meta": True})).file == "14.sql"
    shut = seen(tables={"toys.meta": False})
    assert refused(probe, shut) == Invisible(
        "toy",
        'The role mon"itor may not read toys.meta, nor what lies beside it.',
        'GRANT USAGE ON SCHEMA "toys" TO "mon""itor";\n'
        'GRANT SELECT ON ALL TABLES IN SCHEMA "toys" TO "mon""itor";\n'
        'ALTER DEFAULT PRIVILEGES IN SCHEMA "toys" GRANT SELECT ON TABLES TO "mon""itor";',
    )
    assert [each.what for each in invisible(catalog, shut)] == ["toy"]


def test_the_first_variant_whose_columns_exist_wins(toy: Probe) -> None:
    assert chosen(toy, seen()).file == "new.sql"
    assert chosen(toy, seen(columns=frozenset({"hits"}))).file == "old.sql"


def test_a_query_tells_its_columns_in_the_order_of_its_select(toy: Probe) -> None:
    new, old = chosen(toy, seen()), chosen(toy, seen(columns=frozenset({"hits"})))
    assert [column.name for column in new.columns] == ["name", "misses", "hits"]
    assert [column.name for column in old.columns] == ["hits", "name"]
    assert new.sql == VARIANT_FILES["new.sql"]


def test_comments_and_indentation_are_not_sent(tmp_path: Path) -> None:
    text = "-- What is special: isn't it.\n\nselect\n    'a'::text as name, -- kept\n  -- why\n    1::int8 as hits\n"
    probe = load_toy(tmp_path, COUNTERS, {"14.sql": text})
    assert chosen(probe, seen()).sql == "select\n'a'::text as name, -- kept\n1::int8 as hits"


def test_what_is_sent_has_the_lines_that_the_server_sees(tmp_path: Path) -> None:
    """Python ends lines where PostgreSQL does not, and then a comment would become SQL."""
    assert as_sent("select 1 as one -- a\u2028where b(1)") == "select 1 as one -- a\u2028where b(1)"
    assert as_sent("-- a\x85select 2\n\tselect 1 \n") == "select 1"
    assert as_sent("\xa0a\n-- b") == "\xa0a"
    with pytest.raises(CatalogError, match="control character"):
        load_toy(tmp_path, files={"14.sql": COUNTERS_SQL["14.sql"] + "-- a\u2028where pg_terminate_backend(1)"})


@pytest.mark.parametrize(
    "name",
    ["'a\n    -- b'", '(select "\n -- x" from (values (\'a\')) v ("\n -- x"))', "$$a\n -- b$$", "'a' /*\n -- */"],
)
def test_a_text_over_several_lines_is_left_alone(name: str, tmp_path: Path) -> None:
    text = f"-- Odd.\nselect\n    {name}::text as name,\n    1::int8 as hits\n"
    probe = load_toy(tmp_path, COUNTERS, {"14.sql": text})
    assert chosen(probe, seen()).sql == text


def test_a_query_tells_which_changes_it_can_notice_and_what_it_lacks(toy: Probe) -> None:
    new, old = chosen(toy, seen()), chosen(toy, seen(columns=frozenset({"hits"})))
    assert (new.changed_by, new.missing) == (("hits", "misses"), ())
    assert old.changed_by == ("hits",)
    reason = "The extension toys is at version 2.0, which does not count it."
    assert old.missing == (Invisible("toy.misses", reason, "ALTER EXTENSION toys UPDATE;"),)


def test_a_version_that_no_variant_fits_is_named_with_the_update(toy: Probe) -> None:
    invisible = refused(toy, seen(columns=frozenset({"name"})))
    assert invisible.reason == "The extension toys is at version 2.0; pg_toy lacks hits there."
    assert invisible.remedy == "ALTER EXTENSION toys UPDATE;"


def test_a_version_file_takes_over_where_no_variant_fits(tmp_path: Path) -> None:
    files = {**VARIANT_FILES, "14.sql": "select name, hits, misses from {extension_schema}.pg_toy"}
    probe = load_toy(tmp_path, COUNTERS.replace("[columns.name]", VARIANTS, 1), files)
    assert chosen(probe, seen(columns=frozenset())).file == "14.sql"


def test_a_missing_extension_is_named_with_the_statement_that_makes_it(toy: Probe) -> None:
    invisible = refused(toy, seen(extensions={}))
    assert invisible.reason == "The extension toys is not installed in the database app."
    assert invisible.remedy == "CREATE EXTENSION toys;"


@pytest.mark.parametrize(("loaded", "wanted"), [("", '"toys"'), ("auto_explain", '"auto_explain", "toys"')])
def test_a_library_that_is_not_loaded_is_named_first(toy: Probe, loaded: str, wanted: str) -> None:
    invisible = refused(toy, seen(extensions={}, settings={"shared_preload_libraries": loaded}))
    assert "The library toys is not loaded" in invisible.reason
    assert invisible.remedy is not None
    assert invisible.remedy.startswith(f"ALTER SYSTEM SET shared_preload_libraries = {wanted};")
    assert invisible.remedy.endswith("CREATE EXTENSION toys;")


def test_a_library_is_not_doubted_where_the_setting_cannot_be_read(toy: Probe) -> None:
    assert chosen(toy, seen(settings={})).file == "new.sql"


def test_a_column_that_a_setting_keeps_empty_is_missing(tmp_path: Path) -> None:
    text = COUNTERS.replace("[columns.hits]", '[columns.hits]\nrequires.setting.toys = ["on", "auto"]', 1)
    probe = load_toy(tmp_path, text)
    assert chosen(probe, seen()).missing == ()
    (missing,) = chosen(probe, seen(settings={"toys": "off"})).missing
    assert missing.what == "toy.hits"
    assert missing.reason == "The setting toys is 'off'; it has to be on or auto."


def test_lacking_rights_are_named_with_the_grant(toy: Probe) -> None:
    invisible = refused(toy, seen(roles=frozenset()))
    assert "pg_read_all_stats" in invisible.reason
    assert invisible.remedy == 'GRANT pg_monitor TO "mon""itor";'


@pytest.mark.parametrize("roles", [frozenset({"pg_monitor"}), frozenset({"pg_read_all_stats"})])
def test_either_role_or_a_superuser_will_do(toy: Probe, roles: frozenset[str]) -> None:
    assert chosen(toy, seen(roles=roles)).file == "new.sql"
    assert chosen(toy, seen(roles=frozenset(), is_superuser=True)).file == "new.sql"


def test_a_wrong_setting_is_named_with_the_right_one(toy: Probe) -> None:
    invisible = refused(toy, seen(settings={"toys": "off"}))
    assert invisible.reason == "The setting toys is 'off'; it has to be on or auto."
    assert invisible.remedy == "ALTER SYSTEM SET toys = 'on';\nSELECT pg_reload_conf();"


@pytest.mark.parametrize(("role", "in_recovery"), [("primary", True), ("standby", False)])
def test_a_probe_of_the_other_role_is_not_asked(role: str, in_recovery: bool, tmp_path: Path) -> None:
    probe = load_toy(tmp_path, COUNTERS.replace("key =", f'role = "{role}"\nkey ='))
    assert f"on a {role} only" in refused(probe, seen(in_recovery=in_recovery)).reason
    assert chosen(probe, seen(in_recovery=not in_recovery)).file == "14.sql"


def test_a_probe_without_an_extension_lacks_nothing(tmp_path: Path) -> None:
    later = '\n[columns.later]\nkind = "counter"\ntype = "int8"\nsince = 17\nhelp = "Later"\n'
    files = {**COUNTERS_SQL, "17.sql": "select 'a'::text as name, 1::int8 as hits, 2::int8 as later"}
    probe = load_toy(tmp_path, COUNTERS + later, files)
    assert chosen(probe, seen(major=15)).missing == ()


@pytest.mark.parametrize(
    ("version", "files"),
    [
        (14, {"checkpoints": "14.sql", "wal": "14.sql", "databases": "14.sql", "tables": "14.sql", "io": None}),
        (15, {"checkpoints": "14.sql", "wal": "14.sql", "databases": "14.sql", "tables": "14.sql", "io": None}),
        (16, {"checkpoints": "14.sql", "wal": "14.sql", "databases": "14.sql", "tables": "16.sql", "io": "16.sql"}),
        (17, {"checkpoints": "17.sql", "wal": "14.sql", "databases": "14.sql", "tables": "16.sql", "io": "16.sql"}),
        (18, {"checkpoints": "18.sql", "wal": "18.sql", "databases": "18.sql", "tables": "18.sql", "io": "18.sql"}),
        (19, {"checkpoints": "18.sql", "wal": "18.sql", "databases": "18.sql", "tables": "18.sql", "io": "18.sql"}),
    ],
)
def test_the_core_probes_follow_the_major(version: int, files: dict[str, str | None]) -> None:
    probes = load().probes
    found = {name: choose(probes[name], seen(major=version)) for name in files}
    assert {name: query.file if isinstance(query, Query) else None for name, query in found.items()} == files
