"""Wait events: what a session waits for, in plain words.

    <pack>/waits.toml    [[wait]] with type, name, means, and todo where there is something to be done

A pack need not have one. Servers that are older or newer, and extensions, have events that stand in no pack.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pgvigil.catalog.loader import SHIPPED
from pgvigil.catalog.section import Section, read

FILE = "waits.toml"


class WaitType(StrEnum):
    """A `wait_event_type` as PostgreSQL spells it."""

    ACTIVITY = "Activity"
    BUFFER_PIN = "BufferPin"
    CLIENT = "Client"
    EXTENSION = "Extension"
    IO = "IO"
    IPC = "IPC"
    LWLOCK = "LWLock"
    LOCK = "Lock"
    TIMEOUT = "Timeout"


@dataclass(frozen=True, slots=True)
class WaitEvent:
    """A wait event; `todo` is the usual cause and the first thing to do, None where there is nothing to say."""

    type: WaitType
    name: str
    means: str
    todo: str | None


def load_waits(packs: Sequence[Path] = SHIPPED) -> Mapping[tuple[str, str], WaitEvent]:
    """All wait events of these packs by type and name, in this order; raises CatalogError at the first wrong one."""
    found: dict[tuple[str, str], WaitEvent] = {}
    files: dict[tuple[str, str], Path] = {}
    for section in _sections(packs):
        event = _read(section)
        key = (event.type, event.name)
        if key in found:
            raise section.wrong(
                "name", f"one entry for each event: {event.type} {event.name} is in {files[key]} already"
            )
        found[key], files[key] = event, section.file
    return dict(sorted(found.items()))


def _sections(packs: Sequence[Path]) -> Iterator[Section]:
    for pack in packs:
        if (pack / FILE).is_file():
            section = read(pack / FILE)
            section.allow(("wait",))
            yield from section.sections("wait")


def _read(section: Section) -> WaitEvent:
    section.allow(("type", "name", "means", "todo"))
    return WaitEvent(
        type=section.one_of("type", WaitType),
        name=section.text("name"),
        means=section.text("means"),
        todo=section.maybe_text("todo"),
    )
