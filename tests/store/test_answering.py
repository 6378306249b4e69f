"""Asking the server that holds the store, over its socket."""

import json
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgvigil.store import Store, open_store, rendezvous
from pgvigil.store.answering import Answering
from pgvigil.store.asking import ask, ask_for_backup, ask_to_compact
from pgvigil.store.errors import BackupError, QueryRefusedError, SocketError, StoreError
from pgvigil.store.location import locate
from store.toys import KEY, START, batch, calls, catalog


@pytest.fixture
def answering(store: Store) -> Iterator[Answering]:
    server = Answering(store)
    yield server
    server.close()


def test_the_server_answers_for_the_file_it_holds(store: Store, answering: Answering, url: str) -> None:
    store.append([calls(START, (1, 5)), batch("queries", START, ("queryid", "text"), [(1, "select $1")])])
    table = ask(url, KEY, catalog(), "SELECT text, calls, ts FROM statements JOIN queries USING (queryid)")
    assert table.names == ("text", "calls", "ts")
    assert table.types == ("VARCHAR", "BIGINT", "TIMESTAMP")
    assert table.rows == [("select $1", 5, "2023-11-15 00:00:00")]


def test_the_answer_is_the_same_without_a_server(store: Store, url: str) -> None:
    store.append([calls(START, (1, 5))])
    question = "SELECT ts, calls, total_exec_time, [calls], {'a': calls}, NULL, 1.5::DECIMAL(4, 2) FROM statements"
    server = Answering(store)
    asked = ask(url, KEY, catalog(), question)
    server.close()
    store.close()
    assert ask(url, KEY, catalog(), question) == asked
    store.recover()


def test_a_long_answer_comes_whole(store: Store, answering: Answering, url: str) -> None:
    table = ask(url, KEY, catalog(), "SELECT range AS n, md5(range::VARCHAR) FROM range(20000)")
    assert [row[0] for row in table.rows] == list(range(20_000))


def test_a_refusal_comes_as_the_sentence_it_is(answering: Answering, url: str) -> None:
    with pytest.raises(QueryRefusedError, match="kind COPY"):
        ask(url, KEY, catalog(), "COPY targets TO '/tmp/x'")
    with pytest.raises(QueryRefusedError, match="no_such_table"):
        ask(url, KEY, catalog(), "SELECT * FROM no_such_table")


def test_what_the_system_refuses_comes_as_a_sentence(store: Store, answering: Answering, url: str) -> None:
    store.location.file.unlink()
    with pytest.raises(QueryRefusedError, match=r"could not do that: .*No such file.*pgvigil\.db"):
        ask_to_compact(url)


def test_whoever_may_not_know_where_the_server_listens_is_told_so(url: str) -> None:
    word = locate(url).beside(".sock.at")
    word.mkdir(parents=True)
    with pytest.raises(SocketError, match=r"listens cannot be read from .*\.sock\.at: "):
        ask(url, KEY, catalog(), "SELECT 1")


def test_one_answer_at_a_time_is_held_in_memory(
    answering: Answering, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgvigil.store.answering.PATIENCE", 0.1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as slow:
        slow.connect(str(answering.path))
        long = " || ".join(["md5(range::VARCHAR)"] * 30)
        request = {"do": "sql", "sql": f"SELECT {long} FROM range(20000)"}
        slow.sendall(json.dumps(request).encode() + b"\n")
        slow.recv(1)  # it has its answer and does not take it
        with pytest.raises(QueryRefusedError, match="one at a time"):
            ask(url, KEY, catalog(), "SELECT 1")
    monkeypatch.setattr("pgvigil.store.answering.PATIENCE", 30.0)
    assert ask(url, KEY, catalog(), "SELECT 1").rows == [(1,)]


def test_backup_and_compact_are_done_by_the_server(
    store: Store, answering: Answering, url: str, tmp_path: Path
) -> None:
    store.append([calls(START, (1, 5))])
    assert ask_for_backup(url, tmp_path / "kept.db") == (tmp_path / "kept.db").stat().st_size
    with pytest.raises(StoreError, match="exists already"):
        ask_for_backup(url, tmp_path / "kept.db")
    sizes = ask_to_compact(url)
    assert sizes is not None
    assert sizes[1] == store.location.file.stat().st_size
    assert ask(url, KEY, catalog(), "SELECT sum(calls) FROM statements").rows == [(5,)]


def test_without_a_server_there_is_none_to_back_up(store: Store, url: str, tmp_path: Path) -> None:
    assert ask_for_backup(url, tmp_path / "kept.db") is None
    assert ask_to_compact(url) is None


def test_only_the_owner_may_ask(answering: Answering, store: Store) -> None:
    assert answering.path == store.location.socket
    assert stat.S_IMODE(answering.path.stat().st_mode) == 0o600


def test_a_socket_is_gone_when_the_server_is(store: Store) -> None:
    server = Answering(store)
    server.close()
    assert not store.location.socket.exists()


def test_the_socket_of_a_killed_server_is_taken_over(store: Store, url: str) -> None:
    script = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1)"
    subprocess.run([sys.executable, "-c", script, str(store.location.socket)], check=True)
    assert store.location.socket.is_socket()
    assert ask_for_backup(url, Path("/nowhere")) is None
    server = Answering(store)
    assert ask(url, KEY, catalog(), "SELECT 1").rows == [(1,)]
    server.close()


def test_a_second_server_and_a_file_in_the_way_are_told(store: Store, answering: Answering) -> None:
    with pytest.raises(SocketError, match="Another pgvigil answers"):
        Answering(store)
    answering.path.unlink()
    store.location.socket.write_text("mine")
    with pytest.raises(SocketError, match="in the way"):
        Answering(store)
    assert store.location.socket.read_text() == "mine"


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A directory of a short name: pytest's own grow with the number of the run and of the worker."""
    with tempfile.TemporaryDirectory(prefix="pv", dir="/tmp") as directory:
        yield Path(directory)


def test_a_long_path_gets_a_short_socket_elsewhere(tmp_path: Path, runtime: Path) -> None:
    directory = tmp_path / ("long" * 30)
    url = f"duckdb://{directory}/pgvigil.db"
    store = open_store(url, KEY, catalog())
    server = Answering(store, runtime)
    assert len(str(server.path)) <= rendezvous.LONGEST_PATH
    assert stat.S_IMODE(server.path.parent.stat().st_mode) == 0o700
    assert ask(url, KEY, catalog(), "SELECT 1").rows == [(1,)]
    server.close()
    assert list(directory.glob("*.sock*")) == []
    server.path.parent.chmod(0o755)
    with pytest.raises(SocketError, match="not a directory of ours alone"):
        Answering(store, runtime)
    store.close()


@pytest.mark.parametrize(
    "request_", [b"nonsense\n", b"{}\n", b'{"do": "sql"}\n', b'["sql"]\n', b'{"do": "drop", "sql": "x"}\n', b"\n"]
)
def test_nonsense_is_answered_and_harms_nothing(answering: Answering, url: str, request_: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(answering.path))
        client.sendall(request_)
        answer = json.loads(client.makefile("rb").readline())
    assert set(answer) == {"error"}
    assert ask(url, KEY, catalog(), "SELECT 1").rows == [(1,)]


def test_a_client_that_leaves_amid_the_answer_harms_nothing(answering: Answering, url: str) -> None:
    for _ in range(6):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(answering.path))
            client.sendall(json.dumps({"do": "sql", "sql": "SELECT range FROM range(100000)"}).encode() + b"\n")
    assert ask(url, KEY, catalog(), "SELECT 1").rows == [(1,)]


def test_a_backup_into_nowhere_is_refused(store: Store) -> None:
    with pytest.raises(BackupError, match="There is no directory"):
        store.backup(Path("/no/such/place/x.db"))
