"""`check` where the look fails: midway, wholly and in part, for people and for programs."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from fix_house import slowed_by
from fix_monitor import MakeMonitor, run_pgvigil
from fix_proxy import MakeProxy
from fix_servers import MONITOR, Database, MakeServer, connect
from pg.fix_tls import make_certificates, turn_tls_on
from pgvigil.catalog import load as load_catalog
from pgvigil.catalog.lints import load_lints
from pgvigil.collect import looking
from pgvigil.model import Capabilities, Condition, Secret, Severity, Target
from pgvigil.pg import ConnectError, Session, find_capabilities
from toys import write_pack

CATALOG = load_catalog()
LINTS = load_lints().values()
LINT = 'title = "{0}"\nhelp = "h"\ntodo = "d"\nsource = "s"\n'
COLUMNS = "select 'k' as key, 'warning' as severity, 's' as subject, 'd' as detail, 'r' as remedy"


@pytest.mark.parametrize("ask", ["look", "examine"])
@pytest.mark.parametrize(("ends", "told"), [("dies", "connection ended"), ("stalls", "stopped answering")])
async def test_a_server_that_goes_between_the_handshake_and_the_lints_was_not_looked_at(
    ask: str, ends: str, told: str, private_server: MakeServer, proxy: MakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = private_server()
    hop = proxy(server.port)
    moments: list[float] = []
    slowness = slowed_by()

    async def and_then_goes(session: Session, *given: Any, **named: Any) -> Capabilities:
        found = await find_capabilities(session, *given, **named)
        (server.kill if ends == "dies" else hop.stall)()
        moments.append(time.monotonic())
        return found

    monkeypatch.setattr(looking, "find_capabilities", and_then_goes)
    target = Target(0, "t", Secret(server.dsn(MONITOR, port=hop.port)))
    with pytest.raises(ConnectError, match=told) as caught:
        await (looking.look(target, CATALOG, LINTS) if ask == "look" else looking.examine(target, CATALOG))
    assert caught.value.condition is Condition.UNREACHABLE
    assert time.monotonic() - moments[0] < 5.0 * max(slowness, slowed_by())


def pack(directory: Path, **lints: str) -> str:
    """A pack of lints alone."""
    made = write_pack(directory, {})
    for name, sql in lints.items():
        (made / "lints" / name).mkdir(parents=True)
        (made / "lints" / name / "lint.toml").write_text(LINT.format(name))
        (made / "lints" / name / "14.sql").write_text(sql)
    return str(made)


async def test_not_one_lint_answered_is_no_look(database: Database, tmp_path: Path) -> None:
    broken = load_lints([Path(pack(tmp_path, one=f"{COLUMNS} from no.table", two=f"{COLUMNS} from nor.this"))])
    with pytest.raises(ConnectError, match="Not one lint was answered; one: The server answered"):
        await looking.look(Target(0, "t", Secret(database.dsn(MONITOR))), CATALOG, broken.values())


def test_a_lint_that_was_not_answered_is_told_apart_from_what_cannot_be_seen(
    database: Database, tmp_path: Path
) -> None:
    given = {"PGVIGIL_CATALOG_PACKS": pack(tmp_path, broken=f"{COLUMNS} from no.table", sound=COLUMNS)}
    done = run_pgvigil("check", database.dsn(MONITOR), "--json", environment=given)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert [it["what"] for it in told["failed"]] == ["broken"]
    assert "broken" not in str(told["not_visible"])
    assert [it["severity"] for it in told["findings"] if it["lint"] == "sound"] == [Severity.WARNING.name.lower()]
    read = run_pgvigil("check", database.dsn(MONITOR), environment=given).stdout
    assert "Not answered, so nothing is known of it:\n  broken: The server answered" in read


@pytest.mark.parametrize("dsn", ["postgresql://u:hunter2@127.0.0.1:1/x", "postgresql://u:hunter2@[::1/x"])
def test_a_program_is_told_in_json_why_nobody_could_look(dsn: str) -> None:
    done = run_pgvigil("check", dsn, "--json")
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert set(told) == {"error", "remedy"}
    assert told["error"] in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.pg(17)  # the binaries of 18 are built without TLS
def test_tls_of_a_target_is_settable_in_the_environment_and_in_the_file(
    private_server: MakeServer, tmp_path: Path, monitor: MakeMonitor
) -> None:
    made = make_certificates(tmp_path)
    server = private_server()
    hba = server.data / "pg_hba.conf"
    hba.write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    server.account.own(hba)
    turn_tls_on(server, made)
    dsn = server.dsn(MONITOR, host="localhost")

    def checked(sslmode: str, root: Path | None = None) -> tuple[int, str]:
        roots = {} if root is None else {"PGVIGIL_TARGET_SSLROOTCERT": str(root)}
        done = run_pgvigil("check", dsn, environment={"PGVIGIL_TARGET_SSLMODE": sslmode, **roots})
        return done.returncode, done.stderr

    assert checked("verify-full", made.authority)[0] in {0, 1}
    assert checked("verify-full", made.stranger)[0] == 2
    assert "could not be verified" in checked("verify-full", made.stranger)[1]
    assert "without TLS" in checked("disable")[1]

    file = tmp_path / "pgvigil.toml"
    entries = [
        f"[[target]]\nname = '{name}'\ndsn = '{dsn}'\nsslmode = 'verify-full'\nsslrootcert = '{root}'\n"
        for name, root in (("well", made.authority), ("ill", made.stranger))
    ]
    file.write_text("".join(entries))
    running = monitor(arguments=("--config", str(file)))

    def tried() -> dict[str, str]:
        states = {it["name"]: it["state"] for it in running.get("/api/v1/targets")["targets"]}
        known = all(state["condition"] != "starting" for state in states.values())
        return {name: f"{it['condition']} {it['cause']}" for name, it in states.items()} if known else {}

    found = running.wait_for("both targets tried", tried)
    assert found["well"].startswith(("watching", "limited"))
    assert "could not be verified" in found["ill"]
    with connect(server) as superuser:
        row = superuser.execute(
            "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where usename = %s", (MONITOR,)
        ).fetchone()
    assert row == (True,)
