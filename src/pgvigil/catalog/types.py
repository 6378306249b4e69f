"""The definitions that live as data: what a probe declares of itself."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pgvigil.model import Invisible


class Shape(StrEnum):
    """What the rows of a probe are, and so how they are kept."""

    COUNTERS = "counters"  # keyed rows; counters kept as differences, gauges and states as read
    SNAPSHOT = "snapshot"  # keyed rows, kept as read each time
    SAMPLES = "samples"  # rows of the sampler, one per session, counted per combination of keys into `samples`
    EDGES = "edges"  # pairs, such as waiter and blocker, kept as read while there are any; sums count seconds
    EVENTS = "events"  # each row is something that happened, kept once per key
    DIMENSION = "dimension"  # texts that belong to a key, kept once and joined by it
    LIVE = "live"  # rows of the sampler for whoever looks now: asked only then, told and not kept


class Kind(StrEnum):
    """What a column is."""

    KEY = "key"
    COUNTER = "counter"  # grows until reset; kept as difference
    GAUGE = "gauge"
    STATE = "state"  # a word or number whose change matters; may name an event
    TEXT = "text"  # goes to the dimension, once


class Type(StrEnum):
    """The PostgreSQL type that the SQL returns; SQL casts whatever is not one of these."""

    BOOL = "bool"
    INT4 = "int4"
    INT8 = "int8"
    OID = "oid"
    FLOAT8 = "float8"
    TEXT = "text"
    TIMESTAMPTZ = "timestamptz"


class Rollup(StrEnum):
    """How values of one key become the value of a coarser tier. `avg` is weighted by seconds."""

    SUM = "sum"
    LAST = "last"
    MAX = "max"
    MIN = "min"
    AVG = "avg"


class Privacy(StrEnum):
    """What a text may hold, and so how it is cleaned before it is kept."""

    SQL = "sql"  # a statement: normalised, literals masked
    NAME = "name"  # a name of an object, role, application: kept, cut at 200 characters
    SETTING = "setting"  # a value of a setting: hidden where it may hold a secret
    WORD = "word"  # one of a fixed set of PostgreSQL's own words: kept
    TAGS = "tags"  # a comment of a statement: only its allow-listed tags are kept, in one fixed order


class Scope(StrEnum):
    """Where a probe runs: once for the server, or once in every database."""

    CLUSTER = "cluster"
    DATABASE = "database"


class Takes(StrEnum):
    """What the SQL of a probe wants as its only parameter, `$1`."""

    NOTHING = "nothing"
    KEYS = "keys"  # an array of values of the one key column, whose texts nobody has told yet; at most KEYS_AT_ONCE


KEYS_AT_ONCE = 200

DEADLINES_MS = (100, 250, 500, 1000, 2000, 5000, 10000)
"""The only limits a probe may have: each is a constant in the text that the server sees, so that it stays one text."""

OLDEST, NEWEST = 14, 18
"""The majors that are tested; a newer server is served as the newest, by the columns present."""


STORE_TABLES = frozenset(
    {"targets", "incarnations", "epochs", "readings", "reopened", "events", "gaps", "boundaries", "meta", "passes"}
)
"""Tables that the store has of itself, so that no probe may bear their names."""

STORE_SUFFIXES = ("_raw", "_open", "_closed", "_1m", "_1h", "_1d")
"""Ends of the names of a probe's tables, so that no probe's name may end so."""


class Role(StrEnum):
    """On which servers a probe makes sense."""

    ANY = "any"
    PRIMARY = "primary"
    STANDBY = "standby"


@dataclass(frozen=True, slots=True)
class Column:
    """A column a probe returns. `since` and `until` are the first and last PostgreSQL major that has it (None: all).

    `sparse` is for a number that is never NULL and 0 in most rows: as NULL it travels in 4 bytes instead of 12.
    `steady` is for what hardly ever moves: the store keeps it where it changed and once in every hour.
    `derived` is for a counter that SQL computes from others: it may fall by the noise of floating point, so that its
    fall is no sign of a reset.
    `setting` are the values that settings must have for the column to be filled.
    """

    name: str
    kind: Kind
    type: Type
    help: str
    unit: str = "1"
    rollup: Rollup | None = None
    privacy: Privacy | None = None
    since: int | None = None
    until: int | None = None
    event: str | None = None
    sparse: bool = False
    steady: bool = False
    derived: bool = False
    setting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def exists_on(self, major: int) -> bool:
        """Whether this PostgreSQL major has it."""
        return (self.since or major) <= major <= (self.until or major)


@dataclass(frozen=True, slots=True)
class Variant:
    """A query and what must be there for it: columns of the probe's `relation`."""

    sql: str
    needs_columns: frozenset[str]


OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
"""How a `when` may compare."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`when`: ask only while a signal of another probe compares so, as in `sessions.lock_waiters > 0`."""

    signal: str
    operator: str
    value: float


@dataclass(frozen=True, slots=True)
class Signal:
    """A number that `when` of another probe may compare: the rows of the latest reading (the latest second, for the
    sampler) in which `column` is one of `values`."""

    name: str
    column: str
    values: frozenset[str]
    help: str


@dataclass(frozen=True, slots=True)
class Requires:
    """What must be there, or the probe is invisible with a reason.

    `extension` must be installed in the database we are connected to, `preload` is the library it needs in
    shared_preload_libraries, `member_of` a role whose rights are needed, `setting` the values that settings may have.
    `table` (`schema.name`) is one that the role must be able to read; a server without it has not got what the probe is
    about, and nobody misses it.
    """

    extension: str | None = None
    preload: str | None = None
    member_of: str | None = None
    table: str | None = None
    setting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probe:
    """A folder `probes/<name>/`: what to ask, how often, and what each column means.

    `every` in seconds (None when `on_sampler`), `deadline_ms` one of the fixed limits, `keyframe` in seconds.
    `queries` maps a file name of this folder to its SQL text, already checked by the guard, and `returns` maps it to
    the names of its output columns. `takes` is what the SQL wants as `$1`; with `changed_by` it takes nothing, for
    `pg` wraps it into a query that does.
    `relation` is the relation whose columns decide the variant, unqualified, in the extension's schema.
    """

    name: str
    pack: str
    summary: str
    shape: Shape
    scope: Scope
    role: Role
    every: float | None
    on_sampler: bool
    deadline_ms: int
    cost: str
    key: tuple[str, ...]
    changed_by: tuple[str, ...]
    keyframe: float | None
    columns: Mapping[str, Column]
    variants: tuple[Variant, ...]
    queries: Mapping[str, str]
    directory: Path
    requires: Requires = Requires()
    relation: str | None = None
    when: Condition | None = None
    dimension: str | None = None
    for_each: str | None = None
    for_each_limit: int = 100
    calls: frozenset[str] = frozenset()
    returns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    takes: Takes = Takes.NOTHING
    signals: Mapping[str, Signal] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether what it brings is kept at all."""
        return self.shape is not Shape.LIVE


@dataclass(frozen=True, slots=True)
class Query:
    """What was chosen for one server: the file, its SQL (placeholders still in it, the comments above it gone), and
    the declared columns that its SELECT returns, in its order.

    `changed_by` are those of the probe's that this query returns. `missing` are declared columns that this major has,
    but not the extension's version that is installed, and those that a setting of the server keeps empty.
    """

    probe: Probe
    file: str
    sql: str
    columns: tuple[Column, ...]
    takes: Takes = Takes.NOTHING
    changed_by: tuple[str, ...] = ()
    missing: tuple[Invisible, ...] = ()

    @property
    def zeros(self) -> tuple[int, ...]:
        """The positions of the sparse columns, in which NULL stands for 0."""
        return tuple(position for position, column in enumerate(self.columns) if column.sparse)


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder of definitions that switches on where what it requires is present."""

    name: str
    summary: str
    directory: Path
    requires: Requires = Requires()


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every definition of every pack that was loaded, by name."""

    probes: Mapping[str, Probe]
    packs: Mapping[str, Pack] = field(default_factory=dict)

    @property
    def relations(self) -> frozenset[str]:
        """The relations whose columns decide between variants, unqualified."""
        return frozenset(probe.relation for probe in self.probes.values() if probe.relation is not None)

    @property
    def tables(self) -> frozenset[str]:
        """The tables that a probe requires, as `schema.name`."""
        return frozenset(probe.requires.table for probe in self.probes.values() if probe.requires.table is not None)

    @property
    def settings(self) -> frozenset[str]:
        """The settings that a probe or one of its columns requires."""
        probes = self.probes.values()
        wanted = [probe.requires.setting for probe in probes]
        wanted += [column.setting for probe in probes for column in probe.columns.values()]
        return frozenset(name for each in wanted for name in each)
