"""Asking the server to stop the statement that a connection is running, without blocking the event loop."""

import asyncio

from psycopg import OperationalError
from psycopg.pq import PollingStatus
from psycopg.pq.abc import PGconn

from pgvigil.pg.waiting import Ready, ready


async def cancel(connection: PGconn, within: float) -> bool:
    """Send a cancel request, encrypted where the connection is; True when the server took it `within` so many s."""
    try:
        request = connection.cancel_conn()
        request.start()
    except OperationalError:
        return False
    try:
        async with asyncio.timeout(within):
            while (status := request.poll()) != PollingStatus.OK:
                if status == PollingStatus.FAILED:
                    return False
                await ready(request.socket, Ready.READ if status == PollingStatus.READING else Ready.WRITE)
    except (OperationalError, TimeoutError):
        return False
    finally:
        request.finish()
    return True
