"""Wait events: what is wrong is named with its file and what is allowed; every event of a server has plain words."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from fix_servers import Database
from pgvigil.catalog import SHIPPED, CatalogError
from pgvigil.catalog.reference import MADE, WAITS_PAGE
from pgvigil.catalog.wait_page import page
from pgvigil.catalog.waits import FILE, WaitEvent, WaitType, load_waits
from toys import write_pack

ROOT = Path(__file__).parents[2]
WAITS = load_waits()
ONE = """
[[wait]]
type = "Lock"
name = "toy"
means = "Waits for a toy."
todo = "Share it."
"""
OTHER_WORDS = {
    "HashGrowBatchesAllocate": "HashGrowBatchesReallocate",
    "HashGrowBucketsAllocate": "HashGrowBucketsReallocate",
}
"""Until PostgreSQL 15, and since: names that differ in more than capitals."""


def write(root: Path, text: str) -> Path:
    root.mkdir(exist_ok=True)
    pack = write_pack(root, {})
    (pack / FILE).write_text(text)
    return pack


def refused(*packs: Path) -> str:
    with pytest.raises(CatalogError) as error:
        load_waits(packs)
    return str(error.value)


def test_an_event_is_found_by_type_and_name(tmp_path: Path) -> None:
    more = '[[wait]]\ntype = "IO"\nname = "ToyRead"\nmeans = "Waits to read a toy."\n'
    waits = load_waits([write(tmp_path, ONE + more)])
    assert list(waits) == [("IO", "ToyRead"), ("Lock", "toy")]
    assert waits["Lock", "toy"] == WaitEvent(WaitType.LOCK, "toy", "Waits for a toy.", "Share it.")
    assert waits["IO", "ToyRead"].todo is None


def test_a_pack_need_not_explain_any(tmp_path: Path) -> None:
    assert load_waits([write_pack(tmp_path, {})]) == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[wait]]", "[[waits]]", "key waits is not known; did you mean wait? allowed are wait"),
        ("[[wait]]", "[wait]", "; allowed is tables under [[wait]]"),
        ("todo", "tood", "key wait[0].tood is not known; did you mean wait[0].todo?"),
        ('means = "Waits for a toy."', "", "wait[0].means is missing; allowed is a text that is not empty"),
        ('"Waits for a toy."', '" "', "wait[0].means is ' '; allowed is a text that is not empty"),
        ('"Share it."', "3", "wait[0].todo is 3; allowed is a text that is not empty"),
        ('name = "toy"', "", "wait[0].name is missing; allowed is a text that is not empty"),
        ('type = "Lock"', "", "wait[0].type is missing; allowed is one of Activity, BufferPin, Client, "),
        ('"Lock"', '"lock"', "wait[0].type is 'lock'; allowed is one of Activity, BufferPin, Client, "),
        ('"toy"', '"toy', "not readable as TOML"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    pack = write(tmp_path, ONE.replace(old, new))
    told = refused(pack)
    assert told.startswith(f"{pack / FILE}: ")
    assert said in told


def test_an_event_is_explained_once(tmp_path: Path) -> None:
    alone = write(tmp_path / "alone", ONE)
    twice = write(tmp_path / "twice", ONE + ONE)
    said = "name is 'toy'; allowed is one entry for each event: Lock toy is in"
    assert refused(twice) == f"{twice / FILE}: wait[1].{said} {twice / FILE} already"
    assert refused(alone, twice) == f"{twice / FILE}: wait[0].{said} {alone / FILE} already"


def test_the_same_name_of_another_type_is_another_event(tmp_path: Path) -> None:
    assert len(load_waits([write(tmp_path, ONE + ONE.replace('"Lock"', '"LWLock"'))])) == 2


@pytest.mark.parametrize("pack", [pack for pack in SHIPPED if (pack / FILE).is_file()], ids=lambda pack: pack.name)
def test_entries_stand_by_type_and_name(pack: Path) -> None:
    entries = tomllib.loads((pack / FILE).read_text(encoding="utf-8"))["wait"]
    keys = [(entry["type"], entry["name"]) for entry in entries]
    assert keys == sorted(keys)


@pytest.mark.parametrize("kind", WaitType)
def test_sentences_are_short_and_whole(kind: WaitType) -> None:
    events = [event for event in WAITS.values() if event.type is kind]
    assert events
    for event in events:
        for sentence, longest in ((event.means, 150), (event.todo, 170)):
            if sentence is not None:
                assert len(sentence) <= longest, event
                assert re.fullmatch(r"[A-Za-z](?:[^!|\s]| (?! ))*\.", sentence), event


@pytest.mark.parametrize("kind", WaitType)
def test_only_another_spelling_of_an_event_has_the_same_words(kind: WaitType) -> None:
    by_words: dict[str, set[str]] = {}
    by_name: dict[str, set[tuple[str, str | None]]] = {}
    for event in WAITS.values():
        if event.type is kind:
            name = OTHER_WORDS.get(event.name, event.name).casefold()
            by_words.setdefault(event.means, set()).add(name)
            by_name.setdefault(name, set()).add((event.means, event.todo))
    assert {means: names for means, names in by_words.items() if len(names) > 1} == {}
    assert {name: words for name, words in by_name.items() if len(words) > 1} == {}


@pytest.mark.pg(17, 18)
def test_every_event_of_a_server_is_explained_in_words_of_our_own(database: Database) -> None:
    rows = database.execute("select type, name, description from pg_wait_events")
    told: Mapping[tuple[str, str], str] = {(kind, name): description for kind, name, description in rows}
    assert len(told) > 250
    assert sorted(told.keys() - WAITS.keys()) == []
    repeated = {key: WAITS[key].means for key in told if _plain(told[key]) in _plain(WAITS[key].means)}
    assert repeated == {}


def _plain(sentence: str) -> str:
    return " ".join(re.findall(r"\w+", sentence.casefold()))


def test_the_reference_is_up_to_date_and_tells_every_event() -> None:
    text = (ROOT / WAITS_PAGE).read_text(encoding="utf-8")
    assert text == page(WAITS, MADE), "run python -m pgvigil.catalog.reference"
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(sections) == sorted(WaitType)
    for event in WAITS.values():
        assert f"| `{event.name}` | {event.means} | {event.todo or ''} |" in sections[event.type]
