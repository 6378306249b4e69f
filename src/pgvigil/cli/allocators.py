"""Have the C libraries in this process give memory back soon: what a roll-up or a question took once would stay with
them for hours. Measured over ten minutes of load R, together with the engine's `allocator_background_threads`."""

import ctypes
import os

ENGINE = "DUCKDB_JE_MALLOC_CONF"
"""Read by the allocator of the store's engine when the engine is loaded."""

SOON = "dirty_decay_ms:200,muzzy_decay_ms:0"
"""Pages unused for that long go back to the system; between two passes nothing needs them."""

LARGE = 65_536
"""Bytes from which on memory is the system's and goes back at once. The limit grows to 32 MB by itself otherwise, and
what of a fold of last readings lies between small things stays."""

_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""Of glibc's malloc.h."""


def give_back_soon() -> None:
    """To be called before the engine is imported and before the first thread; what the user has set is kept."""
    os.environ.setdefault(ENGINE, SOON)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return  # the C library is not glibc
    if "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, 1)  # or each thread keeps a heap of its own, of what it needed at most
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        mallopt(_M_MMAP_THRESHOLD, LARGE)
