"""The user's variables reach neither servers nor tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgvigil.sandbox.environment import clean_environment, forget_users_environment

HOSTILE = {
    "PGHOST": "192.0.2.1",
    "PGPORT": "1",
    "PGUSER": "somebody",
    "PGPASSWORD": "wrong",
    "PGDATABASE": "production",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nonexistent",
    "PGOPTIONS": "-c no_such_setting=1",
    "PGSSLMODE": "verify-full",
    "PGDATA": "/nonexistent",
    "PGTZ": "Mars/Olympus",
    "DATABASE_URL": "postgresql://production.example.com/live",
    "HTTP_PROXY": "http://192.0.2.1:1",
    "https_proxy": "http://192.0.2.1:1",
    "ALL_PROXY": "socks5://192.0.2.1:1",
    "LANG": "C",
    "LC_ALL": "C",
}


def test_a_clean_environment_keeps_path_and_our_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGVIGIL_STORE_KEY", "kept")
    cleaned = clean_environment({"EXTRA": "1"})
    assert not set(HOSTILE) - {"LANG", "LC_ALL"} & set(cleaned)
    assert cleaned["PATH"] == os.environ["PATH"]
    assert (cleaned["PGVIGIL_STORE_KEY"], cleaned["EXTRA"]) == ("kept", "1")


def test_forgetting_names_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "192.0.2.1")
    monkeypatch.setenv("DATABASE_URL", "postgresql://production.example.com/live")
    assert forget_users_environment() == ("DATABASE_URL", "PGHOST")
    assert "PGHOST" not in os.environ


def test_servers_and_tests_do_not_see_it() -> None:
    here = Path(__file__).resolve()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"{here.parent}/test_server.py::test_a_wrong_password_is_refused"],
        cwd=here.parents[2],
        env={**os.environ, **HOSTILE, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
