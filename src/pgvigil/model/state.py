"""How a target is: one word, the cause in a sentence, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class KeeperState:
    """How the keeping goes. `cause` tells why nothing can be written, `upkeep` why what is kept cannot be looked after;
    both are empty while they can. `held` passes of `held_bytes` wait in memory, `dropped` were let go."""

    cause: str = ""
    held: int = 0
    held_bytes: int = 0
    dropped: int = 0
    upkeep: str = ""


class Condition(StrEnum):
    """In what condition the watching of a target is (not how well the target itself does)."""

    STARTING = "starting"
    WATCHING = "watching"
    LIMITED = "limited"  # watching, but something that should be visible is not
    UNREACHABLE = "unreachable"  # no answer: down, refused, unresolvable, black hole
    REFUSED = "refused"  # it answered no: password, role, pg_hba, connections exhausted
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class TargetState:
    """`since` in microseconds; `cause` and `remedy` are sentences without secrets, empty while all is well."""

    condition: Condition
    since: int
    cause: str = ""
    remedy: str = ""
