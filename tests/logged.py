"""What a server's log says about us."""

import re

from fix_servers import MONITOR
from pgvigil.sandbox.server import Server

OURS = re.compile(rf"\[(\d+)\] {MONITOR}@\S* ")
HEARTBEAT = "pg_lock_status()"
"""What stands in the text of the heartbeat and of no other question."""


def told_fingerprints(server: Server, *, after: str | None = None) -> list[int]:
    """How many fingerprints stand in the log, for each time that a question that takes them was logged: in its line, or
    in the CONTEXT before it or the DETAIL after it. Where a text is given, of each session only what comes after it."""
    blocks = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", server.log_text())
    ours = [(begins[1], block) for block in blocks if (begins := OURS.search(block))]
    texts = [block for _, block in ours]
    found: list[int] = []
    begun: set[str] = set()
    for (session, block), before, following in zip(ours, ["", *texts], [*texts[1:], ""], strict=False):
        if after is not None and after in block:
            begun.add(session)
        if "pgvigil_fingerprint" in block and (after is None or session in begun):
            said = (before if " CONTEXT: " in before else "") + block + (following if " DETAIL: " in following else "")
            parameters = re.search(r"\$1 = '\{([^}]*)\}'", said)
            found.append(len(parameters[1].split(",")) if parameters and parameters[1] else 0)
    return found
