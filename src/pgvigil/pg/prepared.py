"""Which statements the server has parsed for us already, so that the next time only a name is sent.

For a session that reaches its server directly; behind a pooler the next transaction may be on another backend, which
knows none of our names. A statement is prepared when it is sent for the second time, so those asked once leave nothing.
"""

Statement = tuple[bytes, tuple[int, ...]]
"""A text and the types of its parameters: of one text with other types the server makes another statement."""

MOST = 64
"""Statements prepared in one session: each keeps its plan in the server's memory for as long as the session lasts."""

_MOST_SEEN = 512

STALE = frozenset({"26000", "0A000"})
"""SQLSTATEs of a name that the server does not know, and of a plan whose columns have another type by now."""


class Prepared:
    """The names of one session; a name is used once the server has said that it knows it."""

    def __init__(self) -> None:
        self._seen: set[Statement] = set()
        self._names: dict[Statement, bytes] = {}
        self._pending: dict[Statement, bytes] = {}
        self._never: set[Statement] = set()
        self._given = 0

    def name(self, statement: Statement) -> bytes | None:
        """The name under which the server knows the statement, if it does."""
        return self._names.get(statement)

    def new_name(self, statement: Statement) -> bytes | None:
        """A name to prepare the statement under, or None where it is sent as it is this time."""
        if statement not in self._seen:
            if len(self._seen) < _MOST_SEEN:
                self._seen.add(statement)
            return None
        held = len(self._names) + len(self._pending) + len(self._never)
        if statement in self._pending or statement in self._never or held >= MOST:
            return None
        self._given += 1
        self._pending[statement] = b"pgvigil_%d" % self._given
        return self._pending[statement]

    def settle(self, statement: Statement, *, known: bool) -> None:
        """Whether the server took the name; where it did not, for a lock or a cancel, it is offered another later."""
        name = self._pending.pop(statement)
        if known:
            self._names[statement] = name

    def forget(self, statement: Statement) -> bool:
        """Send this statement as it is from now on; False where that was so already."""
        if self._names.pop(statement, None) is None:
            return False
        self._never.add(statement)
        return True
