"""Ports of the kernel's choosing that stay ours while nothing listens on them."""

import socket
from pathlib import Path

HOST = "127.0.0.1"
# Elsewhere two sockets may not share an address even so; there the port is merely free at the moment.
_CAN_HOLD = Path("/proc/self").exists()


class ReservedPort:
    """A port on loopback that nobody else is given until `close`, for a server that we start and restart.

    The reservation is a socket that is bound and never listens: connecting is refused, and a server that sets
    SO_REUSEADDR, as PostgreSQL does, can listen on the port beside it.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind((HOST, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.number: int = self._socket.getsockname()[1]
        if not _CAN_HOLD:
            self._socket.close()

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
