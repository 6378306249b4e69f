from pathlib import Path

import pytest

from pgvigil.sandbox import statements


@pytest.fixture
def sandbox_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "meshhook").mkdir()
    monkeypatch.setattr(statements, "files", lambda _package: tmp_path)
    statements.named.cache_clear()
    return tmp_path / "meshhook"


def test_a_file_is_split_at_its_names_and_its_preamble_is_left_out(sandbox_files: Path) -> None:
    (sandbox_files / "x.sql").write_text(
        "-- About this file.\n\n-- name: one\nselect 1\n\n-- name: two\n-- why\nselect 2\n"
    )
    assert dict(statements.named("x.sql")) == {"one": "select 1", "two": "-- why\nselect 2"}


@pytest.mark.parametrize("text", ["select 1", "-- name: a\nselect 1\n-- name: a\nselect 2"])
def test_a_file_without_names_or_with_a_name_twice_is_refused(sandbox_files: Path, text: str) -> None:
    (sandbox_files / "x.sql").write_text(text)
    with pytest.raises(ValueError, match=r"x\.sql: needs statements under"):
        statements.named("x.sql")
