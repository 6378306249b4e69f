"""Makes a server do everything that the core probes measure."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from fix_servers import Connection, connect
from pg_probes import scenery
from pgvigil.sandbox.server import Server

SETTINGS = {
    "shared_buffers": "2MB",  # so that little data is enough for reads, evictions and writes by sessions
    "wal_buffers": "64kB",
    "max_connections": "40",
    "fsync": "on",
    "full_page_writes": "on",
    "track_io_timing": "on",
    "track_wal_io_timing": "on",
    "pg_stat_statements.track": "all",
    "pg_stat_statements.track_planning": "on",
    "pg_stat_statements.max": "300",
    "deadlock_timeout": "50ms",
    "autovacuum_naptime": "1s",
    "autovacuum_vacuum_threshold": "10",
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_analyze_threshold": "10",
    "autovacuum_analyze_scale_factor": "0",
    "bgwriter_delay": "10ms",
    "bgwriter_lru_maxpages": "5",
    "bgwriter_lru_multiplier": "10",
    "checkpoint_timeout": "30s",
}
DATABASE = "caused"
FLUSH = 1.5  # s: sessions tell their counters at most once a second, and until 14 the collector takes half of one more

_SCHEMA = """
create table big (id int, pad text);
create table hot (id int primary key, n int) with (fillfactor = 50, autovacuum_enabled = off);
create table full_pages (id int primary key, pad text) with (autovacuum_enabled = off);
create table churn (id int, pad text);
create table docs (id int, doc text);
alter table docs alter column doc set storage external;
create table events (at int, what text) partition by range (at);
create table events_1 partition of events for values from (0) to (100000);
create table twice (id int);
insert into twice values (1), (1);
create table shared_rows (id int primary key);
insert into shared_rows values (1), (2);
create function count_big() returns bigint language plpgsql as 'begin return (select count(*) from big); end';
"""


@contextmanager
def session(server: Server) -> Iterator[Connection]:
    with connect(server, DATABASE, application_name="causing") as connection:
        yield connection


def prepare(server: Server) -> None:
    """The database, its tables and its extension."""
    with connect(server) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    with session(server) as connection:
        connection.execute("create extension pg_stat_statements")
        for statement in _SCHEMA.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        scenery.build(connection)


def cause(server: Server) -> None:
    """All that can be counted, one thing after the other."""
    with session(server) as connection:
        for step in (_write, _read, _update, _temporary, _parallel, _maintain, _transactions, scenery.change):
            step(connection)
    _deadlock(server)
    _multixact(server)
    _lost_sessions(server)
    _wait_for_autovacuum(server)


def _write(c: Connection) -> None:
    c.execute("insert into big select i, repeat(md5(i::text), 8) from generate_series(1, 30000) i")
    c.execute("create index big_id on big (id)")
    c.execute("insert into churn select i, md5(i::text) from generate_series(1, 60000) i")
    c.execute("insert into docs select i, repeat(md5(i::text), 400) from generate_series(1, 300) i")
    c.execute("insert into events select i, 'x' from generate_series(1, 1000) i")
    c.execute("checkpoint")
    for number in range(3):
        c.execute("update big set pad = upper(pad) where id %% 10 = %s", (number,))
    c.execute("checkpoint")


def _read(c: Connection) -> None:
    for _ in range(3):
        c.execute("select count(*) from big")
        c.execute("select count_big()")
        c.execute("select md5(doc) from docs")
    c.execute("set enable_seqscan = off")
    for number in range(1, 40):
        c.execute("select * from big where id = %s", (number * 700,))
    c.execute("set enable_indexscan = off")
    c.execute("select count(pad) from big where id between 100 and 20000")
    c.execute("reset all")


def _update(c: Connection) -> None:
    c.execute("insert into hot select i, 0 from generate_series(1, 200) i")
    c.execute("update hot set n = n + 1")
    c.execute("insert into full_pages select i, repeat('x', 900) from generate_series(1, 200) i")
    c.execute("update full_pages set pad = repeat('y', 900)")
    c.execute("delete from churn where id % 2 = 0")


def _temporary(c: Connection) -> None:
    c.execute("set temp_buffers = '800kB'")
    c.execute("create temp table scratch as select i, md5(i::text) as pad from generate_series(1, 40000) i")
    for _ in range(2):
        c.execute("update scratch set pad = lower(pad)")
        c.execute("select count(*) from scratch")
    c.execute("set work_mem = '64kB'")
    c.execute("select count(*) from (select pad from big order by pad offset 0) s")
    c.execute("reset all")


def _parallel(c: Connection) -> None:
    for name in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"):
        c.execute(sql.SQL("set {} = 0").format(sql.Identifier(name)))
    c.execute("set max_parallel_workers_per_gather = 2")
    for _ in range(3):
        c.execute("select sum(length(pad)) from big")
    c.execute("reset all")


def _maintain(c: Connection) -> None:
    c.execute("vacuum (analyze) big")
    c.execute("vacuum docs")
    c.execute("analyze hot")
    with contextlib.suppress(psycopg.errors.UniqueViolation):
        c.execute("create unique index concurrently twice_id on twice (id)")


def _transactions(c: Connection) -> None:
    for word in ("commit", "rollback"):
        c.execute("begin")
        c.execute("insert into twice values (7)" if word == "rollback" else "select 1")
        time.sleep(0.05)
        c.execute(word.encode())


def _deadlock(server: Server) -> None:
    first_locked = threading.Barrier(2)

    def lock(mine: int, other: int) -> None:
        with session(server) as c, contextlib.suppress(psycopg.errors.DeadlockDetected), c.transaction():
            c.execute("select from shared_rows where id = %s for update", (mine,))
            first_locked.wait()
            c.execute("select from shared_rows where id = %s for update", (other,))

    _together(lambda: lock(1, 2), lambda: lock(2, 1))


def _multixact(server: Server) -> None:
    with session(server) as one, session(server) as two, one.transaction(), two.transaction():
        one.execute("select from shared_rows for share")
        two.execute("select from shared_rows for share")


def _lost_sessions(server: Server) -> None:
    killed, cut, timed_out = (connect(server, DATABASE) for _ in range(3))
    with session(server) as c:
        c.execute("select pg_terminate_backend(%s)", (killed.info.backend_pid,))
    with socket.socket(fileno=socket.dup(cut.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)
    timed_out.execute("set idle_in_transaction_session_timeout = '20ms'")
    timed_out.execute("begin")
    time.sleep(0.2)
    for connection in (killed, cut, timed_out):
        connection.close()


def _wait_for_autovacuum(server: Server) -> None:
    with session(server) as c:
        query = "select autovacuum_count * autoanalyze_count from pg_stat_user_tables where relname = 'churn'"
        wait_until(lambda: c.execute(query).fetchall()[0][0] > 0)


@contextmanager
def waiting_sessions(server: Server) -> Iterator[None]:
    """While this lasts: a lock held in an idle transaction, a tagged statement that waits for it, an old snapshot."""
    statement = "select count(*) from twice /*route='/orders',job='sync'*/"
    with session(server) as waiter, session(server) as holder, session(server) as reader:
        reader.execute("begin isolation level repeatable read")
        reader.execute("select 1")
        holder.execute("insert into hot values (100000, 1)")  # so that not all snapshots reach back equally far
        holder.execute("begin")
        holder.execute("lock table twice")
        blocked = threading.Thread(target=waiter.execute, args=(statement,))
        blocked.start()
        try:
            with session(server) as c:
                c.execute("insert into hot values (100001, 1)")
                query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                wait_until(lambda: c.execute(query).fetchall()[0][0] > 0)
            with scenery.waiting(lambda: connect(server, DATABASE, application_name="waiting")):
                yield
        finally:
            holder.execute("commit")
            blocked.join()
            reader.execute("commit")


def change_settings(server: Server) -> None:
    """One that holds at once, and two that wait for a restart."""
    with session(server) as c:
        c.execute("alter system set work_mem = '5MB'")
        c.execute("alter system set max_connections = 41")
        c.execute("alter system set superuser_reserved_connections = 4")
        c.execute("select pg_reload_conf()")
        wait_until(lambda: c.execute("show work_mem").fetchall() == [("5MB",)])


def evict_and_mend(server: Server) -> None:
    """More statements than pg_stat_statements holds, and the invalid index made valid."""
    with session(server) as c:
        for number in range(400):
            columns = ", ".join(["1"] * (1 + number % 40))
            c.execute(f"select {columns} where true{' and 1 = 1' * (number // 40)}".encode())
        c.execute("delete from twice where ctid = (select min(ctid) from twice)")
        c.execute("reindex index twice_id")


def damage_a_page(server: Server) -> None:
    """A page on disk that does not fit its checksum, and a statement that reads it."""
    with session(server) as c:
        c.execute("create table damaged as select 1 as one")
        ((path,),) = c.execute("select pg_relation_filepath('damaged')").fetchall()
    server.stop()
    with (server.data / path).open("r+b") as file:
        file.seek(4096)
        file.write(b"damaged")
    server.start()
    with session(server) as c, contextlib.suppress(psycopg.errors.DataCorrupted):
        c.execute("select * from damaged")


def wait_for_a_timed_checkpoint(server: Server) -> None:
    old = "select checkpoints_timed from pg_stat_bgwriter"
    new = "select num_timed from pg_stat_checkpointer"
    with session(server) as c:
        wait_until(lambda: c.execute(old if server.major < 17 else new).fetchall()[0][0] > 0, 60)


def reset(server: Server) -> None:
    """Every statistic that has a moment of its reset."""
    with session(server) as c:
        c.execute("select pg_stat_reset()")
        c.execute("select pg_stat_statements_reset()")
        kinds = [
            "bgwriter",
            "wal",
            *(["io"] if server.major >= 16 else []),
            *(["checkpointer"] if server.major >= 17 else []),
        ]
        for kind in kinds:
            c.execute("select pg_stat_reset_shared(%s)", (kind,))


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)


def _together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
