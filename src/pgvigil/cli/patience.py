"""Signs of life of a command that takes longer than one expects, on standard error."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat

FIRST = 2.0
"""Seconds after which somebody who waits wants to know what for."""

THEN = (8.0, 20.0)
RARELY = 30.0


@contextmanager
def patience(doing: str) -> Iterator[None]:
    """Tell what is being done while the context lasts, after FIRST seconds and then ever more rarely."""
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(doing, done), name="pgvigil-patience", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(doing: str, done: threading.Event) -> None:
    begun = time.monotonic()
    for pause in chain((FIRST,), THEN, repeat(RARELY)):
        if done.wait(pause):
            return
        sys.stderr.write(f"pgvigil: still {doing}, {time.monotonic() - begun:.0f} s\n")
        sys.stderr.flush()
