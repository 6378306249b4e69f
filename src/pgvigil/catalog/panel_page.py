"""The reference page of the panels: every word that a panel says, as the page says it too."""

from collections.abc import Iterable, Iterator

from pgvigil.catalog.panels import Drawing, Panel

_INTRODUCTION = """\
A panel is a folder with `panel.toml` and, where it is drawn over time, `panel.sql`; what the page says about it, its
info button included, and this page are made from them. A value is the sum of one thing over the sum of another, never
a mean of means; a step of which nothing was read has no value. The panels with a *tile* are the vitals at the top of
Overview: their one number over the span, compared with another span.
"""


def page(panels: Iterable[Panel], made: str) -> str:
    """The whole page; `made` says by what."""
    return "\n".join(_page(panels, made)) + "\n"


def _page(panels: Iterable[Panel], made: str) -> Iterator[str]:
    yield from ("# Panels", "", made, "", _INTRODUCTION)
    for panel in panels:
        yield from (f"## {panel.name}", "", f"**{panel.title}** ({panel.why}).", "", panel.means, "")
        yield "Usual causes:"
        yield ""
        yield from (f"- {cause}" for cause in panel.causes)
        yield from ("", f"What to do: {panel.todo}", "")
        yield f"- from: {'; '.join(panel.source)}"
        yield f"- how it is computed: {panel.computed}"
        if panel.drawing is not None:
            yield from (f"- {what}: {told}" for what, told in _drawn(panel.drawing))
        yield f"- shown: {panel.page}, {panel.kind}, pack {panel.pack}"
        yield ""


def _drawn(drawing: Drawing) -> Iterator[tuple[str, str]]:
    yield "series", "; ".join(f"*{series.title}*: {series.help}" for series in drawing.series)
    yield "unit", f"{drawing.unit}; better: {drawing.better}"
    if drawing.tile is not None:
        yield "tile", drawing.tile
    if drawing.limit is not None:
        less = "".join(f" less {name}" for name in drawing.limit.less)
        of = "the target's cpus" if drawing.limit.cpus else f"{drawing.limit.setting}{less}"
        yield "line", f"{drawing.limit.title}: {of}"
    probes = [f"`{name}`" for name in drawing.probes] + [f"`{name}` where it is visible" for name in drawing.also]
    yield "probes", ", ".join(probes) or "none: the passes themselves"
