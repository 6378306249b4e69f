"""The rows of the bench: what was promised, what was measured, and whether a miss is explained."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

HEAD = ("promise", "limit", "measured", "how", "ok or MISSED")
EXPLAINED = "## What is missed, and why"


class Verdict(StrEnum):
    """How a row came out. INDICATION: measured too briefly to hold against the limit. NONE: there is no limit."""

    OK = "ok"
    MISSED = "MISSED"
    INDICATION = "indication"
    NONE = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One promise. `key` is the word by which docs/overhead.md explains a miss."""

    key: str
    promise: str
    limit: str
    measured: str
    how: str
    verdict: Verdict


def row_of(fields: dict[str, Any]) -> Row:
    """A row as `asdict` wrote it."""
    return Row(**{**fields, "verdict": Verdict(fields["verdict"])})


def fields_of(row: Row) -> dict[str, Any]:
    """What JSON keeps of a row."""
    return asdict(row)


def at_most(value: float, limit: float, *, quick: bool = False) -> Verdict:
    """Whether a figure keeps its limit; one that was measured too briefly is an indication only if it does."""
    if value > limit:
        return Verdict.MISSED
    return Verdict.INDICATION if quick else Verdict.OK


def not_measured(key: str, promise: str, limit: str, reason: str) -> Row:
    """The row of something that could not be measured: a miss until docs/overhead.md explains it."""
    return Row(key, promise, limit, f"not measured: {reason}", "-", Verdict.MISSED)


def left_out(key: str, promise: str, limit: str, reason: str) -> Row:
    """The row of something that the quick bench leaves to the whole one."""
    return Row(key, promise, limit, "left out", reason, Verdict.NONE)


def explained(document: str) -> frozenset[str]:
    """The keys that docs/overhead.md explains: the code-quoted words of its third-level headings under EXPLAINED."""
    _, _, rest = document.partition(EXPLAINED)
    section = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
    return frozenset(word for heading in headings for word in re.findall(r"`([a-z0-9_]+)`", heading))


def unexplained(rows: Sequence[Row], known: AbstractSet[str]) -> list[Row]:
    """Misses that nobody explained."""
    return [row for row in rows if row.verdict is Verdict.MISSED and row.key not in known]


def render(rows: Sequence[Row], known: AbstractSet[str] = frozenset()) -> str:
    """The table of the bench."""
    return markdown(HEAD, [_cells(row, known) for row in rows])


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, as Markdown that also reads well on a console."""
    lines = [[cell.replace("|", "/").replace("\n", " ") for cell in line] for line in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head) - 1)] + [0]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([texts[0], "|" + "---|" * len(head), *texts[1:]])


def lines_of(document: str) -> list[tuple[str, ...]]:
    """The cells of every line of the tables in a document, heads included."""
    lines = [line for line in document.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def _cells(row: Row, known: AbstractSet[str]) -> tuple[str, ...]:
    verdict = row.verdict.value
    if row.verdict is Verdict.MISSED:
        verdict += f" (explained: {row.key})" if row.key in known else f" ({row.key})"
    return (row.promise, row.limit, row.measured, row.how, verdict)
