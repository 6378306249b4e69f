"""What a server is and what it lets us see."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes the numbers of a server comparable: OIDs and queryids hold within one identity only.

    `system_identifier` and `timeline` are None where the role may not read pg_control.
    """

    system_identifier: int | None
    version_num: int
    timeline: int | None


@dataclass(frozen=True, slots=True)
class Invisible:
    """Something that cannot be seen: `what` (a probe or a column, `statements` or `statements.shared_blk_read_time`),
    `reason` in a sentence, `remedy` the SQL that makes it visible, or None where there is none. `absent` says that the
    server has not got what it is about, so that nobody misses it."""

    what: str
    reason: str
    remedy: str | None = None
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What was found out on connecting, kept until the connection, the settings or the extensions change.

    `started_at` is in microseconds since the epoch on the server's clock. `extensions` maps a name to
    (schema, version); `columns` maps a relation that the catalog asked about to the columns it has here
    (empty when the relation is missing); `shut` are extensions in schemas that the role may not use; `settings` holds
    the few settings that decide visibility; `tables` maps those that the catalog asked about and that are there, as
    `schema.name`, to whether the role may read them.
    """

    identity: Identity
    version: str
    started_at: int
    in_recovery: bool
    pooled: bool
    role: str
    database: str
    is_superuser: bool
    roles: frozenset[str]
    extensions: Mapping[str, tuple[str, str]]
    columns: Mapping[str, frozenset[str]]
    settings: Mapping[str, str]
    shut: frozenset[str] = frozenset()
    tables: Mapping[str, bool] = field(default_factory=dict)

    @property
    def major(self) -> int:
        """The major version, such as 17."""
        return self.identity.version_num // 10_000
