"""What our statements add to a server's log, by its settings."""

import asyncio
import re
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from collect.test_mends import capabilities
from collect.watched import Watched
from fix_pgbouncer import MakePgBouncer
from fix_servers import MakeServer, connect
from fix_soak import Figures
from pgvigil.catalog import load
from pgvigil.catalog.types import Query
from pgvigil.collect import Options
from pgvigil.collect.logcost import LogCost, log_cost, logged_by
from pgvigil.collect.logline import LogLine, log_line_of, prefix_length
from pgvigil.sandbox.server import Server

CATALOG = load()
JSON_SINCE = 15


def query(name: str) -> Query:
    probe = CATALOG.probes[name]
    return Query(probe, "14.sql", "select 1", tuple(probe.columns.values()), probe.takes, probe.changed_by)


def cost(settings: dict[str, str], *names: str, databases: int = 1, looks_soon: bool = False) -> LogCost | None:
    known = capabilities()
    queries = [query(name) for name in names or ("sessions",)]
    known = replace(known, settings={**known.settings, **settings})
    return log_cost(known, queries, databases, looks_soon=looks_soon)


def megabytes(settings: dict[str, str], *names: str, databases: int = 1, looks_soon: bool = False) -> float:
    found = cost(settings, *names, databases=databases, looks_soon=looks_soon)
    assert found is not None
    return found.megabytes_a_day


def of(**settings: str) -> dict[str, str]:
    return {name.replace("__", "."): value for name, value in settings.items()}


@pytest.mark.parametrize(
    ("settings", "stops"),
    [
        (of(log_statement="all"), ["SET log_statement = 'none'"]),
        (of(log_min_duration_statement="0"), ["SET log_min_duration_statement = -1"]),
        (of(log_min_duration_statement="1"), ["SET log_min_duration_statement = -1"]),
        (of(log_min_duration_sample="0", log_statement_sample_rate="0.5"), ["SET log_min_duration_sample = -1"]),
        (of(log_duration="on"), ["SET log_duration = off"]),
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


def test_a_sample_costs_its_share_and_every_writer_writes_entries_of_its_own() -> None:
    statements, durations = megabytes(of(log_statement="all")), megabytes(of(log_min_duration_statement="0"))
    assert durations > 2 * statements, "an entry for each message of the protocol"
    assert megabytes(of(log_transaction_sample_rate="0.1")) == pytest.approx(durations / 10)
    explained = of(auto_explain__log_min_duration="0")
    assert megabytes({**explained, **of(auto_explain__sample_rate="0.1")}) == pytest.approx(megabytes(explained) / 10)
    sampled = of(log_min_duration_statement="0", log_transaction_sample_rate="0.5")
    assert megabytes(sampled) == pytest.approx(durations), "what is logged is not logged again for a sample"
    audited = megabytes(of(pgaudit__log="read"))
    both = megabytes(of(log_statement="all", pgaudit__log="read"))
    assert both == pytest.approx(statements + audited)
    twice = megabytes(of(log_statement="all", log_min_duration_statement="0"))
    assert durations < twice < statements + durations, "the text is not told again when it was executed"
    bare = of(log_duration="on")
    assert 0 < megabytes(bare) < durations
    assert megabytes({**bare, **of(log_min_duration_statement="0")}) == durations, "told once, with the text"


def test_of_what_takes_a_while_the_most_is_told() -> None:
    all_of_it, slow = cost(of(log_min_duration_statement="0")), cost(of(log_min_duration_statement="1"))
    assert all_of_it is not None
    assert slow is not None
    assert slow.megabytes_a_day < all_of_it.megabytes_a_day / 2, "one message of several, and nothing around it"
    assert ", up to about " in slow.reason
    assert "up to" not in all_of_it.reason


def test_what_is_asked_in_every_database_counts_for_each() -> None:
    logged = of(log_statement="all")
    one, two, nine = (megabytes(logged, "sessions", "tables", databases=databases) for databases in (1, 2, 9))
    assert nine - one == pytest.approx(8 * (two - one))
    assert two > one
    here = [megabytes(logged, "sessions", "statements", databases=databases) for databases in (1, 9)]
    assert here[0] == here[1]
    assert megabytes(logged, "sessions") > megabytes(logged, "statements"), "every second"


def test_what_is_read_more_seldom_because_of_the_log_is_counted_so() -> None:
    with_keys = of(log_statement="all", log_parameter_max_length="-1")
    without = of(log_statement="all", log_parameter_max_length="0")
    each = [megabytes(it, "sessions", "io") - megabytes(it, "sessions") for it in (with_keys, without)]
    assert each[0] < each[1]


def test_looking_for_what_may_come_into_sight_counts() -> None:
    logged = of(log_statement="all")
    assert megabytes(logged, looks_soon=True) > 1.05 * megabytes(logged)


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("", ""),
        ("%m [%p] ", "2026-01-31 12:00:00.000 UTC [100000] "),
        ("%q%u@%d/%a ", "monitor@shop/pgvigil "),
        ("%-10u|%10d|%%", "monitor   |      shop|%"),
    ],
)
def test_the_prefix_of_a_line_is_as_long_as_its_setting_makes_it(prefix: str, told: str) -> None:
    assert prefix_length(prefix, {"u": "monitor", "d": "shop"}) == len(told)


def test_each_line_of_an_entry_that_begins_with_the_prefix_is_counted_with_it() -> None:
    assert LogLine(10).entry("a\nb") == len("0123456789LOG:  a\n\tb\n")
    assert LogLine(10).entry("a", "b") == len("0123456789LOG:  a\n0123456789DETAIL:  b\n")
    assert LogLine(10, details=False).entry("a", "b") == LogLine(10).entry("a")
    known = capabilities()
    verbose = log_line_of(replace(known, settings=of(log_error_verbosity="verbose", log_line_prefix="")))
    assert verbose.entry("a") > len("LOG:  00000: a\nLOCATION:  \n")


@pytest.mark.parametrize(
    ("settings", "destinations"),
    [
        ({}, ("stderr",)),
        (of(log_destination="syslog"), ("syslog",)),
        (of(log_destination=" stderr, CSVLOG", logging_collector="on"), ("csvlog", "stderr")),
        (of(log_destination="csvlog,jsonlog", logging_collector="off"), ("stderr",)),
    ],
    ids=str,
)
def test_the_files_that_an_entry_is_written_to_are_those_of_the_settings(
    settings: dict[str, str], destinations: tuple[str, ...]
) -> None:
    line = log_line_of(replace(capabilities(), settings=settings))
    assert line.destinations == destinations
    assert line.entry("a") == sum(replace(line, destinations=(each,)).entry("a") for each in destinations)
    assert replace(line, destinations=("syslog",)).entry("a") == replace(line, destinations=("stderr",)).entry("a")


LONG = (
    """select 'a "quoted" word', %s::text -- and a \\ in a comment
  from generate_series(1, 3) as "ü"
"""
    + "  -- a line\tas in a question of ours\n" * 30
)
FILES = {"stderr": "log", "csvlog": "log.csv", "jsonlog": "log.json"}


def real_entry(server: Server, name: str) -> int:
    """The bytes from the beginning of the long entry to that of the one after it, as soon as that stands there."""
    for _ in range(100):
        lines = (server.data / "log" / name).read_bytes().splitlines(keepends=True)
        begin = next((at for at, line in enumerate(lines) if b"execute <unnamed>: select" in line), 0)
        end = next((at for at, line in enumerate(lines) if b"reset log_statement" in line), 0)
        if end:
            return sum(map(len, lines[begin:end]))
        time.sleep(0.1)
    raise AssertionError(f"nothing came in {name}")


@pytest.mark.pg(14, 18)
@pytest.mark.parametrize("verbosity", ["default", "terse", "verbose"])
def test_an_entry_is_as_long_in_each_kind_of_file_as_a_real_one(
    private_server: MakeServer, major: int, verbosity: str
) -> None:
    kinds = [kind for kind in FILES if kind != "jsonlog" or major >= JSON_SINCE]
    collected = {"logging_collector": "on", "log_directory": "log", "log_filename": "log"}
    server = private_server(
        settings={"log_destination": ",".join(kinds), "log_error_verbosity": verbosity, **collected}
    )
    with connect(server, application_name="pgvigil") as connection:
        found = connection.execute("select name, setting from pg_settings where name like 'log%'").fetchall()
        connection.execute("set log_statement = 'all'")
        connection.execute(LONG, ("key",), prepare=False)
        connection.execute("reset log_statement")
    settings = {str(name): str(value) for name, value in found}
    log = log_line_of(replace(capabilities(), settings=settings, role="postgres", database="postgres"))
    assert log.destinations == tuple(sorted(kinds))
    said, detail = f"execute <unnamed>: {LONG.replace('%s', '$1')}", "Parameters: $1 = 'key'"
    told = {kind: replace(log, destinations=(kind,)).entry(said, detail) for kind in kinds}
    assert told == pytest.approx({kind: real_entry(server, FILES[kind]) for kind in kinds}, rel=0.02)


WAYS = {
    "told": ("log_statement = 'all'",),
    "told_verbosely": ("log_statement = 'all'", "log_error_verbosity = 'verbose'"),
    "timed": ("log_min_duration_statement = 0",),
    "told_and_timed": ("log_statement = 'all'", "log_min_duration_statement = 0"),
    "told_and_bare": ("log_statement = 'all'", "log_duration = on"),
    "explained": ("auto_explain.log_min_duration = 0",),
    "explained_with_times": ("auto_explain.log_min_duration = 0", "auto_explain.log_analyze = on"),
    "explained_at_length": (
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_format = 'json'",
        "auto_explain.log_verbose = on",
        "auto_explain.log_analyze = on",
        "auto_explain.log_buffers = on",
    ),
    "pooled_told": ("log_statement = 'all'",),
    "pooled_timed": ("log_min_duration_statement = 0",),
}
"""Roles, each with its way of being logged, those that come through PgBouncer among them."""

PREFIXES = {14: "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", 15: "%m [%p] %u ", 18: "%m [%p] %q%u@%d %a "}
SPAN = 30.0
QUICK = 10.0
"""Seconds measured; and between two turns of a probe at most, so that each has its turn in them the same number of
times: every third turn where the log makes one rarer."""

RIGHT = 0.2
"""By how much the figure may be wrong: it is there to decide whether that is too much for a disk or a bill."""


def written(log: bytes) -> Counter[str]:
    """The bytes of each role's entries, with all their lines."""
    entries = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", log.decode())
    sizes: Counter[str] = Counter()
    for entry in entries:
        first, _, _ = entry.partition(":  ")
        sizes.update({role: len(entry.encode()) for role in WAYS if re.search(rf"\b{role}\b", first)})
    return sizes


def make_roles(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("create database another")
        for role, settings in WAYS.items():
            server.passwords[role] = f"password-of-{role}"
            name, password = sql.Identifier(role), sql.Literal(server.passwords[role])
            connection.execute(sql.SQL("create role {} login password {}").format(name, password))
            connection.execute(sql.SQL("grant pg_monitor to {}").format(name))
            for setting in settings:
                connection.execute(sql.SQL(f"alter role {{}} set {setting}").format(name))


@pytest.mark.slow(reason="half a minute of a real log is measured, after ten collectors have settled")
@pytest.mark.pg(18)
async def test_the_figure_is_what_a_real_log_grows_by(
    tmp_path: Path, private_server: MakeServer, pgbouncer: MakePgBouncer, major: int
) -> None:
    await hold_against_a_log(tmp_path, private_server, pgbouncer, major)


@pytest.mark.soak(
    "what our statements add to a log, in ten ways of logging, against what a real one grows by, on the other majors",
    twin="test_the_figure_is_what_a_real_log_grows_by",
)
@pytest.mark.pg(14, 15)
async def test_the_figure_is_right_on_older_majors(
    tmp_path: Path, private_server: MakeServer, pgbouncer: MakePgBouncer, major: int, figures: Figures
) -> None:
    told = await hold_against_a_log(tmp_path, private_server, pgbouncer, major)
    figures(", ".join(f"{way} {right:+.0%}" for way, right in told.items()))


async def hold_against_a_log(
    tmp_path: Path, private_server: MakeServer, pgbouncer: MakePgBouncer, major: int
) -> dict[str, float]:
    """How much more is told than was written, by way of logging."""
    modules = "pg_stat_statements, auto_explain"
    server = private_server(settings={"shared_preload_libraries": modules, "log_line_prefix": PREFIXES[major]})
    make_roles(server)
    pooler = pgbouncer(server)
    probes = CATALOG.probes.items()
    quick = replace(CATALOG, probes={name: replace(it, every=it.every and min(it.every, QUICK)) for name, it in probes})
    options = Options(budget=1.0)  # nothing is stretched because this machine has much to do
    async with AsyncExitStack() as together:
        all_watched: dict[str, Watched] = {}
        for role in WAYS:
            dsn = server.dsn(role, port=pooler.port) if role.startswith("pooled") else server.dsn(role)
            all_watched[role] = await together.enter_async_context(
                Watched(tmp_path / role, quick, dsn, options=options)
            )
        asked = (
            "select count(distinct probe) = 2 from passes where probe in ('tables', 'statements') and outcome = 'ok'"
        )
        for role, watched in all_watched.items():
            await watched.until(lambda watched=watched: watched.one(asked), f"a pass and a visit of {role}")  # type: ignore[misc]
        # All turns are at multiples of their period: none is at an end of what is measured.
        await asyncio.sleep(QUICK / 2 + QUICK - time.time() % QUICK)
        begin = server.log.stat().st_size
        await asyncio.sleep(SPAN)
        grown = server.log.read_bytes()[begin:]
        told = {role: watched.collector.log_cost for role, watched in all_watched.items()}
    sizes = written(grown)
    wrong = {}
    off: dict[str, float] = {}
    for role, cost_of in told.items():
        assert cost_of is not None, role
        real = sizes[role] * 86_400 / SPAN / 1e6
        print(f"{major} {role}: told {cost_of.megabytes_a_day:.0f}, written {real:.0f} MB a day")
        off[role] = cost_of.megabytes_a_day / real - 1
        if abs(off[role]) > RIGHT:
            wrong[role] = f"told {cost_of.megabytes_a_day:.0f}, written {real:.0f} MB a day"
    assert wrong == {}
    return off
