"""Loading lints: what is wrong is named with its file and what is allowed."""

from pathlib import Path

import pytest

from pgvigil.catalog import CatalogError
from pgvigil.catalog.lints import load_lints
from toys import write_pack

LINT = 'title = "A toy"\nhelp = "x"\ntodo = "y"\nsource = "z"\n'
SQL = "select 'a' as key, 'info' as severity, 'b' as subject, 'c' as detail, 'd' as remedy"


def write(root: Path, declaration: str = LINT, **files: str) -> Path:
    pack = write_pack(root, {})
    folder = pack / "lints" / "toy"
    folder.mkdir(parents=True)
    (folder / "lint.toml").write_text(declaration)
    for name, text in files.items():
        (folder / f"{name.removeprefix('sql')}.sql").write_text(text)
    return pack


def test_a_lint_has_the_sql_of_the_highest_major_not_above_the_servers(tmp_path: Path) -> None:
    lint = load_lints([write(tmp_path, sql14=SQL, sql17=SQL + " limit 1")])["toy"]
    assert [lint.sql(major) for major in (13, 14, 16, 17, 19)] == [None, SQL, SQL, SQL + " limit 1", SQL + " limit 1"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no SQL file, such as 14.sql"),
        ({"sql13": SQL}, "an SQL file's name is '13.sql'; allowed is the first major it is for, 14.sql to 18.sql"),
        ({"sql99": SQL}, "an SQL file's name is '99.sql'"),
        ({"new": SQL}, "an SQL file's name is 'new.sql'"),
        ({"sql14": "select 1 as key"}, "its columns is 'key'; allowed is key, severity, subject"),
        ({"sql14": SQL + " from {object}"}, "what is to be filled in is '{object}'; allowed is nothing"),
        ({"sql14": SQL + " where $1"}, "what is to be filled in is '$1'; allowed is nothing"),
        ({"sql14": SQL + "; -- all"}, "14.sql: a comment stands behind the semicolon"),
        ({"sql14": SQL + " from pg_sleep(1)"}, "14.sql: the function pg_sleep sleeps"),
    ],
)
def test_a_wrong_file_is_named(files: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as refused:
        load_lints([write(tmp_path, **files)])
    assert said in str(refused.value)


def test_a_wrong_declaration_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="todo is missing; allowed is a text that is not empty"):
        load_lints([write(tmp_path, LINT.replace('todo = "y"', ""), sql14=SQL)])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    pack = write(tmp_path, sql14=SQL)
    folder = pack / "lints" / "toy"
    (folder / "15.sql").mkdir()
    with pytest.raises(CatalogError, match=r"15\.sql cannot be read: Is a directory"):
        load_lints([pack])
    (folder / "14.sql").write_bytes(b"select '\xe4'")
    with pytest.raises(CatalogError, match=r"14\.sql is no text"):
        load_lints([pack])
