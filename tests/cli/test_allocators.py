"""What the C libraries took once they give back."""

import subprocess
import sys

import pytest

from pgvigil.sandbox.environment import clean_environment

ENGINE = """
import os
from pgvigil.cli.allocators import ENGINE, give_back_soon
give_back_soon()
os.environ[ENGINE] += ",stats_print:true"
from pgvigil.store import engine
engine.duckdb.connect().execute("select 1")
"""

HEAPS = """
import ctypes, re, sys, threading
from pgvigil.cli.allocators import give_back_soon
if sys.argv[1] == "bound":
    give_back_soon()
malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
started = threading.Barrier(6)
def work():
    started.wait()
    for _ in range(2000):
        malloc(1000)
    started.wait()
    started.wait()
threads = [threading.Thread(target=work) for _ in range(5)]
for thread in threads:
    thread.start()
started.wait()
started.wait()
starts = re.findall("^([0-9a-f]+)-[0-9a-f]+ rw-p 00000000 00:00 0 *$", open("/proc/self/maps").read(), re.M)
print(sum(int(start, 16) % 2**26 == 0 for start in starts))
started.wait()
"""
"""Every heap of a thread begins at a multiple of 64 MB."""

FREED = """
import ctypes, sys
from pgvigil.cli.allocators import give_back_soon
if sys.argv[1] == "bound":
    give_back_soon()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20
before = resident()
large = []
for number in range(500):
    large.append(libc.malloc(100_000))
    ctypes.memset(ctypes.c_void_p(large[-1]), 1, 100_000)
    if number % 2 == 1:
        small = libc.malloc(4_000)  # kept, and lies behind them: too large for what was free before
for one in large:
    libc.free(one)
print(round(resident() - before))
"""


def run(script: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=clean_environment(environment), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the engine has this allocator on Linux alone")
def test_the_engine_is_told_before_it_is_loaded() -> None:
    told = run(ENGINE)
    assert "opt.dirty_decay_ms: 200" in told
    assert "opt.muzzy_decay_ms: 0" in told


@pytest.mark.skipif(sys.platform != "linux", reason="heaps by thread are those of glibc")
def test_threads_share_one_heap() -> None:
    assert int(run(HEAPS, "not")) >= 4
    assert int(run(HEAPS, "bound")) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="heaps by thread are those of glibc")
def test_what_the_user_has_set_is_kept() -> None:
    assert int(run(HEAPS, "bound", MALLOC_ARENA_MAX="9")) >= 4
    said = run(
        "from pgvigil.cli.allocators import *; give_back_soon(); print(os.environ[ENGINE])", DUCKDB_JE_MALLOC_CONF="x:1"
    )
    assert said == "x:1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of glibc")
def test_what_is_large_goes_back_at_once() -> None:
    assert int(run(FREED, "not")) > 40
    assert int(run(FREED, "bound")) < 5
