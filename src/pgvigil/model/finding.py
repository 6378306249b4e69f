"""What a look found that somebody should know."""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is; a greater one is worse."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found by a lint. `key` stays the same while it is the same thing; `subject` is what it is about, or
    empty; `remedy` is SQL or a sentence."""

    lint: str
    key: str
    severity: Severity
    title: str
    subject: str
    detail: str
    remedy: str
