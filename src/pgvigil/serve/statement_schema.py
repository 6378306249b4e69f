"""The models of the API that tell of statements."""

from enum import StrEnum

from pydantic import Field

from pgvigil.serve.panel_models import PanelSeries
from pgvigil.serve.schema import Answer, Gap, Moment, NotVisible, Order, Spark, WaitClass


class StatementSort(StrEnum):
    """By which column statements are ordered; changes by how much more it is, not by the factor."""

    LOAD = "load"
    CALLS_PER_S = "calls_per_s"
    CALLS = "calls"
    MEAN = "mean_ms"
    STDDEV = "stddev_ms"
    ROWS = "rows_per_call"
    HIT = "hit_per_call"
    READ = "read_per_call"
    CACHE_HIT = "cache_hit"
    TEMP = "temp_bytes_per_s"
    WAL = "wal_bytes_per_s"
    IO = "io_share"
    PLAN = "plan_ms"
    LOAD_CHANGE = "load_change"
    CALLS_CHANGE = "calls_change"
    MEAN_CHANGE = "mean_change"
    TEXT = "text"
    USER = "user"
    DATABASE = "database"


class StatementKind(StrEnum):
    """What a statement is: one that reads or changes rows; a utility command (VACUUM, BEGIN, COPY, …); one that a
    function ran, whose time is part of its caller's; one whose text may not be seen."""

    QUERY = "query"
    UTILITY = "utility"
    NESTED = "nested"
    HIDDEN = "hidden"


class ClassShare(Answer):
    """How much of something a wait class makes up, 0..1."""

    key: WaitClass
    share: float


class Statement(Answer):
    """What one normalised statement did in a span, per user and database: by their numbers, so that a role that was
    made anew under its old name, or a server that took over, has rows of its own."""

    id: str = Field(description="Names this row among those of its target, in every span, order and page")
    queryid: str | None = Field(
        description="The server's 64-bit number as text, the same in every database; null where it may not be seen"
    )
    text: str | None = Field(
        description="Without literals, its first 1,000 letters, or 300 where more than 500 rows were asked for; "
        "null until it was fetched"
    )
    cut: bool = Field(description="The text is longer; the whole is in the answer about the one statement")
    kind: StatementKind
    user: str | None
    database: str | None
    toplevel: bool
    calls: int = Field(description="Executions that ended; 0 for one that ran only in the compared span")
    calls_per_s: float | None = Field(description="Over the seconds known; null where none are")
    mean_ms: float | None = Field(description="Execution time per call; null where nothing was called")
    stddev_ms: float | None = Field(
        description="Standard deviation of the execution time within the span; null where it is not known"
    )
    rows_per_call: float | None
    hit_per_call: float | None = Field(description="Blocks of tables and indexes found in shared buffers")
    read_per_call: float | None = Field(description="Blocks of tables and indexes asked of the system")
    cache_hit: float | None = Field(description="Found, of found and read, 0..1; null where no block was asked for")
    temp_bytes_per_s: float | None = Field(description="Temporary files written and read")
    wal_bytes_per_s: float | None
    io_share: float | None = Field(
        description="Time of reading and writing blocks, of its execution time; null where track_io_timing is off"
    )
    plan_ms: float | None = Field(description="Planning time per plan; null where track_planning is off")
    load: float | None = Field(description="Execution time over the seconds known: sessions busy with it on average")
    share: float | None = Field(description="Of the execution time of all statements in the span, 0..1")
    load_before: float | None = Field(description="In the compared span; null where that is not known")
    calls_per_s_before: float | None
    mean_ms_before: float | None
    is_new: bool | None = Field(description="It had no calls in the compared span; null where that is not known")
    by_class: tuple[ClassShare, ...] = Field(
        description="What its sessions were seen doing, of the samples of this statement; empty if never sampled, "
        "and after the first 100 rows"
    )
    spark: Spark = Field(description="Its load over the span; of the first 100 rows")
    uncertain: bool = Field(description="Part of the counts may belong to a reset, restart or eviction")


class Statements(Answer):
    """A page of the statements of a span."""

    since: Moment
    until: Moment
    compared_since: Moment | None
    compared_until: Moment | None
    total: int = Field(description="How many statements fit the filter, on all pages")
    covered: float | None = Field(description="Their share of the execution time of all statements, 0..1")
    limit: int
    offset: int
    sort: StatementSort
    order: Order
    secs: float = Field(description="Seconds of the span about which something is known")
    rows: tuple[Statement, ...]
    not_visible: NotVisible | None = None


class StatementGroup(Answer):
    """What the statements of one kind, user or database did. Of users and databases without the statements within
    functions, whose time is part of their callers'."""

    name: str
    statements: int
    calls: int
    calls_per_s: float | None
    mean_ms: float | None
    load: float | None
    share: float | None = Field(description="Of the execution time of all statements, 0..1")
    uncertain: bool


class StatementTag(Answer):
    """What sessions were seen doing whose statement bore a tag in its comment. Only samples know tags, so there are no
    calls; a session with two tags counts for both."""

    name: str = Field(description="Such as route, job or workflow")
    value: str
    statements: int = Field(description="How many different statements bore it")
    load: float = Field(description="Average active sessions")
    share: float = Field(description="Of all active sessions seen, 0..1")
    by_class: tuple[ClassShare, ...]


class StatementGroups(Answer):
    """The statements of a span taken together."""

    since: Moment
    until: Moment
    kinds: tuple[StatementGroup, ...] = Field(description="Named as StatementKind")
    users: tuple[StatementGroup, ...]
    databases: tuple[StatementGroup, ...]
    tags: tuple[StatementTag, ...]
    sampled_load: float | None = Field(description="Average active sessions as sampled; null without a sample")
    unnamed_load: float | None = Field(description="Of these, sessions that told no statement")
    untagged_load: float | None = Field(description="Of these, sessions whose statement bore no tag")
    evictions: int = Field(
        description="How often the server dropped its least used statements to make room: their counts are lost"
    )
    not_visible: NotVisible | None = None
    tags_not_visible: NotVisible | None = None


class StatementChart(Answer):
    """The numbers of a panel that are of one statement."""

    panel: str = Field(description="Its name among the panels, which tell all words about it")
    series: tuple[PanelSeries, ...]
    reason: str | None = Field(description="Why nothing of it is known, where that is so")


class StatementSeen(Answer):
    """Sessions seen running it that have something in common."""

    name: str
    load: float = Field(description="Average active sessions")
    share: float = Field(description="Of all seen running it, 0..1")
    by_class: tuple[ClassShare, ...]


class StatementDetail(Answer):
    """One statement over a span."""

    id: str
    since: Moment
    until: Moment
    compared_since: Moment | None
    compared_until: Moment | None
    text: str | None = Field(description="The whole text as kept, without literals")
    kind: StatementKind
    user: str | None
    database: str | None
    first_seen: Moment | None = Field(description="When pgvigil first read its text")
    row: Statement | None = Field(description="What it did; null where it did not run in either span")
    alike: tuple[Statement, ...] = Field(description="The same statement by user, database and place, itself included")
    step: float = Field(description="Seconds between two moments of ts")
    ts: tuple[Moment, ...]
    charts: tuple[StatementChart, ...]
    gaps: tuple[Gap, ...]
    uncertain: tuple[Moment, ...] = Field(description="The ends of steps whose counts are uncertain")
    min_ms: float | None = Field(description="The shortest execution since the moment below, whatever the span")
    max_ms: float | None
    extremes: str = Field(description="Since when min_ms and max_ms count, in a phrase")
    extremes_since: Moment | None = Field(description="That moment, where it is known")
    counted_since: Moment | None = Field(description="Since when the server counts it; null before PostgreSQL 17")
    samples: int = Field(description="How many sessions were seen running it")
    waits: tuple[StatementSeen, ...] = Field(description="By class and event, named class:event")
    users: tuple[StatementSeen, ...]
    databases: tuple[StatementSeen, ...]
    applications: tuple[StatementSeen, ...]
    tags: tuple[StatementSeen, ...]
    not_visible: NotVisible | None = None
