from bench.table import Row, Verdict, at_most, explained, fields_of, not_measured, render, row_of, unexplained

DOCUMENT = """# Overhead

### `elsewhere`

## What is missed, and why

### `tps`: our process shares the cores

Words, and `not_a_heading`.

### `row_raw`, `row_sorted`

## Peers

### `peer_cpu`
"""


def row(key: str, verdict: Verdict) -> Row:
    return Row(key, "a promise", "<= 1", "2", "by looking", verdict)


def test_only_headings_of_the_section_about_misses_explain() -> None:
    assert explained(DOCUMENT) == {"tps", "row_raw", "row_sorted"}
    assert explained("# Overhead\n") == set()


def test_a_miss_that_nobody_explained_is_named() -> None:
    rows = [row("tps", Verdict.MISSED), row("server_cpu", Verdict.MISSED), row("month", Verdict.OK)]
    assert [missed.key for missed in unexplained(rows, explained(DOCUMENT))] == ["server_cpu"]


def test_what_could_not_be_measured_counts_as_missed() -> None:
    found = not_measured("peer_cpu", "a promise", "<= 1", "there is no exporter")
    assert unexplained([found], frozenset()) == [found]
    assert found.measured == "not measured: there is no exporter"


def test_a_figure_at_its_limit_is_kept_and_a_brief_one_is_an_indication() -> None:
    assert at_most(20.0, 20.0) is Verdict.OK
    assert at_most(20.1, 20.0) is Verdict.MISSED
    assert at_most(19.0, 20.0, quick=True) is Verdict.INDICATION
    assert at_most(21.0, 20.0, quick=True) is Verdict.MISSED


def test_the_table_has_a_line_for_each_row_and_says_what_is_explained() -> None:
    table = render([row("tps", Verdict.MISSED), row("month", Verdict.MISSED)], {"tps"}).splitlines()
    assert [cell.strip() for cell in table[0].split("|")[1:-1]] == [
        "promise",
        "limit",
        "measured",
        "how",
        "ok or MISSED",
    ]
    assert table[2].endswith("MISSED (explained: tps) |")
    assert table[3].endswith("MISSED (month) |")
    assert {line.count("|") for line in table} == {6}


def test_a_cell_never_breaks_the_table() -> None:
    odd = Row("tps", "a|b", "<= 1", "two\nlines", "-", Verdict.OK)
    assert [line.count("|") for line in render([odd]).splitlines()] == [6, 6, 6]


def test_a_row_survives_its_way_between_processes() -> None:
    assert row_of(fields_of(row("tps", Verdict.NONE))) == row("tps", Verdict.NONE)
