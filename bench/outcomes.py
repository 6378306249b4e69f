"""How the passes of a run went, told by the store that it left."""

from dataclasses import dataclass
from pathlib import Path

from bench.monitor import KEY
from bench.sql import text
from pgvigil import catalog
from pgvigil.model import Secret
from pgvigil.store import open_store


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Probes that ran and those that did not go well; `sampled` is samples taken by seconds of watching; `lines`
    tell of each probe."""

    ran: int
    bad: int
    reasons: str
    sampled: float
    lines: list[str]


def outcomes(directory: Path) -> Outcomes:
    """Of the store in a directory; no process may have it open."""
    store = open_store(f"duckdb://{directory}/pgvigil.db", Secret(KEY), catalog.load())
    try:
        rows = store.query(text("outcomes")).rows
        bad = store.query(text("not_ok")).rows
        ((samples, seconds),) = store.query(text("sampled")).rows
    finally:
        store.close()
    lines = [f"{name}: {runs} runs, {mean:.1f} ms on average, {most:.0f} ms at most" for name, runs, mean, most in rows]
    reasons = "; ".join(f"{probe} {outcome} {count}x: {reason}" for probe, outcome, count, reason in bad)
    ran = sum(row[1] for row in rows)
    return Outcomes(ran, sum(row[2] for row in bad), reasons, (samples or 0) / seconds if seconds else 0.0, lines)
