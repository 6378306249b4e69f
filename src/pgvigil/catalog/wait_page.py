"""The reference page of the wait events: every word that is said about one, by type."""

from collections.abc import Iterator, Mapping

from pgvigil.catalog.waits import WaitEvent, WaitType

_INTRODUCTION = """\
An active session of PostgreSQL is on the CPU or waits for something; for what, `pg_stat_activity` tells by a type and a
name. Here is what each of them means, and for those that people meet the usual cause and the first thing to do. Names
of PostgreSQL 14 to 18: since 17 many are spelled in another way (`WALSync` became `WalSync`), and both stand here. What
an extension waits for may have a name that is not here.

Words that return: the *write-ahead log* is where every change is stored first, so that none is lost in a crash; a
*checkpoint* writes what has changed in memory to the files of tables and indexes; a *standby* is a copy of the server
(the *primary*) that applies its write-ahead log; *workers* are processes that help with one query; a *cache* keeps in
memory what was read from disk.
"""
_TYPES: Mapping[WaitType, str] = {
    WaitType.ACTIVITY: "A process of the server has nothing to do. It is normal, and not counted as load.",
    WaitType.BUFFER_PIN: "A page in memory is in use by another session.",
    WaitType.CLIENT: "The other end of a connection has to send or take something first.",
    WaitType.EXTENSION: "An extension waits, in a way of its own.",
    WaitType.IO: "A file is being read or written.",
    WaitType.IPC: "Another process of the server has to do something first.",
    WaitType.LWLOCK: "A part of the server's memory is in use by another session, each time for a very short while.",
    WaitType.LOCK: "Another session holds a lock on a row, a table or the like, mostly until its transaction ends.",
    WaitType.TIMEOUT: "A time has to pass.",
}


def page(events: Mapping[tuple[str, str], WaitEvent], made: str) -> str:
    """The whole page; `made` says by what."""
    return "\n".join(_page(events, made)) + "\n"


def _page(events: Mapping[tuple[str, str], WaitEvent], made: str) -> Iterator[str]:
    yield from ("# Wait events", "", made, "", _INTRODUCTION.rstrip("\n"))
    for kind in WaitType:
        yield from ("", f"## {kind}", "", _TYPES[kind], "")
        yield from ("| name | what it means | what to do |", "|---|---|---|")
        for event in events.values():
            if event.type is kind:
                yield f"| `{event.name}` | {event.means} | {event.todo or ''} |"
