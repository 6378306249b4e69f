"""What our statements add to a server's log, by its settings."""

from dataclasses import replace

import pytest

from collect.test_mends import capabilities
from pgvigil.catalog import load
from pgvigil.catalog.types import Query
from pgvigil.collect.logcost import LogCost, bytes_a_day, log_cost, logged_by


def query(name: str) -> Query:
    probe = load().probes[name]
    return Query(probe, "14.sql", "select 1", tuple(probe.columns.values()), probe.takes, probe.changed_by)


def cost(settings: dict[str, str]) -> LogCost | None:
    known = capabilities()
    return log_cost(replace(known, settings={**known.settings, **settings}), [query("sessions")], 1)


def of(**settings: str) -> dict[str, str]:
    return {name.replace("__", "."): value for name, value in settings.items()}


@pytest.mark.parametrize(
    ("settings", "stops"),
    [
        (of(log_statement="all"), ["SET log_statement = 'none'"]),
        (of(log_min_duration_statement="0"), ["SET log_min_duration_statement = -1"]),
        (of(log_min_duration_statement="1"), ["SET log_min_duration_statement = -1"]),
        (of(log_min_duration_sample="0", log_statement_sample_rate="0.5"), ["SET log_min_duration_sample = -1"]),
        (of(log_transaction_sample_rate="0.1"), ["SET log_transaction_sample_rate = 0"]),
        (of(auto_explain__log_min_duration="0"), ["SET auto_explain.log_min_duration = -1"]),
        (of(pgaudit__log="read"), ["SET pgaudit.log = 'none'"]),
        (of(pgaudit__log="write, ALL"), ["SET pgaudit.log = 'none'"]),
        (of(pgaudit__log="all, -misc"), ["SET pgaudit.log = 'none'"]),
        (
            of(log_statement="all", auto_explain__log_min_duration="0"),
            ["SET log_statement = 'none'", "SET auto_explain.log_min_duration = -1"],
        ),
    ],
    ids=str,
)
def test_what_logs_us_is_named_with_what_stops_it(settings: dict[str, str], stops: list[str]) -> None:
    found = cost(settings)
    assert found is not None
    assert found.remedy.splitlines() == [f'ALTER ROLE "monitor" {stop};' for stop in stops]
    assert all(f"{name} = {value}" in found.reason for name, value in settings.items() if name in found.remedy)
    assert found.megabytes_a_day > 0


@pytest.mark.parametrize(
    "settings",
    [
        {},
        of(log_statement="ddl", log_min_duration_statement="-1"),
        of(log_min_duration_statement="250"),
        of(log_min_duration_sample="0", log_statement_sample_rate="0"),
        of(log_transaction_sample_rate="0"),
        of(auto_explain__log_min_duration="-1"),
        of(pgaudit__log="none"),
        of(pgaudit__log="write, ddl"),
        of(pgaudit__log="all, -read"),
        of(pgaudit__log="read, -all"),
    ],
    ids=str,
)
def test_what_does_not_log_us_costs_nothing(settings: dict[str, str]) -> None:
    assert logged_by(settings) == ()
    assert cost(settings) is None


def test_a_sample_costs_its_share_and_every_writer_writes_a_line_of_its_own() -> None:
    whole, tenth = cost(of(log_statement="all")), cost(of(log_transaction_sample_rate="0.1"))
    twice = cost(of(log_statement="all", log_min_duration_statement="0"))
    two = cost(of(log_statement="all", pgaudit__log="read"))
    assert whole is not None
    assert tenth is not None
    assert twice is not None
    assert two is not None
    assert tenth.megabytes_a_day == pytest.approx(whole.megabytes_a_day / 10)
    assert twice.megabytes_a_day == whole.megabytes_a_day, "one line tells the statement and how long it took"
    assert two.megabytes_a_day == pytest.approx(2 * whole.megabytes_a_day)


def test_what_is_asked_in_every_database_counts_for_each() -> None:
    nothing = bytes_a_day([], 1)
    assert nothing > 0, "heartbeats"
    one, nine = (bytes_a_day([query("tables")], databases) - nothing for databases in (1, 9))
    assert nine == pytest.approx(9 * one)
    assert bytes_a_day([query("statements")], 9) == bytes_a_day([query("statements")], 1)
    assert bytes_a_day([query("sessions")], 1) > bytes_a_day([query("statements")], 1), "every second"
