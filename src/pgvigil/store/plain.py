"""Values of an answer as JSON has them."""

import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pgvigil.store.query import Table

Plain = Any
"""None, bool, int, float, str, or lists and dicts of them."""


def plain_table(table: Table) -> Table:
    """The table with every value plain."""
    return Table(table.names, table.types, [tuple(plain(value) for value in row) for row in table.rows])


def plain(value: Any) -> Plain:
    """A value as JSON has it: moments in ISO 8601, bytes in hexadecimal digits, what JSON lacks as text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case Decimal():
            return float(value)
        case bytes():
            return value.hex()
        case list() | tuple():
            return [plain(one) for one in value]
        case dict():
            return {str(key): plain(one) for key, one in value.items()}
        case _:
            return str(value)
