"""The faults in turn, one at a time, with time between them in which everything is as usual again."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import psycopg

from pgvigil.sandbox.faults import FAULTS, inject
from pgvigil.sandbox.schema import SandboxError

ROTATION: Mapping[str, str] = MappingProxyType(
    {
        "lock-pile-up": "blocked",
        "runaway-query": "long_statement",
        "missing-index": "statement_risen",
        "connection-flood": "connections_high",
        "deadlocks": "deadlocks",
        "idle-in-transaction": "idle_in_transaction",
        "checkpoint-storm": "checkpoints_requested",
        "error-storm": "errors",
        "plan-regression": "statement_risen",
        "temp-spill": "temp_files",
        "ddl-queue": "blocked",
        "partition-gap": "partitions_end",
        "queue-backlog": "queue_late",
        "dead-rows": "dead_rows",
    }
)
"""The faults that come round, in this order, each with the rule that finds it. The two that slow statements down stand
far apart, for their rule compares with the time before; what leaves rows behind comes last."""


async def rota(dsn: str, every: float, say: Callable[[str], None], names: Iterable[str] = tuple(ROTATION)) -> None:
    """Put these faults on in turn, for ever: each turn lasts `every` seconds, the first half of it quiet. A fault that
    ends by itself ends sooner. Cancelled, it takes back the one that is on."""
    for name in itertools.cycle(names):
        await asyncio.sleep(every / 2)
        began = asyncio.get_running_loop().time()
        try:
            async with inject(name, dsn, min(every / 2, FAULTS[name].limit_s)) as injection:
                say(f"fault {name} on: {FAULTS[name].summary}")
                await injection.ended()
            say(f"fault {name} off")
        except (psycopg.Error, SandboxError) as error:
            say(f"fault {name} did not work: {error}")
        await asyncio.sleep(every / 2 - (asyncio.get_running_loop().time() - began))
