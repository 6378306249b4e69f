"""What a server's log says about us."""

import re

from fix_servers import MONITOR
from pgvigil.sandbox.server import Server

OURS = re.compile(rf"{MONITOR}@\S* ")


def told_fingerprints(server: Server) -> list[int]:
    """How many fingerprints stand in the log, for each time that a question that takes them was logged: in its line, or
    in the CONTEXT before it or the DETAIL after it."""
    blocks = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", server.log_text())
    ours = [block for block in blocks if OURS.search(block)]
    found = []
    for before, block, after in zip(["", *ours], ours, [*ours[1:], ""], strict=False):
        if "pgvigil_fingerprint" in block:
            said = (before if " CONTEXT: " in before else "") + block + (after if " DETAIL: " in after else "")
            parameters = re.search(r"\$1 = '\{([^}]*)\}'", said)
            found.append(len(parameters[1].split(",")) if parameters and parameters[1] else 0)
    return found
