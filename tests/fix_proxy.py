"""A breakable hop between a test and its server.

def test_x(database, proxy):
    hop = proxy(database.server.port)
    dsn = database.dsn(port=hop.port)   # then hop.cut(), .refuse(), .accept(), .stall(), .flow(), .lead_to(…)
"""

from collections.abc import Callable, Iterator

import pytest

from pgvigil.sandbox.proxy import Proxy

MakeProxy = Callable[[int], Proxy]


@pytest.fixture
def proxy() -> Iterator[MakeProxy]:
    """A factory of proxies to a port on loopback; each counts `sent` and `received` bytes."""
    made: list[Proxy] = []

    def make(port: int) -> Proxy:
        made.append(Proxy(port))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()
