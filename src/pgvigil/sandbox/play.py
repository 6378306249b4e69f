"""The load of the demo, as a process of its own: it plays until its standard input ends, and so never outlives us.

The first line of its input is JSON: `dsn` (a superuser's, of a database that `schema.install` prepared) and
`fault_every` in seconds (0 for none). What it prints, a line each, is meant for the console.
"""

import asyncio
import json
import sys

from pgvigil.sandbox.console import run
from pgvigil.sandbox.rota import rota
from pgvigil.sandbox.workload import Workload


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _until_input_ends() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def play(dsn: str, fault_every: float) -> None:
    """Put the load on, and the faults in turn, until standard input ends."""
    async with Workload(dsn):
        say("load on")
        tasks = [asyncio.create_task(_until_input_ends())]
        if fault_every:
            tasks.append(asyncio.create_task(rota(dsn, fault_every, say)))
        _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """Read what to do, and do it."""
    order = json.loads(sys.stdin.readline())
    run(play(order["dsn"], order["fault_every"]))


if __name__ == "__main__":
    main()
