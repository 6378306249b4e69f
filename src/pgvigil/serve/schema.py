"""The models of the API: the contract between the server and its page, published as the OpenAPI document.

A moment is a number of seconds since the epoch, a duration a number of seconds. What is not known is null, never 0,
and where that is not plain from the place a `reason` stands beside it. Numbers of 64 bits travel as text.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pgvigil.catalog.panels import Better, Unit
from pgvigil.model import Condition, Outcome

Moment = Annotated[float, Field(description="Seconds since the epoch, UTC")]
Spark = Annotated[
    tuple[float | None, ...] | None,
    Field(
        description="About 48 values at even steps over the span, or one a day (UTC), oldest first; "
        "null where nothing is known"
    ),
]

CHART_EVENTS = 100
CHART_GAPS = 500
"""How many of them come with a chart, which can't show more."""


class WaitClass(StrEnum):
    """What an active session was doing, in the order in which the classes are stacked and listed everywhere."""

    CPU = "cpu"
    IO = "io"
    LOCK = "lock"
    LWLOCK = "lwlock"
    CLIENT = "client"
    IPC = "ipc"
    TIMEOUT = "timeout"
    OTHER = "other"  # Extension, Activity, BufferPin and what later versions add


class Order(StrEnum):
    """Which end of a sorted column comes first; rows whose value is not known always come last."""

    DESCENDING = "desc"
    ASCENDING = "asc"


class Answer(BaseModel):
    """Base of all models: unchangeable, and strict about names."""

    # A field with a default is still always in the answer, so a client never has to ask whether it is there.
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class Problem(Answer):
    """Every answer that is not a success: one word for programs, one sentence for people."""

    error: str = Field(description="A word, such as not_found, bad_range, unauthorised, busy")
    message: str = Field(description="What failed, with the value and what is allowed")
    remedy: str | None = Field(default=None, description="What to do, where something can be done")
    field: str | None = Field(default=None, description="The parameter that was wrong")


class NotVisible(Answer):
    """Something that cannot be seen: a state of its own, never shown as 0."""

    what: str = Field(description="A probe, or a probe and a column: statements, statements.shared_blk_read_time")
    reason: str
    remedy: str | None = Field(default=None, description="The SQL that makes it visible, where there is any")


class LogCost(Answer):
    """What our statements write into the log of a server that logs statements."""

    reason: str = Field(description="By which settings, and how much, in a sentence")
    megabytes_a_day: float = Field(description="About how much, in 10^6 bytes")
    remedy: str = Field(description="The SQL that stops it for our role")


class Stretched(Answer):
    """A probe that is asked less often, so that what watching costs stays within its budget."""

    probe: str
    every: float = Field(description="Seconds between two looks as they are made now")
    usual: float = Field(description="Seconds between two looks where there is room")
    reason: str = Field(description="What it costs, and what follows from that, in a sentence")


class Gap(Answer):
    """An interval in which something is not known."""

    since: Moment
    until: Moment
    reason: str = Field(description="One word, as in the store's table gaps")
    detail: str | None = None


class Event(Answer):
    """Something that happened."""

    ts: Moment
    kind: str = Field(description="One word: restart, reset, eviction, setting, failover, gap, ...")
    title: str = Field(description="The kind in plain words: Server restarted, Setting changed")
    subject: str = Field(description="What it happened to, such as the name of a setting; may be empty")
    before: str | None = None
    after: str | None = None
    detail: str | None = None


class ProbeState(Answer):
    """How one probe fares on a target."""

    probe: str
    summary: str
    every: float | None = Field(description="Seconds between two looks as intended; null where something else decides")
    last: Moment | None = Field(description="When it last brought something")
    outcome: Outcome | None = Field(description="How its last turn ended; null before the first")
    reason: str | None = None


class State(Answer):
    """In what condition the watching of a target is."""

    condition: Condition
    since: Moment
    cause: str = Field(description="A sentence; empty while all is well")
    remedy: str = Field(description="A sentence or SQL; empty while all is well")


class Target(Answer):
    """A watched server."""

    name: str
    state: State
    version: str | None = Field(description="As the server says it, such as 17.6; null until it was reached once")
    role: Literal["primary", "standby"] | None
    database: str | None
    cpus: float | None = Field(description="As configured; it cannot be seen in SQL")
    labels: Mapping[str, str]
    started_at: Moment | None = Field(description="When the server started")
    last_sample: Moment | None
    last_pass: Moment | None
    probes: tuple[ProbeState, ...]
    not_visible: tuple[NotVisible, ...]
    log_cost: LogCost | None = Field(description="What our statements add to its log; null where it logs none of them")
    stretched: tuple[Stretched, ...] = Field(description="Probes asked less often because of what they cost")


class Targets(Answer):
    """Every watched server, in the order of the configuration."""

    now: Moment = Field(description="The clock of pgvigil, so that a page can tell its own clock's error")
    version: str = Field(description="The version of pgvigil")
    targets: tuple[Target, ...]


class Vital(Answer):
    """One number that tells how the server is, compared with another span of the same length."""

    key: str = Field(description="The name of its panel: load, throughput, latency, connections, cache_hit, ...")
    title: str
    why: str = Field(description="A short reason: what the number means and what is good")
    unit: Unit
    value: float | None
    limit: float | None = Field(default=None, description="What the value is out of, in the same unit")
    limit_title: str | None = Field(default=None, description="What the limit is, such as CPUs or max_connections")
    note: str | None = Field(default=None, description="A few words beside the value, such as: 12 waiting")
    previous: float | None = Field(description="The same over the span it is compared with")
    change: float | None = Field(description="value over previous; null where previous is not known or 0")
    better: Better
    spark: Spark
    reason: str | None = Field(default=None, description="Why value is null, where it is not a matter of visibility")
    not_visible: NotVisible | None = None


class Vitals(Answer):
    """The vitals of a span, in the order in which they are shown."""

    since: Moment
    until: Moment
    previous_since: Moment | None = Field(description="The span it is compared with; null where with none")
    previous_until: Moment | None
    vitals: tuple[Vital, ...]


class Subject(Answer):
    """Something that is not well, as a rule found it. Names stand between backquotes."""

    rule: str
    key: str = Field(description="Stays the same while it is the same thing, such as pid 4711")
    severity: Literal["info", "warning", "critical"]
    title: str
    headline: str = Field(description="A sentence with the culprit and the cost")
    details: tuple[str, ...] = Field(description="Sentences, each true by itself")
    todo: str = Field(description="What to do, a sentence; may hold SQL")
    page: str = Field(description="The path of the page that proves it")


class Verdict(Answer):
    """Is it well: the worst first. Never well where that cannot be told."""

    at: Moment
    level: Literal["down", "critical", "warning", "info", "unknown", "well"]
    subjects: tuple[Subject, ...] = Field(description="What is not well; the first is what the verdict is about")
    unknown: tuple[NotVisible, ...] = Field(description="What could not be told, and why")
    cause: str = Field(description="Why the server does not answer; empty if it does")
    remedy: str
    watched: str = Field(description="What was looked at, in a sentence")


class Events(Answer):
    """A page of what happened, latest first."""

    since: Moment
    until: Moment
    total: int
    limit: int
    offset: int
    events: tuple[Event, ...]


class Health(Answer):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(Answer):
    """Whether every target was tried, whatever came of it; and why the store cannot be written or looked after, null
    while it can."""

    ready: bool
    targets: Mapping[str, Condition]
    store: str | None


class LiveSample(Answer):
    """The stream's `sample`: active sessions by wait class at one moment. A class not named has none."""

    kind: Literal["sample"] = "sample"
    target: str
    ts: Moment
    active: Mapping[WaitClass, int]


class LivePass(Answer):
    """The stream's `pass`: a pass was kept, so what is asked now answers with it."""

    kind: Literal["pass"] = "pass"
    target: str
    ts: Moment
    probes: tuple[str, ...] = Field(description="Probes that brought something")
    failed: tuple[str, ...] = Field(description="Probes that were asked and brought nothing")


class LiveState(Answer):
    """The stream's `state`: sent on connecting, and on every change."""

    kind: Literal["state"] = "state"
    target: str
    state: State


LiveEvent = Annotated[LiveSample | LivePass | LiveState, Field(discriminator="kind")]
"""What `data:` of the live stream holds; `event:` bears the same word as `kind`."""
