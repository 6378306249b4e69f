"""The bench as a whole: how it ends, and what a part that fails leaves in the table."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from bench.plan import quick
from bench.section import NAMES, Result
from bench.table import Row, Verdict

from bench import __main__ as bench
from bench import counts, overhead, promises, tps

Run = Callable[[Sequence[Row]], int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    def it(rows: Sequence[Row]) -> int:
        monkeypatch.setattr(bench, "MEASURED", tmp_path / "measured")
        monkeypatch.setattr(bench, "_run_section", lambda *_: Result(rows, ["a note"]))
        monkeypatch.setattr(sys, "argv", ["bench", "--only", "tps"])
        return bench.main()

    return it


def test_a_miss_that_nobody_explained_ends_it_with_one(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([Row("unheard_of", "a promise", "<= 1", "2", "by looking", Verdict.MISSED)]) == 1
    assert "MISSED and not explained in docs/overhead.md: unheard_of" in capsys.readouterr().out


def test_what_holds_or_is_explained_ends_it_with_zero_and_is_kept(run: Run, tmp_path: Path) -> None:
    missed = Row("tps", "TPS lost", "< 0.5 %", "1 %", "by looking", Verdict.MISSED)
    assert run([missed, Row("month", "a month", "<= 700 MB", "1 MB", "by looking", Verdict.OK)]) == 0
    kept = (tmp_path / "measured" / "bench-tps.md").read_text()
    assert "MISSED (explained: tps)" in kept
    assert "- a note" in kept


def test_a_part_that_fails_costs_its_own_rows_and_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(promises.OF, "nowhere", {"some": ("a promise", "<= 1")})
    order = bench.Order(quick=True, seed=1, names=["nowhere"], keep=False)
    (row,) = bench._run_section("nowhere", order, tmp_path).rows
    assert row.verdict is Verdict.MISSED
    assert row.measured.startswith("not measured: ")
    assert "invalid choice: 'nowhere'" in row.measured


def test_every_part_has_its_promises_and_every_promise_its_part() -> None:
    assert set(promises.OF) == set(NAMES)


@pytest.mark.parametrize(
    ("verdicts", "measured", "verdict"),
    [
        (["ok", "ok"], "2 of 2 rounds exact", Verdict.OK),
        (["ok", "FAILED"], "1 of 2 rounds exact", Verdict.MISSED),
        ([], "left out", Verdict.NONE),
    ],
)
def test_exactness_is_as_the_soak_found_it(verdicts: Sequence[str], measured: str, verdict: Verdict) -> None:
    lines = [
        f"| {counts.PROOF}pg{at}] | x | 3 calls | abc{at} | 1 | today | 9 s | {it} |" for at, it in enumerate(verdicts)
    ]
    found = counts.row("\n".join(["| test | what |", *lines]))
    assert (found.measured, found.verdict) == (measured, verdict)


def test_where_cpu_cannot_be_told_the_row_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    (row,) = tps.run(quick(1, tmp_path)).rows
    assert row.measured == "not measured: Linux only"


def test_the_page_about_the_overhead_bears_the_figures_of_the_latest_whole_bench() -> None:
    told = overhead.PAGE.read_text(encoding="utf-8")
    assert told == overhead.page(told, overhead.BENCH.read_text(encoding="utf-8")), "run python -m bench.overhead"
    assert "| server CPU spent on us, load R " in told


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="has to hold"):
        overhead.page("# Overhead\n", "bench, commit x\n")
