"""pgvigil's collector and store as a process of its own, to be stopped and killed: python monitor.py PLACE DSN SEED.

It looks at random moments, one to four seconds apart, and prints a line for every pass that was kept, and one for every
sample with the time of the steady clock, which all processes share.
"""

import asyncio
import logging
import random
import signal
import sys
import time

from pgvigil.catalog import load
from pgvigil.collect import Collector, PassKept, Sample, StateChanged
from pgvigil.model import Secret, Target
from pgvigil.store import Writer, open_store

KEY = Secret("a key of the tests, long enough")


async def look(collector: Collector, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(1.0, 4.0))
        collector.look_now()


async def tell(collector: Collector) -> None:
    async for event in collector.subscribe():
        if isinstance(event, PassKept) and "statements" in event.probes:
            print("kept", event.ts, flush=True)
        elif isinstance(event, Sample):
            print("sampled", time.monotonic(), flush=True)
        elif isinstance(event, StateChanged):
            print("state", event.state.condition, event.state.cause, flush=True)


async def main(place: str, dsn: str, seed: int) -> None:
    catalog = load()
    store = open_store(f"duckdb://{place}/pgvigil.db", KEY, catalog)
    writer = Writer(store)
    target = Target(store.target_id("exact", None, {}), "exact", Secret(dsn))
    collector = Collector(target, catalog, writer)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(collector.stop()))
    looking = asyncio.create_task(look(collector, random.Random(seed)))
    telling = asyncio.create_task(tell(collector))
    await collector.run()
    looking.cancel()
    await telling
    await writer.close()
    store.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
