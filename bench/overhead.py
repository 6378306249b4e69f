"""The figures of docs/overhead.md: the rows of the latest whole bench, put between two marks, never typed.

python -m bench.overhead writes them; a whole bench does that at its end.
"""

from pathlib import Path

from bench.table import HEAD, lines_of, markdown

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "overhead.md"
BENCH = ROOT / "docs" / "measured" / "bench.md"
BEGIN = "<!-- Made by `python -m bench.overhead` from measured/bench.md; do not edit. -->"
END = "<!-- End of what is made. -->"


def figures(bench: str) -> str:
    """What stands between the marks: when and on what it was measured, and every row without how."""
    said = next(line for line in bench.splitlines() if line.startswith("bench, "))
    rows = [line for line in lines_of(bench) if len(line) == len(HEAD) and line != HEAD]
    kept = [(promise, limit, measured, verdict) for promise, limit, measured, _, verdict in rows]
    return f"The latest whole {said}.\n\n{markdown(('promise', 'limit', 'measured', 'ok or MISSED'), kept)}"


def page(document: str, bench: str) -> str:
    """The page with these figures; raises ValueError where a mark is missing."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has to hold {BEGIN} and, behind it, {END}")
    return f"{before}{BEGIN}\n\n{figures(bench)}\n\n{END}{after}"


def write() -> None:
    """Bring the page up to date."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), BENCH.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()
