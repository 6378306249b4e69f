"""What Linux tells of processes, against what is known otherwise."""

import subprocess
import sys
import time

import psycopg
import pytest
from bench.cpu import Backends

from bench import cpu
from fix_servers import Database

pytestmark = pytest.mark.skipif(cpu.supported() is not None, reason=cpu.supported() or "")

BURN = "do $$ begin for n in 1..{turns} loop perform n; end loop; end $$"


def test_the_cpu_of_backends_of_one_role_is_counted_while_they_live_and_after(database: Database) -> None:
    role = "bench_watched"
    with database.connect() as conn:
        conn.autocommit = True
        conn.execute(f"drop role if exists {role}".encode())
        conn.execute(f"create role {role} login superuser password 'x'".encode())
    dsn = database.server.dsn(role, database.name, password="x")
    with Backends(database.server.pid, role) as backends, psycopg.connect(dsn) as staying:
        before = backends.spent()
        with psycopg.connect(dsn) as short:
            short.execute(BURN.format(turns=2_000_000).encode())
        staying.execute(BURN.format(turns=200_000).encode())
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not (spent := backends.spent().since(before))[0]:
            time.sleep(0.05)
        assert backends.most == 2
        ended, stayed = spent[0], spent[staying.info.backend_pid]
    assert ended > 3 * stayed > 0
    with database.connect() as conn:
        conn.autocommit = True
        conn.execute(f"drop role {role}".encode())


def test_cpu_and_memory_of_a_process_are_its_own() -> None:
    text = """if True:
        import time
        kept = bytearray(80_000_000)
        while time.process_time() < 0.5:
            pass
        print("done", flush=True)
        input()"""
    with subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 0.45 <= cpu.process_cpu(process.pid) < 2.0
        assert 80.0 < cpu.rss(process.pid) < 120.0
        assert cpu.peak_rss(process.pid) >= cpu.rss(process.pid)
        process.communicate("\n")
