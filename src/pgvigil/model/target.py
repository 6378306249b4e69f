"""Whom we watch."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that never shows itself: not in repr, not in str, not in a log line."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(hidden)"


@dataclass(frozen=True, slots=True)
class Target:
    """One PostgreSQL server to watch, as configured.

    `id` is the stable number the store gave to `name`; `dsn` is a libpq URL or keyword string;
    `cpus` the number of virtual CPUs where the user told it (it is not visible in SQL).
    """

    id: int
    name: str
    dsn: Secret
    cpus: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    sslmode: str | None = None
    sslrootcert: str | None = None
