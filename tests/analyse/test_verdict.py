"""The verdict, from facts made for it: the worst first, and never well where that cannot be told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from pgvigil.analyse.probes import ProbeHealth
from pgvigil.analyse.subjects import Subject
from pgvigil.analyse.verdict import Facts, Level, applying, judge
from pgvigil.catalog import load
from pgvigil.catalog.rules import load_rules
from pgvigil.model import Condition, Invisible, Outcome, Severity, TargetState

SECOND = 1_000_000
NOW = 1_000 * SECOND
CATALOG = load()
RULES = load_rules(CATALOG)
WATCHING = TargetState(Condition.WATCHING, 0)
READ = ProbeHealth(NOW - 5 * SECOND, Outcome.OK, None)
WELL: Mapping[str, ProbeHealth] = dict.fromkeys(CATALOG.probes, READ)


def facts(
    health: Mapping[str, ProbeHealth] = WELL,
    state: TargetState | None = WATCHING,
    invisible: Mapping[str, Invisible] | None = None,
    subjects: Sequence[Subject] = (),
) -> Facts:
    return Facts(NOW, state, health, invisible or {}, subjects)


def subject(rule: str, severity: Severity) -> Subject:
    return Subject(RULES[rule], "k", severity, 1.0, f"{rule} it is", (), "")


def verdict(found: Facts) -> tuple[Level, list[str], list[str]]:
    judged = judge(found, RULES.values(), CATALOG.probes)
    return judged.level, [each.rule.name for each in judged.subjects], [each.what for each in judged.unknown]


def test_it_is_well_where_everything_was_read_and_nothing_found() -> None:
    assert verdict(facts()) == (Level.WELL, [], [])


def test_what_was_found_is_told_as_bad_as_the_worst_of_it() -> None:
    found = [subject("blocked", Severity.INFO), subject("load_high", Severity.CRITICAL)]
    assert verdict(facts(subjects=found)) == (Level.CRITICAL, ["blocked", "load_high"], [])


@pytest.mark.parametrize("condition", [Condition.UNREACHABLE, Condition.REFUSED])
def test_a_server_that_does_not_answer_is_down_whatever_was_found_before(condition: Condition) -> None:
    down = facts(
        state=TargetState(condition, 0, "It is gone.", "Start it."), subjects=[subject("blocked", Severity.INFO)]
    )
    judged = judge(down, RULES.values(), CATALOG.probes)
    assert (judged.level, judged.cause, judged.remedy) == (Level.DOWN, "It is gone.", "Start it.")


@pytest.mark.parametrize(
    ("health", "reason"),
    [
        (None, "It was not read yet."),
        (replace(READ, outcome=Outcome.FAILED, reason="division by zero"), "It was not read: division by zero."),
        (replace(READ, last=NOW - 60 * SECOND), "It was last read 60 s ago."),
    ],
    ids=["never", "failed", "stale"],
)
def test_it_is_never_well_while_a_probe_that_a_rule_needs_tells_nothing(
    health: ProbeHealth | None, reason: str
) -> None:
    others = {name: each for name, each in WELL.items() if name != "databases"}
    judged = judge(facts(others if health is None else {**others, "databases": health}), RULES.values(), CATALOG.probes)
    assert judged.level is Level.UNKNOWN
    assert [(each.what, each.reason) for each in judged.unknown] == [("databases", reason)]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.LATE])
def test_it_is_not_well_while_a_probe_fails_that_no_rule_asks_for(outcome: Outcome) -> None:
    assert not any("io" in rule.probes for rule in RULES.values())
    failing = replace(READ, outcome=outcome, reason="canceling statement due to statement timeout")
    found = [subject("connections_high", Severity.WARNING)]
    assert verdict(facts({**WELL, "io": failing})) == (Level.UNKNOWN, [], ["io"])
    assert verdict(facts({**WELL, "io": failing}, subjects=found)) == (Level.WARNING, ["connections_high"], ["io"])


def test_what_is_not_visible_is_told_with_the_sql_that_shows_it() -> None:
    judged = judge(
        facts(invisible={"statements": Invisible("statements", "No extension.", "CREATE EXTENSION …")}),
        RULES.values(),
        CATALOG.probes,
    )
    assert judged.level is Level.UNKNOWN
    assert [(each.what, each.reason, each.remedy) for each in judged.unknown] == [
        ("statements", "No extension.", "CREATE EXTENSION …")
    ]


def test_what_was_found_in_old_numbers_is_no_news_and_what_is_new_is_told_beside_what_is_not_known() -> None:
    old = {**WELL, "databases": replace(READ, last=NOW - 300 * SECOND)}
    found = [subject("deadlocks", Severity.WARNING), subject("connections_high", Severity.WARNING)]
    assert verdict(facts(old, subjects=found)) == (Level.WARNING, ["connections_high"], ["databases"])


def test_rules_about_what_a_server_has_not_got_do_not_apply() -> None:
    absent = {"queues": Invisible("queues", "There is no pgmq.meta in the database app.", absent=True)}
    left = applying(RULES.values(), absent)
    assert {rule.name for rule in RULES.values()} - {rule.name for rule in left} == {"queue_late"}
    health = {name: each for name, each in WELL.items() if name != "queues"}
    assert judge(facts(health, invisible=absent), left, CATALOG.probes).level is Level.WELL


def test_a_probe_that_is_asked_only_at_need_is_not_missed() -> None:
    assert verdict(facts({name: each for name, each in WELL.items() if name != "locks"})) == (Level.WELL, [], [])
