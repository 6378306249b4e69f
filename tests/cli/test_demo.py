"""`pgvigil demo` as a user runs it, and that nothing of it stays behind however it ends."""

import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from fix_house import slowed_by
from fix_monitor import PGVIGIL, STRICT
from pgvigil.cli.demo import EXAMPLE, PORTS
from pgvigil.cli.serving import ending_signals
from pgvigil.sandbox.environment import clean_environment
from pgvigil.sandbox.faults import FAULTS
from pgvigil.sandbox.home import sweep
from pgvigil.sandbox.ports import HOST
from pgvigil.sandbox.processes import Process, descendants, of, send, wait_gone
from pgvigil.sandbox.shared_memory import Segment, segments_of

PATIENCE = 120.0


@dataclass
class Traces:
    """What a demo has of the machine while it runs."""

    processes: list[Process]
    segments: list[Segment]
    ports: list[int]

    def left(self) -> list[str]:
        """Those that are still there."""
        found = [f"process {process.pid}" for process in self.processes if process.alive]
        found += [f"segment {segment.key}" for segment in self.segments if segment.exists]
        for port in self.ports:
            with socket.socket() as client:
                found += [f"port {port}"] if client.connect_ex((HOST, port)) == 0 else []
        return found


@dataclass
class Demo:
    """A demo whose temporary and home directories are the test's own."""

    place: Path
    process: "subprocess.Popen[bytes]"
    log: Path
    traces: Traces | None = field(default=None)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, f"not yet {what}:\n{self.said}"
            time.sleep(0.1)

    def until_served(self) -> str:
        """The page's address, once the demo said it; what it has of the machine is noted."""
        self.until(lambda: "Ctrl-C ends it." in self.said and "load on" in self.said, "served")
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.said)
        assert found is not None
        self.traces = Traces(
            [process for process in [of(self.process.pid), *descendants(self.process.pid)] if process],
            [segment for home in self.homes() for segment in segments_of(home)],
            [int(found[1]), *(int(pid.read_text().splitlines()[3]) for pid in self.place.rglob("postmaster.pid"))],
        )
        assert len(self.traces.processes) > 5
        # Not all processes: a worker of the server lives a moment only. But what is left is seen, where it is.
        lasting = {f"process {self.process.pid}", f"segment {self.traces.segments[0].key}"}
        assert lasting | {f"port {port}" for port in self.traces.ports} <= set(self.traces.left())
        assert len(self.traces.ports) == 2
        return found[0]

    def homes(self) -> list[Path]:
        return list(self.place.glob("pgvigil-*/*"))

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(60)

    def files(self) -> list[Path]:
        """Everything below the temporary and the home directory."""
        return [path for path in self.place.rglob("*") if path != self.place / "home"]


def environment(place: Path) -> dict[str, str]:
    """The variables of a shell whose temporary and home directories lie there."""
    own = {"TMPDIR": str(place), "HOME": str(place / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
    return clean_environment({**own, **STRICT})


StartDemo = Callable[..., Demo]


@pytest.fixture
def demo(open_directory: Path, tmp_path: Path) -> Iterator[StartDemo]:
    (open_directory / "home").mkdir()
    made: list[Demo] = []

    def start(*arguments: str, **variables: str) -> Demo:
        log = tmp_path / f"demo{len(made)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [PGVIGIL, "demo", "--fault-every", "0", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**environment(open_directory), **variables},
            )
        made.append(Demo(open_directory, process, log))
        return made[-1]

    yield start
    for each in made:
        each.process.kill()
        each.process.wait()
    for root in open_directory.glob("pgvigil-*"):
        sweep(root)


@pytest.fixture
def taken() -> Iterator[int]:
    """The demo's first port, in use."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # somebody else's: in use all the same
            holder.bind((HOST, PORTS[0]))
            holder.listen()
        yield PORTS[0]


def test_it_ends_by_itself_after_a_time_takes_the_next_free_port_and_says_so(demo: StartDemo, taken: int) -> None:
    running = demo("--for", "8s")
    address = running.until_served()
    port = int(address.rstrip("/").rpartition(":")[2])
    assert port != taken
    assert f"Port {taken} is in use; taking {port}." in running.said
    target = httpx.get(f"{address}api/v1/targets", trust_env=False).json()["targets"][0]
    assert target["name"] == "meshhook"
    assert running.process.wait(90) == 0, running.said
    assert running.said.rstrip().endswith("nothing of the demo stays behind.")
    assert running.traces is not None
    assert (running.traces.left(), running.files()) == ([], [])


USERS = {
    "PGHOST": "192.0.2.1",
    "PGSERVICE": "production",
    "PGOPTIONS": "-c role=nobody",
    "DATABASE_URL": "postgresql://u@192.0.2.1/production",
    "http_proxy": "http://192.0.2.1:9",
    "PGVIGIL_CONFIG": "/no/such/file",
    "PGVIGIL_STORE_URL": "duckdb:///no/such/directory/of/theirs.db",
    "PGVIGIL_LOG_LEVEL": "loud",
    "LC_ALL": "C",
}
"""What may stand in the shell of whoever runs the demo, and must lead it nowhere else."""


def test_ctrl_c_leaves_no_process_port_socket_shared_memory_or_file(demo: StartDemo) -> None:
    running = demo("--listen", f"{HOST}:0", **USERS)
    running.until_served()
    assert any(path.is_socket() for path in running.files())
    assert running.end(signal.SIGINT) == 0
    assert "Traceback" not in running.said
    assert running.traces is not None
    assert (running.traces.left(), running.files()) == ([], [])


MOMENTS: dict[str, Callable[[Demo], object]] = {
    "initdb": lambda running: any((home / "data").exists() for home in running.homes()),
    "the server's start": lambda running: list(running.place.rglob("postmaster.pid")),
    "the schema": lambda running: "Creating the" in running.said,
}


@pytest.mark.parametrize(
    ("moment", "sent"), [*product(MOMENTS, [signal.SIGINT, signal.SIGTERM]), ("the schema", signal.SIGHUP)]
)
def test_ended_while_it_starts_it_leaves_nothing_either(demo: StartDemo, moment: str, sent: signal.Signals) -> None:
    running = demo("--listen", f"{HOST}:0")
    running.until(lambda: MOMENTS[moment](running), moment)
    family = descendants(running.process.pid)
    segments = [segment for home in running.homes() for segment in segments_of(home)]
    assert running.end(sent) == 130
    assert "Traceback" not in running.said
    assert wait_gone(family, 5.0)
    assert not any(segment.exists for segment in segments)
    assert running.files() == []


def test_a_hangup_ends_it_unless_nohup_says_otherwise() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        assert signal.SIGHUP in ending_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert ending_signals() == [signal.SIGINT, signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, before)


def player(running: Demo) -> Process:
    """The process that plays the load."""
    (found,) = [each for each in descendants(running.process.pid) if "pgvigil.sandbox.play" in command_of(each)]
    return found


def command_of(process: Process) -> str:
    told = subprocess.run(["ps", "-o", "args=", "-p", str(process.pid)], capture_output=True, text=True, check=False)
    return told.stdout


def test_if_the_load_ends_the_demo_says_so_and_ends_without_trace(demo: StartDemo) -> None:
    running = demo("--listen", f"{HOST}:0")
    running.until_served()
    assert send(player(running), signal.SIGKILL)
    assert running.process.wait(60) == 2
    assert "pgvigil: The load ended with status -9, and the demo with it." in running.said
    assert "Traceback" not in running.said
    assert running.traces is not None
    assert (running.traces.left(), running.files()) == ([], [])


@pytest.mark.slow(reason="starts the demo twice")
def test_what_a_kill_with_a_fault_on_leaves_behind_is_gone_with_the_next_start(demo: StartDemo) -> None:
    killed = demo("--listen", f"{HOST}:0", "--fault-every", "8s")
    killed.until_served()
    killed.until(lambda: "fault lock-pile-up on" in killed.said, "a fault")
    assert killed.traces is not None
    homes = killed.homes()
    store = b"".join(path.read_bytes() for home in homes for path in home.rglob("pgvigil.db*") if path.is_file())
    load = player(killed)
    assert send(load, signal.SIGSTOP)  # it hangs, as where the server does not answer when the fault is taken back
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    assert f"process {load.pid}" in killed.traces.left()
    assert b"meshhook" not in store
    following = demo("--listen", f"{HOST}:0")
    following.until_served()
    assert killed.traces.left() == []
    assert not set(homes) & set(following.homes())
    assert following.end(signal.SIGHUP) == 0
    assert following.traces is not None
    assert (following.traces.left(), following.files()) == ([], [])


@pytest.mark.slow(reason="waits for the first fault of a demo to begin and to end")
def test_a_fault_of_the_rota_is_told_with_the_sentence_to_expect_and_where_and_ctrl_c_takes_it_back(
    demo: StartDemo,
) -> None:
    running = demo("--listen", f"{HOST}:0", "--fault-every", "10s")
    address = running.until_served()
    running.until(lambda: "fault lock-pile-up off" in running.said, "a fault's end")
    running.until(lambda: "fault runaway-query on" in running.said, "the next fault")
    (begun,) = re.findall(r"^  \d\d:\d\d:\d\d fault lock-pile-up on: (.+)\n +(.+)$", running.said, re.MULTILINE)
    assert begun[0] == FAULTS["lock-pile-up"].summary
    assert begun[1] == (
        f'Within half a minute the verdict says: "… wait behind one transaction." See {address}?range=15m'
    )
    assert running.end(signal.SIGINT) == 0
    assert "did not work" not in running.said
    assert "Traceback" not in running.said
    assert running.traces is not None
    assert (running.traces.left(), running.files()) == ([], [])


def printed(running: Demo, before: str) -> list[str]:
    """The words of the line that the demo printed for pasting."""
    (line,) = [line for line in running.said.splitlines() if line.startswith(before)]
    return shlex.split(line.removeprefix(before))


def pasted(command: list[str], **options: Any) -> "subprocess.Popen[str]":
    """The command as another shell runs it, elsewhere and with variables that lead elsewhere."""
    environment = {"PATH": "/usr/bin:/bin", "PGHOSTADDR": "192.0.2.1", "PGSERVICE": "production"}
    return subprocess.Popen(command, cwd="/", env=environment, stdout=subprocess.PIPE, text=True, **options)


def told(address: str, what: str, **parameters: Any) -> dict[str, Any]:
    """The answer of a route about the demo's target."""
    found = httpx.get(f"{address}api/v1/targets/meshhook/{what}", params=parameters, trust_env=False, timeout=30)
    answer: dict[str, Any] = found.raise_for_status().json()
    return answer


@pytest.mark.slow(reason="waits for two passes of a demo, asks its store from outside and ends it")
def test_the_address_comes_within_a_minute_load_and_statements_half_a_minute_later(demo: StartDemo) -> None:
    begun = time.monotonic()
    running = demo("--listen", f"{HOST}:0")
    address = running.until_served()
    assert time.monotonic() - begun < 60 * slowed_by(), running.said
    steps = re.findall(r"^(.+) … \d+\.\d s$", running.said, re.MULTILINE)
    assert steps == ["Starting PostgreSQL 18", "Creating the MeshHook-shaped database"]

    served = time.monotonic()
    running.until(lambda: statements_with_text(address) >= 20 and load_seen(address) > 0, "20 statements and load")
    assert time.monotonic() - served < 30 * slowed_by(), running.said

    (target,) = httpx.get(f"{address}api/v1/targets", trust_env=False).json()["targets"]
    assert target["not_visible"] == []
    answered, _ = pasted(printed(running, "To ask its store: ")).communicate(timeout=60)
    assert re.search(r"sum\(calls\)\s+\d+", answered), answered
    at_hand = subprocess.run(
        [PGVIGIL, "sql", EXAMPLE, "--format", "csv"],
        env=environment(running.place),
        capture_output=True,
        text=True,
        check=False,
    )
    assert at_hand.stderr == "There is no store of your own yet; the running demo answers.\n"
    assert int(at_hand.stdout.splitlines()[1]) > 0
    fault = pasted(printed(running, "To break something yourself: "))
    assert fault.stdout is not None
    assert fault.stdout.readline() == f"missing-index on: {FAULTS['missing-index'].summary}\n"
    fault.send_signal(signal.SIGINT)
    assert fault.communicate(timeout=60)[0] == ""
    assert fault.returncode == 0
    assert running.end(signal.SIGTERM) == 0


def statements_with_text(address: str) -> int:
    return sum(bool(row["text"]) for row in told(address, "statements", limit=100)["rows"])


def load_seen(address: str) -> float:
    return sum(value or 0 for series in told(address, "panels/load")["series"] for value in series["values"])
