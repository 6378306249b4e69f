"""Packs made for a test: folders with the text that the test gives, and a probe that is right as a start."""

from collections.abc import Mapping
from pathlib import Path

from pgvigil.catalog import Catalog, Probe, load

PACK = 'name = "toys"\nsummary = "Probes of a test"\n'

COUNTERS = """
summary = "A toy that counts"
shape = "counters"
every = "10s"
deadline = "250ms"
cost = "nothing"
key = ["name"]

[columns.name]
kind = "key"
type = "text"
privacy = "name"
help = "What is counted"

[columns.hits]
kind = "counter"
type = "int8"
unit = "1"
help = "How often"
"""
COUNTERS_SQL = {"14.sql": "select 'a'::text as name, 1::int8 as hits\n"}

PLACED = """
summary = "A toy that counts in every database"
shape = "counters"
scope = "database"
every = "2s"
deadline = "500ms"
cost = "nothing"
key = ["dbid"]

[columns.dbid]
kind = "key"
type = "oid"
help = "Where"

[columns.hits]
kind = "counter"
type = "int8"
unit = "1"
help = "How often"
"""

SAMPLES = """
summary = "A toy that is sampled"
shape = "samples"
on = "sampler"
deadline = "250ms"
cost = "nothing"
key = ["state"]

[signals.busy]
column = "state"
values = ["active"]
help = "Sessions that work"

[columns.state]
kind = "key"
type = "text"
privacy = "word"
help = "What it does"

[columns.age]
kind = "gauge"
type = "float8"
unit = "s"
rollup = "max"
help = "For how long"
"""
SAMPLES_SQL = {"14.sql": "select 'active'::text as state, 1.0::float8 as age"}


def write_pack(root: Path, probes: Mapping[str, tuple[str, Mapping[str, str]]], pack: str = PACK) -> Path:
    """A pack below `root`; each probe is its probe.toml and its SQL files by name."""
    directory = root / "toys"
    directory.mkdir()
    (directory / "pack.toml").write_text(pack)
    for name, (declaration, files) in probes.items():
        folder = directory / "probes" / name
        folder.mkdir(parents=True)
        (folder / "probe.toml").write_text(declaration)
        for file, text in files.items():
            (folder / file).write_text(text)
    return directory


def load_toys(root: Path, probes: Mapping[str, tuple[str, Mapping[str, str]]], pack: str = PACK) -> Catalog:
    """The catalog of such a pack alone."""
    return load([write_pack(root, probes, pack)])


def load_toy(root: Path, declaration: str = COUNTERS, files: Mapping[str, str] = COUNTERS_SQL) -> Probe:
    """The only probe of such a pack, named toy."""
    root.mkdir(exist_ok=True)
    return load_toys(root, {"toy": (declaration, files)}).probes["toy"]
