"""A mistake of ours, as the log may tell it."""

import traceback
from collections.abc import Iterator
from pathlib import Path

_OURS = Path(__file__).parent.parent
"""The package, wherever it lies: a checkout may well be called pgvigil and hold everybody's libraries."""


def places(mistake: BaseException) -> Iterator[str]:
    """Where it was made, a line for each of a group. Not its text, which may quote what was read or kept."""
    if isinstance(mistake, BaseExceptionGroup):
        for one in mistake.exceptions:
            yield from places(one)
        return
    frames = traceback.extract_tb(mistake.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_OURS)] or frames[-1:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(ours))
    yield f"{type(mistake).__name__} in {where}"
