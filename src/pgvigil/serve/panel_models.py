"""The models of panels: the words of each, and its numbers over a span."""

from typing import Literal

from pydantic import Field

from pgvigil.catalog.panels import Better, Colour, PanelKind, Unit
from pgvigil.serve.schema import CHART_EVENTS, CHART_GAPS, Answer, Event, Gap, Moment, NotVisible


class SeriesDefinition(Answer):
    """A layer or a line of a panel."""

    key: str
    title: str
    help: str
    colour: Colour


class Drawn(Answer):
    """How the numbers of a panel are drawn over time."""

    kind: Literal["stacked", "lines"]
    unit: Unit
    better: Better
    series: tuple[SeriesDefinition, ...] = Field(description="From the lowest layer up")
    limit_title: str | None = Field(description="What its line is, such as CPUs; null where it has none")
    at_least: float = Field(description="The axis never ends below this")
    close_up: bool = Field(description="The axis begins near the least value, not at 0")


class PanelDefinition(Answer):
    """A panel and every word that is said about it."""

    name: str
    title: str
    why: str = Field(description="A short reason: what the number means and what is good")
    page: str
    means: str
    causes: tuple[str, ...] = Field(description="What usually moves it")
    todo: str
    source: tuple[str, ...] = Field(description="The server's views and columns that it comes from")
    computed: str
    drawn: Drawn | None = Field(description="Null where it is no chart: it is a list with a route of its own")


class Panels(Answer):
    """Every panel, in the order in which a page shows them."""

    panels: tuple[PanelDefinition, ...]


class PanelSeries(Answer):
    """The values of one series, one for each moment of `ts`; null where not known."""

    key: str
    values: tuple[float | None, ...]
    compared: tuple[float | None, ...] | None = Field(
        description="The same over the span it is compared with, at the same places; null where with none"
    )


class Interval(Answer):
    """A stretch of time."""

    since: Moment
    until: Moment


class PanelData(Answer):
    """The numbers of a panel over a span, rounded outwards to steps."""

    since: Moment
    until: Moment
    step: float = Field(description="Seconds between two moments of ts")
    ts: tuple[Moment, ...] = Field(description="The ends of the steps, oldest first")
    series: tuple[PanelSeries, ...]
    read: tuple[bool, ...] = Field(
        description="Whether anything was read in the step; where it was, a value that is null had nothing to measure"
    )
    compared: Interval | None = Field(description="The span of the compared values")
    limit: float | None = Field(description="The panel's line, in its unit; null where it has none or it is not known")
    uncertain: tuple[Interval, ...] = Field(description="Where part of it may belong to a reset, restart or eviction")
    gaps: tuple[Gap, ...] = Field(description=f"The latest {CHART_GAPS} at most, oldest first")
    gaps_total: int = Field(description="How many gaps touch the span")
    events: tuple[Event, ...] = Field(description=f"The latest {CHART_EVENTS} at most, latest first")
    events_total: int = Field(description="How many events there are in the span; all of them at `events`")
    not_visible: NotVisible | None


def kind(of: PanelKind) -> Literal["stacked", "lines"]:
    """How something is drawn over time."""
    return "stacked" if of is PanelKind.STACKED else "lines"
