"""Values that the other packages speak to each other: frozen, slotted, and knowing nothing of anybody.

`errors` what a user can cause · `target` whom we watch · `capabilities` what a server lets us see ·
`batch` what one pass brought · `finding` what a look found ·
`state` how a target is, in one word and a remedy · `mistake` where we went wrong.
"""

from pgvigil.model.batch import SERVER, Batch, Event, Gap, Outcome, Reading, Value
from pgvigil.model.capabilities import Capabilities, Identity, Invisible
from pgvigil.model.errors import KeeperBusyError, PgvigilError
from pgvigil.model.finding import Finding, Severity
from pgvigil.model.mistake import places
from pgvigil.model.state import Condition, KeeperState, TargetState
from pgvigil.model.target import Secret, Target

__all__ = [
    "SERVER",
    "Batch",
    "Capabilities",
    "Condition",
    "Event",
    "Finding",
    "Gap",
    "Identity",
    "Invisible",
    "KeeperBusyError",
    "KeeperState",
    "Outcome",
    "PgvigilError",
    "Reading",
    "Secret",
    "Severity",
    "Target",
    "TargetState",
    "Value",
    "places",
]
