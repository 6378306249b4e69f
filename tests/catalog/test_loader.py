"""Loading packs: what is right comes out as declared, what is wrong is named with file, key, value and remedy."""

from pathlib import Path

import pytest

from pgvigil.catalog import SHIPPED, CatalogError, load
from pgvigil.catalog.types import (
    STORE_TABLES,
    Condition,
    Kind,
    Privacy,
    Role,
    Rollup,
    Scope,
    Shape,
    Signal,
    Takes,
    Type,
)
from toys import COUNTERS, COUNTERS_SQL, PACK, SAMPLES, SAMPLES_SQL, load_toy, load_toys, write_pack

SNAPSHOT = """
summary = "A toy that is read as it is"
shape = "snapshot"
every = "1m"
deadline = "1s"
cost = "nothing"
key = ["name"]

[columns.name]
kind = "key"
type = "text"
privacy = "name"
help = "What"

[columns.size]
kind = "gauge"
type = "float8"
help = "How big"

[columns.mode]
kind = "state"
type = "text"
privacy = "word"
event = "mode"
help = "How"
"""
SNAPSHOT_SQL = {"14.sql": "select 'a'::text as name, 1.5::float8 as size, 'x'::text as mode"}

DIMENSION = """
summary = "Texts of a toy"
shape = "dimension"
every = "10s"
deadline = "1s"
cost = "nothing"
takes = "keys"
dimension = "toy"
key = ["id"]

[columns.id]
kind = "key"
type = "int8"
help = "Which"

[columns.text]
kind = "text"
type = "text"
privacy = "sql"
help = "Its text"
"""
DIMENSION_SQL = {"14.sql": "select i as id, i::text as text from unnest($1::bigint[]) i"}


def test_the_shipped_packs_load() -> None:
    catalog = load()
    assert set(catalog.packs) == {"core", "pgmq"}
    assert {"server", "statements", "queries", "sessions", "tables", "io"} <= set(catalog.probes)
    assert catalog.relations == {"pg_stat_statements", "pg_stat_statements_info"}
    assert all(path.is_dir() for path in SHIPPED)


def test_a_probe_comes_out_as_declared(tmp_path: Path) -> None:
    probe = load_toy(tmp_path)
    assert (probe.name, probe.pack, probe.summary) == ("toy", "toys", "A toy that counts")
    assert (probe.shape, probe.scope, probe.role) == (Shape.COUNTERS, Scope.CLUSTER, Role.ANY)
    assert (probe.every, probe.on_sampler, probe.deadline_ms, probe.keyframe) == (10.0, False, 250, None)
    assert (probe.key, probe.changed_by, probe.takes) == (("name",), (), Takes.NOTHING)
    hits = probe.columns["hits"]
    assert (hits.kind, hits.type, hits.unit, hits.rollup) == (Kind.COUNTER, Type.INT8, "1", Rollup.SUM)
    name = probe.columns["name"]
    assert (name.kind, name.privacy, name.rollup) == (Kind.KEY, Privacy.NAME, None)
    assert probe.returns == {"14.sql": ("name", "hits")}


def test_rollups_follow_the_kind_unless_given(tmp_path: Path) -> None:
    given = SNAPSHOT.replace('help = "How big"', 'rollup = "avg"\nhelp = "How big"')
    probe = load_toy(tmp_path, given, SNAPSHOT_SQL)
    assert probe.columns["size"].rollup is Rollup.AVG
    assert probe.columns["mode"].rollup is Rollup.LAST
    assert probe.columns["mode"].event == "mode"


def test_signals_and_when_find_each_other(tmp_path: Path) -> None:
    waiting = COUNTERS.replace("deadline", 'when = "busy_toy.busy >= 2.5"\ndeadline')
    catalog = load_toys(tmp_path, {"busy_toy": (SAMPLES, SAMPLES_SQL), "toy": (waiting, COUNTERS_SQL)})
    assert catalog.probes["toy"].when == Condition("busy_toy.busy", ">=", 2.5)
    assert catalog.probes["busy_toy"].on_sampler
    signal = Signal("busy", "state", frozenset({"active"}), "Sessions that work")
    assert catalog.probes["busy_toy"].signals == {"busy": signal}


def test_a_dimension_may_ask_for_the_keys_it_lacks(tmp_path: Path) -> None:
    probe = load_toy(tmp_path, DIMENSION, DIMENSION_SQL)
    assert (probe.takes, probe.dimension) == (Takes.KEYS, "toy")
    assert probe.columns["text"].kind is Kind.TEXT


def test_variants_keep_their_order_and_may_end_in_a_version(tmp_path: Path) -> None:
    declaration = COUNTERS.replace("[columns.name]", VARIANTS + "[columns.name]", 1)
    files = {"new.sql": COUNTERS_SQL["14.sql"], "old.sql": COUNTERS_SQL["14.sql"], **COUNTERS_SQL}
    probe = load_toy(tmp_path, declaration, files)
    assert [(variant.sql, variant.needs_columns) for variant in probe.variants] == [
        ("new.sql", frozenset({"b", "c"})),
        ("old.sql", frozenset({"b"})),
    ]
    assert probe.relation == "pg_toy"


def test_for_each_gives_every_query_an_object(tmp_path: Path) -> None:
    declaration = COUNTERS.replace("deadline", 'for_each = "objects.sql"\nfor_each_limit = 7\ndeadline')
    files = {"objects.sql": "select 'x'::text as object", "14.sql": "select name, hits from public.{object}"}
    probe = load_toy(tmp_path, declaration, files)
    assert (probe.for_each, probe.for_each_limit) == ("objects.sql", 7)


def test_a_packs_requirements_hold_for_its_probes(tmp_path: Path) -> None:
    pack = PACK + 'requires = { extension = "pgmq", setting = { track_counts = ["on"] } }\n'
    probe = load_toys(tmp_path, {"toy": (COUNTERS, COUNTERS_SQL)}, pack).probes["toy"]
    assert (probe.requires.extension, probe.requires.setting) == ("pgmq", {"track_counts": ("on",)})


VARIANTS = """relation = "pg_toy"

[[variant]]
sql = "new.sql"
needs_columns = ["b", "c"]

[[variant]]
sql = "old.sql"
needs_columns = ["b"]

"""

# What is replaced in COUNTERS, by what, and what the error has to say beside the file's name.
WRONG_DECLARATIONS = [
    ("summary =", "sumary =", ["sumary", "did you mean summary?"]),
    ('shape = "counters"', 'shape = "counter"', ["shape is 'counter'", "counters, snapshot, samples"]),
    ('shape = "counters"', "", ["shape is missing", "allowed is one of counters, snapshot"]),
    ('shape = "counters"', "shape = 3", ["shape is 3", "a text"]),
    ('shape = "counters"', 'shape = "snapshot"', ["columns.hits.kind is 'counter'", "shape snapshot"]),
    ('shape = "counters"', 'shape = "samples"', ["columns.hits.kind is 'counter'", "shape samples"]),
    ('every = "10s"', "", ["every is missing", '250ms, 10s, 1m or 1h, or on = "sampler"']),
    ('every = "10s"', 'every = "10 s"', ["every is '10 s'", "250ms, 10s, 1m or 1h"]),
    ('every = "10s"', 'every = "0s"', ["every is '0s'"]),
    ('every = "10s"', 'every = "10s"\non = "sampler"', ["every is '10s'", "nothing beside on"]),
    ('every = "10s"', 'on = "second"', ["on is 'second'", "sampler"]),
    (
        'every = "10s"',
        'on = "sampler"',
        ["shape is 'counters'", "samples, live, or edges with a when, together with on = sampler"],
    ),
    ('deadline = "250ms"', "", ["deadline is missing", "one of 100ms, 250ms"]),
    ('deadline = "250ms"', 'deadline = "300ms"', ["deadline is '300ms'", "100ms, 250ms, 500ms, 1s, 2s, 5s, 10s"]),
    ('cost = "nothing"', 'cost = ""', ["cost is ''", "not empty"]),
    ('key = ["name"]', 'key = ["nam"]', ["key nam", "did you mean name?"]),
    ('key = ["name"]', 'key = ["name", "name"]', ["key is ['name', 'name']", "nothing stands twice"]),
    ('key = ["name"]', "key = []", ["key is []", "holds name, whose kind is key"]),
    ('key = ["name"]', 'key = "name"', ["key is 'name'", "a list of texts"]),
    ('key = ["name"]', 'key = ["name", "hits"]', ["columns.hits.kind is 'counter'", "key: it stands in key"]),
    ('key = ["name"]', 'key = ["name"]\nrole = "master"', ["role is 'master'", "any, primary, standby"]),
    ('key = ["name"]', 'key = ["name"]\nscope = "table"', ["scope is 'table'", "cluster, database"]),
    (
        'key = ["name"]',
        'key = ["name"]\nchanged_by = ["hit"]\nkeyframe = "1h"',
        ["changed_by hit", "did you mean hits?"],
    ),
    ('key = ["name"]', 'key = ["name"]\nchanged_by = ["hits"]', ["keyframe is None", "together with changed_by"]),
    ('key = ["name"]', 'key = ["name"]\nkeyframe = "1h"', ["keyframe is 3600.0", "together with changed_by"]),
    ('key = ["name"]', 'key = ["name"]\nchanged_by = ["name"]\nkeyframe = "1h"', ["changed_by is 'name'", "no key"]),
    ('key = ["name"]', 'key = ["name"]\ndimension = "names"', ["dimension is 'names'", "no column is of kind text"]),
    ('key = ["name"]', 'key = ["name"]\ntakes = "keys"', ["takes is 'keys'", "a dimension with one key"]),
    ('key = ["name"]', 'key = ["name"]\ntakes = "names"', ["takes is 'names'", "nothing, keys"]),
    ('key = ["name"]', 'key = ["name"]\nrelation = "pg_toy"', ["relation is 'pg_toy'", "[[variant]]"]),
    ('key = ["name"]', 'key = ["name"]\nwhen = "toy.busy > 0"', ["signal toy.busy is not known", "allowed are none"]),
    ('key = ["name"]', 'key = ["name"]\nwhen = "busy"', ["when is 'busy'", "<probe>.<signal>"]),
    ('key = ["name"]', 'key = ["name"]\nfor_each = "x.sql"', ["for_each x.sql", "allowed are 14.sql"]),
    ('key = ["name"]', 'key = ["name"]\nfor_each_limit = 0', ["for_each_limit is 0", "from 1 to 1000"]),
    ('key = ["name"]', 'key = ["name"]\nrequires = { extention = "x" }', ["requires.extention", "requires.extension?"]),
    ('key = ["name"]', 'key = ["name"]\nrequires.table = "meta"', ["requires.table is 'meta'", "as in pgmq.meta"]),
    ('key = ["name"]', 'key = ["name"]\nrequires.setting.a = "on"', ["requires.setting.a is 'on'", "a list"]),
    (
        'key = ["name"]',
        'key = ["name"]\nrequires.setting.a = []',
        ["requires.setting.a is []", "recommended one first"],
    ),
    ('key = ["name"]', 'key = ["name"]\nrequires = "x"', ["requires is 'x'", "a table"]),
    ('key = ["name"]', 'key = ["name"]\nvariant = [3]', ["variant is [3]", "[[variant]]"]),
    ('kind = "counter"', 'kind = "count"', ["columns.hits.kind is 'count'", "key, counter, gauge, state, text"]),
    ('kind = "counter"', 'kind = "gauge"', ["shape is counters, but no column is of kind counter"]),
    ('kind = "counter"', 'kind = "text"', ["no column is of kind counter"]),
    ('type = "int8"', 'type = "numeric"', ["columns.hits.type is 'numeric'", "bool, int4, int8, oid, float8"]),
    ('type = "int8"', 'type = "bool"', ["columns.hits.type is 'bool'", "int4, int8, float8 for a counter"]),
    ('privacy = "name"', "", ["columns.name.privacy is missing", "sql, name, setting, word, tags"]),
    ('privacy = "name"', 'privacy = "public"', ["columns.name.privacy is 'public'"]),
    ('unit = "1"', 'privacy = "name"', ["columns.hits.privacy is 'name'", "only a text has it"]),
    ('unit = "1"', 'rollup = "last"', ["columns.hits.rollup is 'last'", "sum for a counter"]),
    ('unit = "1"', 'rollup = "mean"', ["columns.hits.rollup is 'mean'", "sum, last, max, min, avg"]),
    ('unit = "1"', "since = 17\nuntil = 16", ["columns.hits.since is 17", "at most until, which is 16"]),
    ('unit = "1"', 'since = "17"', ["columns.hits.since is '17'", "a whole number from 10 to 99"]),
    ('unit = "1"', "since = true", ["columns.hits.since is True", "a whole number"]),
    ('unit = "1"', 'event = "hit"', ["columns.hits.event is 'hit'", "only a state has events"]),
    ('unit = "1"', "sparse = 1", ["columns.hits.sparse is 1", "true or false"]),
    ('unit = "1"', "sparse = true", ["columns.hits.sparse is True", "false without changed_by"]),
    ('unit = "1"', "steady = true", ["columns.hits.steady is True", "false unless it is a gauge or state"]),
    ('unit = "1"', "derived = true", ["columns.hits.derived is True", "false unless it is a counter of type float8"]),
    ('help = "What is counted"', 'help = "x"\nsparse = true', ["columns.name.sparse is True", "false for a key"]),
    ('unit = "1"', 'units = "1"', ["columns.hits.units", "did you mean columns.hits.unit?"]),
    ('help = "How often"', "", ["columns.hits.help is missing", "allowed is a text"]),
    ("[columns.hits]", "[columns.Hits]", ["columns.Hits is no name of lower-case letters"]),
    ("[columns.hits]", "[columns.secs]", ["columns.secs is a reserved name", "ts, secs, target, incarnation"]),
    ("[columns.hits]", "[columns.hits", ["not readable as TOML"]),
]


@pytest.mark.parametrize(
    ("old", "new", "said"), WRONG_DECLARATIONS, ids=[new or old for old, new, _ in WRONG_DECLARATIONS]
)
def test_a_wrong_declaration_is_named(old: str, new: str, said: list[str], tmp_path: Path) -> None:
    assert old in COUNTERS
    with pytest.raises(CatalogError) as error:
        load_toy(tmp_path, COUNTERS.replace(old, new))
    for words in ["toy/probe.toml", *said]:
        assert words in str(error.value)


STATE = '[columns.state]\nkind = "state"\ntype = "bool"\nevent = "e"\nhelp = "x"'

# The SQL files instead of COUNTERS_SQL, more of the declaration, and what the error has to say.
WRONG_FILES: list[tuple[dict[str, str], str, list[str]]] = [
    ({}, "", ["toy holds no SQL for any version"]),
    ({"14.sql": "select 1::int8 as hits"}, "", ["toy/14.sql", "the key name is not returned"]),
    ({"14.sql": "select 'a'::text as name"}, "", ["toy/14.sql", "hits is not returned, but declared for 14", "since"]),
    ({"14.sql": "select 'a'::text as name, 1 as hit"}, "", ["toy/14.sql", "column hit", "did you mean hits?"]),
    ({"14.sql": "select 'a'::text, 1::int8 as hits"}, "", ["toy/14.sql", "no name"]),
    ({"14.sql": "select 'a'::text as"}, "", ["toy/14.sql", "syntax error"]),
    ({**COUNTERS_SQL, "extra.sql": "select 1 as a"}, "", ["toy/extra.sql is used by nothing", "[[variant]]"]),
    ({**COUNTERS_SQL, "9.sql": "select 1 as a"}, "", ["toy/9.sql is used by nothing", "14.sql to 18.sql"]),
    ({"13.sql": COUNTERS_SQL["14.sql"]}, "", ["toy holds no SQL for any version"]),
    ({**COUNTERS_SQL, "99.sql": COUNTERS_SQL["14.sql"]}, "", ["toy/99.sql is used by nothing", "14.sql to 18.sql"]),
    ({"14.sql": "select 'a'::text as name, 1::int8 as hits; -- all"}, "", ["toy/14.sql", "behind the semicolon"]),
    ({"14.sql": "select 'a'::text as name, 1::int8 as hits;/* all */"}, "", ["toy/14.sql", "behind the semicolon"]),
    (
        COUNTERS_SQL,
        'changed_by = ["hits"]\nkeyframe = "1h"\n[signals.busy]\ncolumn = "name"\nvalues = ["a"]\nhelp = "x"',
        ["signals.busy is 'name'", "nothing with changed_by"],
    ),
    (
        {"14.sql": "select 'a'::text as name, 1::int8 as hits, true as state"},
        'changed_by = ["hits"]\nkeyframe = "1h"\n' + STATE,
        ["changed_by is ['hits']", "a list that holds state, which has events"],
    ),
    (COUNTERS_SQL, '[signals.busy]\ncolumn = "name"\nvalues = []\nhelp = "x"', ["signals.busy.values is missing"]),
    ({"14.sql": "select name, hits from {object}"}, "", ["toy/14.sql", "placeholder {object} is not known"]),
    (
        {"14.sql": "select name, hits from {extension_schema}.toy"},
        "",
        ["toy/14.sql", "placeholder {extension_schema} is not known", "allowed are none"],
    ),
    (
        {"14.sql": "select name, hits from {extension_schem}.toy"},
        'requires = { extension = "toy" }',
        ["toy/14.sql", "{extension_schem} is not known", "did you mean {extension_schema}?"],
    ),
    (
        {"14.sql": "select name, hits from toy where name = $1"},
        "",
        ["toy/14.sql", "parameters is [1]", "takes is nothing"],
    ),
    (
        {"objects.sql": "select 'x'::text as object", **COUNTERS_SQL},
        'for_each = "objects.sql"',
        ["toy/14.sql", "for_each is given", "{object}"],
    ),
    (
        COUNTERS_SQL,
        'relation = "pg_toy"\n[[variant]]\nsql = "new.sql"\nneeds_columns = ["b"]',
        ["probe.toml", "variant.sql new.sql is not known", "allowed are 14.sql"],
    ),
    (COUNTERS_SQL, 'relation = "pg_toy"\n[[variant]]\nsql = "14.sql"', ["variant[0].needs_columns is missing"]),
    (COUNTERS_SQL, '[[variant]]\nsql = "14.sql"\nneeds_columns = ["b"]', ["relation is None", "[[variant]]"]),
    (COUNTERS_SQL, '[signals.busy]\ncolumn = "nam"\nvalues = ["a"]\nhelp = "x"', ["signals.busy.column nam", "name?"]),
    (COUNTERS_SQL, '[signals.busy]\ncolumn = "name"\nhelp = "x"', ["signals.busy.values is missing"]),
]


@pytest.mark.parametrize(("files", "more", "said"), WRONG_FILES, ids=[" ".join(said) for _, _, said in WRONG_FILES])
def test_a_wrong_file_is_named(files: dict[str, str], more: str, said: list[str], tmp_path: Path) -> None:
    declaration = COUNTERS.replace("[columns.name]", f"{more}\n[columns.name]", 1)
    with pytest.raises(CatalogError) as error:
        load_toy(tmp_path, declaration, files)
    for words in said:
        assert words in str(error.value)


def test_a_column_belongs_to_the_versions_it_is_declared_for(tmp_path: Path) -> None:
    since = COUNTERS.replace('unit = "1"', "since = 17") + SECOND
    right = {"14.sql": "select 'a'::text as name, 1::int8 as more", "17.sql": BOTH}
    assert load_toy(tmp_path / "a", since, right).columns["hits"].since == 17


@pytest.mark.parametrize(
    ("columns", "files", "said"),
    [
        ("since = 17", {"14.sql": "BOTH"}, ["14.sql", "hits is returned for 14", "from 17 until the last"]),
        ("until = 16", {"14.sql": "BOTH"}, ["14.sql", "hits is returned for 17", "from the first until 16"]),
        ("since = 16", {"14.sql": "ONE", "17.sql": "BOTH"}, ["14.sql", "hits is not returned", "declared for 16"]),
        ("until = 16", {"14.sql": "BOTH", "16.sql": "ONE"}, ["16.sql", "hits is not returned", "declared for 16"]),
        ("since = 30", {"14.sql": "ONE"}, ["probe.toml", "columns.hits is declared, but no SQL file returns it"]),
    ],
)
def test_since_and_until_are_held_against_the_files(
    columns: str, files: dict[str, str], said: list[str], tmp_path: Path
) -> None:
    texts = {"BOTH": BOTH, "ONE": "select 'a'::text as name, 1::int8 as more"}
    declaration = COUNTERS.replace('unit = "1"', columns) + SECOND
    with pytest.raises(CatalogError) as error:
        load_toy(tmp_path, declaration, {name: texts[text] for name, text in files.items()})
    for words in said:
        assert words in str(error.value)


SECOND = '\n[columns.more]\nkind = "counter"\ntype = "int8"\nhelp = "More"\n'
BOTH = "select 'a'::text as name, 1::int8 as hits, 1::int8 as more"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "text"', 'kind = "state"', ["shape is dimension", "key and text"]),
        (
            'dimension = "toy"',
            'dimension = "texts"',
            ["dimension is 'texts'", "toy: a dimension bears its probe's name"],
        ),
        ('dimension = "toy"', "", ["dimension is missing"]),
        ('takes = "keys"', "", ["parameters is [1]", "takes is nothing"]),
        ('type = "int8"', 'type = "bool"', ["columns.id.type is 'bool'", "int4, int8, oid or text"]),
    ],
)
def test_a_wrong_dimension_is_named(old: str, new: str, said: list[str], tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as error:
        load_toy(tmp_path, DIMENSION.replace(old, new), DIMENSION_SQL)
    for words in said:
        assert words in str(error.value)


@pytest.mark.parametrize("name", ["Toy", "toy-two", "2toy", "toy_raw", "toy_1h", "toy_open", "t" * 64])
def test_a_folder_needs_a_name_that_a_table_can_bear(name: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="lower-case letters"):
        load_toys(tmp_path, {name: (COUNTERS, COUNTERS_SQL)})


@pytest.mark.parametrize("name", sorted(STORE_TABLES))
def test_a_probe_may_not_take_a_table_of_the_store(name: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=f"a table {name} exists already, of the store"):
        load_toys(tmp_path, {name: (COUNTERS, COUNTERS_SQL)})


def test_two_probes_may_not_share_a_dimension(tmp_path: Path) -> None:
    texts = DIMENSION.replace('takes = "keys"', "")
    files = {"14.sql": "select 1::int8 as id, 'x'::text as text"}
    named = COUNTERS.replace("deadline", 'dimension = "toy"\ndeadline') + NAME_TEXT
    sql = {"14.sql": "select 'a'::text as name, 1::int8 as hits, 'l'::text as label"}
    with pytest.raises(CatalogError, match="a table toy exists already, of the probe other"):
        load_toys(tmp_path, {"toy": (texts, files), "other": (named, sql)})


NAME_TEXT = '\n[columns.label]\nkind = "text"\ntype = "text"\nprivacy = "name"\nhelp = "Label"\n'


def test_two_packs_may_not_have_a_probe_of_the_same_name(tmp_path: Path) -> None:
    first = write_pack(tmp_path, {"toy": (COUNTERS, COUNTERS_SQL)})
    (tmp_path / "b").mkdir()
    second = write_pack(tmp_path / "b", {"toy": (COUNTERS, COUNTERS_SQL)}, PACK.replace("toys", "others"))
    with pytest.raises(CatalogError, match="there is a probe toy already"):
        load([first, second])
    with pytest.raises(CatalogError, match="there is a pack toys already"):
        load([first, first])


def test_a_folder_without_its_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"is not a pack: it holds no pack\.toml"):
        load([tmp_path])
    pack = write_pack(tmp_path, {"toy": (COUNTERS, COUNTERS_SQL)})
    (pack / "probes" / "toy" / "probe.toml").unlink()
    with pytest.raises(CatalogError, match=r"is not a probe: it holds no probe\.toml"):
        load([pack])


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        ('name = "Toys"\nsummary = "x"', "name is 'Toys'"),
        ('name = "toys"', "summary is missing"),
        (PACK + 'author = "x"', "key author is not known"),
    ],
)
def test_a_wrong_pack_is_named(pack: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=said):
        load_toys(tmp_path, {}, pack)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"toy": (COUNTERS, COUNTERS_SQL)})
    for file, text in ((pack / "probes" / "toy" / "14.sql", b"select '\xe4'"), (pack / "pack.toml", b"\xff\xfe")):
        file.write_bytes(text)
        with pytest.raises(CatalogError, match=f"{file} is no text: .*allowed is UTF-8"):
            load([pack])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"toy": (COUNTERS, COUNTERS_SQL)})
    file = pack / "probes" / "toy" / "15.sql"
    file.mkdir()
    with pytest.raises(CatalogError, match=f"{file} cannot be read: Is a directory"):
        load([pack])
    file.rmdir()
    file.symlink_to(tmp_path / "nowhere")
    with pytest.raises(CatalogError, match=f"{file} cannot be read: No such file"):
        load([pack])


def test_a_setting_needs_its_name_beside_it(tmp_path: Path) -> None:
    declaration = COUNTERS.replace("[columns.name]", "[columns.of]").replace('key = ["name"]', 'key = ["of"]')
    with pytest.raises(
        CatalogError, match=r"columns\.of\.privacy is 'setting'; allowed is setting beside a column name"
    ):
        load_toy(tmp_path, declaration.replace('privacy = "name"', 'privacy = "setting"'))


def test_samples_have_no_averages(tmp_path: Path) -> None:
    declaration = SAMPLES.replace('rollup = "max"', 'rollup = "avg"')
    with pytest.raises(CatalogError, match=r"columns\.age\.rollup is 'avg'; allowed is last, max, min or sum"):
        load_toy(tmp_path, declaration, SAMPLES_SQL)
