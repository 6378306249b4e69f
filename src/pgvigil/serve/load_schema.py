"""The models of the load in slices."""

from pydantic import Field

from pgvigil.analyse.load import Dimension
from pgvigil.serve.panel_models import Interval
from pgvigil.serve.schema import CHART_GAPS, Answer, Gap, Moment, NotVisible
from pgvigil.serve.statement_schema import ClassShare


class WaitEvent(Answer):
    """What a session waits for, in plain words."""

    event: str = Field(description="As the load names it, class:event")
    means: str
    todo: str | None = Field(description="The usual cause and the first thing to do; null where there is none to tell")


class WaitEvents(Answer):
    """Every wait event of PostgreSQL 14 to 18 that is explained."""

    events: tuple[WaitEvent, ...]


class LoadCourse(Answer):
    """A slice over time."""

    name: str | None = Field(description="Empty where what is sliced by has none; null for all after the largest")
    values: tuple[float | None, ...] = Field(description="Sessions on average; null where no sample was taken")


class LoadSlice(Answer):
    """Sessions that have something in common."""

    name: str | None = Field(description="Empty where what is sliced by has none; null for all after the largest")
    text: str | None = Field(description="Of a statement, without literals, its first 300 letters")
    load: float = Field(description="Sessions on average")
    share: float = Field(description="Of all that fit the filters, 0..1")
    by_class: tuple[ClassShare, ...]


class LoadTop(Answer):
    """The largest slices of a dimension."""

    dimension: Dimension
    names: int = Field(description="How many slices there are")
    slices: tuple[LoadSlice, ...]


class Load(Answer):
    """The sessions of a span that fit the filters, sliced by one dimension over time and by each over the whole."""

    since: Moment
    until: Moment
    step: float = Field(description="Seconds between two moments of ts")
    ts: tuple[Moment, ...] = Field(description="The ends of the steps, oldest first")
    by: Dimension
    courses: tuple[LoadCourse, ...] = Field(description="The largest first, all after them last")
    read: tuple[bool, ...] = Field(description="Whether samples were taken in the step")
    samples: int = Field(description="How many samples were taken")
    average: float | None = Field(description="Sessions on average over the span; null without a sample")
    tops: tuple[LoadTop, ...]
    compared: Interval | None
    before: tuple[float | None, ...] | None = Field(description="The whole over the compared span, on the same steps")
    limit: float | None = Field(description="The CPUs of the server as configured")
    gaps: tuple[Gap, ...] = Field(description=f"The latest {CHART_GAPS} at most, oldest first")
    gaps_total: int
    not_visible: NotVisible | None
