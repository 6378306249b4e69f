"""What the probes of a moment bring, as the collector hands it over: each of these is a transaction of its own."""

import time
from collections.abc import Iterator, Mapping, Sequence

from pgvigil.catalog.types import Probe, Scope
from pgvigil.model import Batch
from pgvigil.store import Store


def posts(batches: Sequence[Batch], probes: Mapping[str, Probe]) -> Iterator[list[Batch]]:
    """The samples, the pass, and the visit of a database, as far as there is one."""
    by_sender: dict[str, list[Batch]] = {"sampler": [], "pass": [], "visit": []}
    for batch in batches:
        by_sender[_sender(probes[batch.probe])].append(batch)
    return (post for post in by_sender.values() if post)


def commit(store: Store, post: Sequence[Batch]) -> float:
    """Milliseconds of the transaction that keeps it. Rows become arrays before, in another thread of a collector."""
    packed = [store.pack(batch) for batch in post]
    began = time.perf_counter()
    store.append_packed(packed)
    return 1e3 * (time.perf_counter() - began)


def _sender(probe: Probe) -> str:
    if probe.on_sampler:
        return "sampler"
    return "visit" if probe.scope is Scope.DATABASE else "pass"
