"""What sampling says of the load, against sessions of which it is known what they do."""

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest

from fix_monitor import MakeMonitor
from fix_servers import MONITOR, MakeServer, connect
from fix_soak import Figures
from pgvigil.analyse.load import Dimension
from pgvigil.sandbox.server import Server

LONGEST = 60
"""Seconds that are watched; the sessions work for longer."""

KINDS = {"nap": 6, "queue": 3, "burn": 2}
"""Sessions by what they do; the role and the application are called so too."""

SETUP = """
    create table one_row as select 1 as id, 0 as n;
    create function burn(seconds float) returns int language plpgsql as $$
    declare turns int := 0; begin
        while clock_timestamp() < statement_timestamp() + make_interval(secs => seconds) loop
            turns := turns + 1;
        end loop;
        return turns;
    end $$;
"""
WORK = {
    "nap": f"select pg_sleep({LONGEST + 60})",
    "queue": "update one_row set n = n + 1 where id = 1",
    "burn": f"select burn({LONGEST + 60})",
}
SEEN = """
    select application_name, count(*) from pg_stat_activity
    where state = 'active' and application_name in ('nap', 'queue', 'burn')
      and coalesce(wait_event_type, 'CPU')
        = case application_name when 'nap' then 'Timeout' when 'queue' then 'Lock' else 'CPU' end
    group by 1
"""


@contextmanager
def busy(server: Server) -> Iterator[None]:
    """All sessions at their work, until the context ends."""
    with ExitStack() as stack:
        owner = stack.enter_context(connect(server))
        owner.execute(SETUP.encode())
        for kind in KINDS:
            owner.execute(f"create role {kind} superuser login password 'secret of {kind}'".encode())
        holder = stack.enter_context(connect(server))
        holder.autocommit = False
        holder.execute("update one_row set n = 1 where id = 1")
        sessions = [
            (kind, psycopg.connect(server.dsn(kind, password=f"secret of {kind}"), application_name=kind))
            for kind, number in KINDS.items()
            for _ in range(number)
        ]
        threads = [threading.Thread(target=_run, args=(session, WORK[kind])) for kind, session in sessions]
        for thread in threads:
            thread.start()
        try:
            deadline = time.monotonic() + 30
            while dict(owner.execute(SEEN).fetchall()) != KINDS:
                assert time.monotonic() < deadline, "the sessions did not come to their work"
                time.sleep(0.2)
            yield
        finally:
            for kind in KINDS:
                owner.execute(
                    f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{kind}'".encode()
                )
            for thread in threads:
                thread.join(30)
            holder.rollback()


def _run(session: psycopg.Connection[Any], work: str) -> None:
    try:
        session.execute(work.encode())
    except psycopg.Error:
        session.close()


@pytest.mark.alone  # two of its sessions take both cores
def test_sessions_are_seen_as_what_they_are_by_wait_statement_user_and_application(
    monitor: MakeMonitor, private_server: MakeServer
) -> None:
    watch(monitor, private_server, 20)


@pytest.mark.soak(
    "six sessions that sleep, three that wait for a row and two on the CPU, a minute, against what is told of them",
    twin="test_sessions_are_seen_as_what_they_are_by_wait_statement_user_and_application",
)
@pytest.mark.alone
def test_sessions_are_seen_as_what_they_are_for_a_minute(
    monitor: MakeMonitor, private_server: MakeServer, figures: Figures
) -> None:
    tops = watch(monitor, private_server, LONGEST)
    figures(", ".join(f"{name} {tops['class'][name]:.2f}" for name in ("timeout", "lock", "cpu")))


def watch(monitor: MakeMonitor, private_server: MakeServer, seconds: int) -> Mapping[str, Mapping[str, float]]:
    """Watch for so long, and hold what is told against what they did; returns the load by dimension and name."""
    server = private_server()
    running = monitor(server.dsn(MONITOR))
    (name,) = [target["name"] for target in running.get("/api/v1/targets")["targets"]]
    with busy(server):
        # A step of ten seconds is whole in every sense: all of them work throughout.
        begin = math.ceil((time.time() + 1) / 10) * 10
        time.sleep(begin + seconds - time.time())
        told = lambda: running.get("/api/v1/targets")["targets"][0]["last_sample"] >= begin + seconds  # noqa: E731
        running.wait_for("the last look of the span", told)
        # No span is shorter than a minute; of the rest of it nothing is known yet.
        span = {"from": begin, "to": begin + LONGEST}
        found = running.get(f"/api/v1/targets/{name}/load", **span, compare="none")
    assert found["samples"] > 0.9 * seconds
    tops = {top["dimension"]: {each["name"]: each["load"] for each in top["slices"]} for top in found["tops"]}
    assert tops["class"] == pytest.approx({"timeout": 6, "lock": 3, "cpu": 2}, rel=0.05)
    assert tops["event"]["Timeout:PgSleep"] == pytest.approx(6, rel=0.05)
    assert tops["event"]["Lock:transactionid"] + tops["event"]["Lock:tuple"] == pytest.approx(3, rel=0.05)
    for by in ("user", "application"):
        assert {kind: tops[by][kind] for kind in KINDS} == pytest.approx(KINDS, rel=0.05)
    texts = {
        each["text"].split("(")[0].split(" set")[0]: each["load"]
        for top in found["tops"]
        for each in top["slices"]
        if each["text"] is not None
    }
    assert texts["select pg_sleep"] == pytest.approx(6, rel=0.05)
    assert texts["update one_row"] == pytest.approx(3, rel=0.05)
    assert texts["select burn"] == pytest.approx(2, rel=0.05)
    assert set(tops) == set(Dimension)
    for slices in tops.values():
        assert sum(slices.values()) == pytest.approx(found["average"], rel=1e-9)
    return tops
