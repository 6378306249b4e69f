"""What the probes look for and an empty database has not got: a queue, partitions, dead rows, sessions that wait."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from psycopg import sql

from fix_servers import MONITOR, Connection

OLD = 5.3
"""Seconds: longer than a transaction has to be open to be told."""

_QUEUE = """
create schema pgmq;
create table pgmq.meta (queue_name text primary key);
insert into pgmq.meta values ('jobs');
create table pgmq.q_jobs (
    msg_id bigint generated always as identity primary key, read_ct int not null default 0,
    enqueued_at timestamptz not null default now(), vt timestamptz not null default now(), message jsonb
) with (autovacuum_enabled = off);
create table pgmq.a_jobs (msg_id bigint);
insert into pgmq.q_jobs (message) select '{}' from generate_series(1, 20);
"""
_TABLES = """
create table months (at timestamptz not null) partition by range (at);
create table months_1 partition of months for values from ('2026-01-01') to ('2026-02-01');
create table forgotten (id int) with (autovacuum_enabled = off);
insert into forgotten select i from generate_series(1, 3000) i;
delete from forgotten;
vacuum forgotten;
insert into forgotten select i from generate_series(1, 2000) i;
delete from forgotten;
create table held (id int);
insert into held values (1);
"""


def build(connection: Connection) -> None:
    """Make them, readable for the monitor's role."""
    for statement in f"{_QUEUE}{_TABLES}".split(";\n"):
        if statement.strip():
            connection.execute(statement.encode())
    for grant in ("usage on schema pgmq", "select on all tables in schema pgmq"):
        connection.execute(sql.SQL("grant {} to {}").format(sql.SQL(grant), sql.Identifier(MONITOR)))


def change(connection: Connection) -> None:
    """Move everything that is counted here."""
    for statement in (
        "create table months_2 partition of months for values from ('2026-02-01') to ('2026-03-01')",
        "insert into pgmq.q_jobs (message) select '{}' from generate_series(1, 5)",
        "update pgmq.q_jobs set read_ct = read_ct + 1 where msg_id <= 10",
        "delete from pgmq.q_jobs where msg_id <= 3",
        "insert into forgotten select i from generate_series(1, 1500) i",
        "delete from forgotten where id > 10",
        "create table forgotten_too (id int) with (autovacuum_enabled = off, autovacuum_vacuum_threshold = 77)",
        "insert into forgotten_too select i from generate_series(1, 1200) i",
        "delete from forgotten_too",
    ):
        connection.execute(statement.encode())


@contextmanager
def waiting(new: Callable[[], Connection]) -> Iterator[None]:
    """While this lasts, a session waits for a row of the table `held`, another for the table, both for long.

    Who waits for a table does so before its statement has a queryid.
    """
    with ExitStack() as stack:
        holder = stack.enter_context(new())
        holder.execute("begin")
        holder.execute("update held set id = id")
        waiters: list[tuple[Connection, threading.Thread]] = []
        for statement in ("update held set id = 2", "lock table held"):
            waiter = stack.enter_context(new())
            waiter.execute("begin")
            waiters.append((waiter, threading.Thread(target=waiter.execute, args=(statement,))))
            waiters[-1][1].start()
            time.sleep(0.1)
        time.sleep(OLD)
        try:
            yield
        finally:
            holder.execute("rollback")
            for waiter, thread in waiters:
                thread.join()
                waiter.execute("rollback")
