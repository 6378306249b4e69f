"""On what something was measured."""

import subprocess
from pathlib import Path

import pytest

from bench import machine


def test_what_a_measurement_writes_does_not_make_the_commit_dirty_and_all_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    table, source = tmp_path / "docs" / "measured" / "soak.md", tmp_path / "a.py"
    table.parent.mkdir(parents=True)
    for file in (table, source):
        file.write_text("1")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*author, "commit", "-qm", "one")):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    table.write_text("2")
    (tmp_path / "new.txt").write_text("not of the checkout")
    clean = machine.commit()
    assert len(clean) >= 7
    assert "-" not in clean
    source.write_text("2")
    assert machine.commit() == f"{clean}-dirty"


def test_where_there_is_no_checkout_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    assert machine.commit() == "unknown"
