"""How many bytes went over a connection, as the kernel counts them."""

import socket
import struct
import sys
from typing import NamedTuple

_COUNTS = struct.Struct("=120xQQ")  # struct tcp_info of Linux 4.1: tcpi_bytes_acked, tcpi_bytes_received


class Traffic(NamedTuple):
    """Bytes since the connection was opened, TLS and all, without the headers of TCP."""

    sent: int
    received: int


def traffic_of(descriptor: int) -> Traffic | None:
    """The traffic of a TCP socket; None where the kernel does not tell (not Linux, or not TCP)."""
    if sys.platform != "linux":
        return None
    borrowed = socket.socket(fileno=descriptor)
    try:
        acknowledged, received = _COUNTS.unpack(borrowed.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _COUNTS.size))
    except (OSError, struct.error):
        return None
    finally:
        borrowed.detach()
    return Traffic(max(0, acknowledged - 1), received)  # the opening SYN is acknowledged like a byte
