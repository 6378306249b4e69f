"""`pgvigil demo`: a real PostgreSQL under a realistic load, watched, gone without trace when it ends."""

import asyncio
import json
import os
import secrets
import shlex
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pgvigil.catalog import load as load_catalog
from pgvigil.catalog.rules import load_rules
from pgvigil.cli.config import Config, TargetConfig, load
from pgvigil.cli.guide import Guide
from pgvigil.cli.opening import DEMO, demo_store
from pgvigil.cli.options import set_up_log
from pgvigil.cli.output import say
from pgvigil.cli.serving import ending_signals, run
from pgvigil.cli.settings import DAY, SettingError, duration
from pgvigil.model import Secret
from pgvigil.sandbox.environment import clean_environment, forget_users_environment
from pgvigil.sandbox.home import Home
from pgvigil.sandbox.ports import HOST
from pgvigil.sandbox.roles import make_monitor
from pgvigil.sandbox.schema import SandboxError, install
from pgvigil.sandbox.server import Server

PORTS = range(8432, 8442)
DATABASE = "meshhook"
EXAMPLE = "select sum(calls) from statements"
EXAMPLE_FAULT = "missing-index"


def demo(
    for_: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Stop after so long, such as 60s")
    ] = None,
    listen_: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where the page is served")
    ] = None,
    fault_every: Annotated[str, typer.Option(help="How often a fault runs, for half of the time; 0s: none")] = "3m",
) -> None:
    """Bring up a PostgreSQL under a MeshHook-shaped load, watch it, and show it in the browser.

    It is set by these options alone: no PGVIGIL_ variable and no pgvigil.toml, for yours are about servers of your own.
    """
    seconds = _seconds("--for", for_) if for_ else None
    every = 0.0 if fault_every in {"0", "0s"} else _seconds("--fault-every", fault_every, "0s for none, or ")
    set_up_log("warning")
    forget_users_environment()  # libpq reads PGSERVICE and its like by itself
    # Until the page is served the others end it as a Ctrl-C does: whatever was made by then is taken back.
    for number in ending_signals():
        signal.signal(number, signal.default_int_handler)
    with postgres() as server:
        asyncio.run(_demo(server, seconds, listen_, every))
        say("Stopping; nothing of the demo stays behind.")


@contextmanager
def postgres() -> Iterator[Server]:
    """A running server, removed at the end: that, nothing interrupts any more."""
    with step("Starting PostgreSQL 18"):
        server = Server.running(18, {"track_wal_io_timing": "on"})  # nothing of it is left unseen
    try:
        yield server
    finally:
        for number in ending_signals():
            signal.signal(number, signal.SIG_IGN)
        server.remove()


def _seconds(flag: str, raw: str, more: str = "") -> float:
    try:
        return float(duration(1, DAY)(raw))
    except ValueError:
        raise SettingError(f"{flag} = {raw!r}; allowed: {more}1s to 1d, such as 90s or 5m.") from None


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    began = time.monotonic()
    say(f"{what} … ", nl=False)
    yield
    say(f"{time.monotonic() - began:.1f} s")


async def _demo(server: Server, seconds: float | None, listen_: str | None, fault_every: float) -> None:
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        with step("Creating the MeshHook-shaped database"):
            await install(server.dsn())
            server.passwords["pgvigil"] = await make_monitor(server.dsn())
        guide = Guide(load_rules(load_catalog()))
        await stack.enter_async_context(playing(server, fault_every, stopping, guide))
        config = configuration(stack, server, listen_)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, stopping.set)
        await run(config, lambda line: announce(line, config, server, guide), stopping)


def configuration(stack: AsyncExitStack, server: Server, listen_: str | None) -> Config:
    """The demo's configuration: one target, a store that is removed at the end."""
    home = Home(DEMO)
    stack.callback(home.remove)
    flags = {"store.url": demo_store(home.path), "serve.listen": listen_ or free_address()}
    base = load(file=None, environment={}, flags=flags)
    # The key lives and dies with us: what a killed demo leaves behind until the next start, nobody can read.
    values = {**base.values, "store.key": Secret(secrets.token_urlsafe(32))}
    cpus = float(os.cpu_count() or 1)
    target = TargetConfig(DATABASE, Secret(server.dsn("pgvigil")), cpus, {"env": "demo"}, None, None)
    return Config(values, base.sources, (target,))


def free_address() -> str:
    """The first free one of the demo's ports; says so where it is not the first."""
    free = next((port for port in PORTS if is_free(port)), 0)
    if free != PORTS[0]:
        say(f"Port {PORTS[0]} is in use; taking {free or 'one of the system'}.")
    return f"{HOST}:{free}"


def is_free(port: int) -> bool:
    """Whether the page could listen there."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return True


def announce(line: str, config: Config, server: Server, guide: Guide) -> None:
    """What the demo prints once the page can be opened."""
    guide.served(line)
    say(f"{line}?range=15m" if "http://" in line else line)
    if "http://" in line:
        say(f"To ask its store: {shlex.join([*program(), 'sql', '--store', config['store.url'], EXAMPLE])}")
        fault = [sys.executable, "-m", "pgvigil.sandbox.faults", server.dsn(), EXAMPLE_FAULT]
        say(f"To break something yourself: {shlex.join(fault)}")
        say("Ctrl-C ends it.")


def program() -> list[str]:
    """The words that start pgvigil from anywhere: this one, not another on PATH."""
    script = Path(sys.executable).with_name("pgvigil")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "pgvigil.cli.main"]


@asynccontextmanager
async def playing(server: Server, fault_every: float, stopping: asyncio.Event, guide: Guide) -> AsyncIterator[None]:
    """The load and the faults, in a process of its own that ends when its input does: with us, however we end.

    If it ends before, `stopping` is set and at the end SandboxError says so.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pgvigil.sandbox.play",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=clean_environment(),
        start_new_session=True,
    )
    server.home.record(process.pid)  # should it hang, the next start finds it
    assert process.stdin is not None  # noqa: S101 - a pipe, as asked for
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(json.dumps({"dsn": server.dsn(), "fault_every": fault_every}).encode() + b"\n")
    echo = asyncio.create_task(_echo(process.stdout, stopping, guide))
    try:
        yield
    finally:
        died = echo.done()
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        await echo
    if died:
        raise SandboxError(f"The load ended with status {process.returncode}, and the demo with it.")


async def _echo(lines: asyncio.StreamReader, ended: asyncio.Event, guide: Guide) -> None:
    async for line in lines:
        told = line.decode().rstrip()
        say(f"  {time.strftime('%H:%M:%S')} {told}")
        if (hint := guide.hint(told)) is not None:
            say(f"           {hint}")
    ended.set()
