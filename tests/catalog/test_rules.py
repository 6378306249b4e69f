"""Loading rules: what is wrong is named with its file and what is allowed."""

from pathlib import Path

import pytest

from pgvigil.catalog import CatalogError, load
from pgvigil.catalog.rules import Rule, load_rules
from pgvigil.catalog.sentences import fields
from pgvigil.model import Severity
from toys import COUNTERS, COUNTERS_SQL, write_pack

RULE = """
title = "A toy is high"
headline = "{key:code} is at {value}."
details = ["It was {before}."]
todo = "Nothing."
page = "/"
probes = ["toy"]
warning = 5
critical = 10
means = "m"
causes = ["c"]
source = "s"
"""
SQL = "SELECT 'k' AS key, max(hits) AS value FROM {toy} WHERE target = $target"
SHIPPED_RULES = load_rules(load())


def write(root: Path, declaration: str = RULE, sql: str = SQL) -> Path:
    pack = write_pack(root, {"toy": (COUNTERS, COUNTERS_SQL)})
    folder = pack / "rules" / "high"
    folder.mkdir(parents=True)
    (folder / "rule.toml").write_text(declaration)
    (folder / "rule.sql").write_text(sql)
    return pack


def loaded(pack: Path) -> Rule:
    return load_rules(load([pack]), [pack])["high"]


def test_the_highest_threshold_that_is_reached_says_how_bad_it_is(tmp_path: Path) -> None:
    rule = loaded(write(tmp_path))
    assert [rule.severity(value) for value in (4.9, 5, 9, 10, 99)] == [
        None,
        Severity.WARNING,
        Severity.WARNING,
        Severity.CRITICAL,
        Severity.CRITICAL,
    ]
    assert (rule.window, rule.before, rule.rank, rule.explains) == (60.0, 0.0, 500, ())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('todo = "Nothing."', "", "todo is missing; allowed is a text that is not empty"),
        ('probes = ["toy"]', 'probes = ["tyo"]', "probe tyo is not known; did you mean toy?"),
        ("warning = 5\ncritical = 10", "", "warning is missing; allowed is a number; info and critical may stand"),
        ("critical = 10", "critical = 1", "critical is 1; allowed is a number not below that of what is less bad"),
        ("warning = 5", 'warning = "5"', "warning is '5'; allowed is a number"),
        ("{value}", "{value:loud}", "headline is '{key:code} is at {value:loud}.'; allowed is a sentence whose fields"),
        ('source = "s"', 'source = "s"\nexplains = ["low"]', "rule low is not known; did you mean"),
        ('source = "s"', 'source = "s"\nwindow = "long"', "window is 'long'; allowed is a number with ms, s, m or h"),
        ('source = "s"', 'source = "s"\nsql = "x"', "key sql is not known"),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogError) as refused:
        loaded(write(tmp_path, RULE.replace(old, new)))
    assert said.partition("; did you mean")[0] in str(refused.value)


@pytest.mark.parametrize("relation", ["statements", "toy_before"])
def test_a_relation_of_a_probe_that_is_not_named_is_refused(tmp_path: Path, relation: str) -> None:
    with pytest.raises(CatalogError, match=f"relation {relation} is not known"):
        loaded(write(tmp_path, sql=SQL.replace("toy", relation)))
    compared = RULE.replace('page = "/"', 'page = "/"\nbefore = "1h"')
    (tmp_path / "more").mkdir()
    assert "toy_before" in loaded(write(tmp_path / "more", compared, SQL.replace("toy", "toy_before"))).sql


@pytest.mark.parametrize("rule", SHIPPED_RULES.values(), ids=lambda rule: rule.name)
def test_every_shipped_rule_tells_what_its_sql_returns(rule: Rule) -> None:
    told = {name for sentence in (rule.headline, *rule.details, rule.todo) for name in fields(sentence)}
    missing = [name for name in told if f"AS {name}" not in rule.sql and f".{name}" not in rule.sql]
    assert missing == []
    assert rule.causes
