"""Definitions as folders: `<pack>/<kind>s/<name>/<kind>.toml`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgvigil.catalog.errors import CatalogError, wrong
from pgvigil.catalog.section import Section, is_name, read


@dataclass(frozen=True, slots=True)
class Folder:
    """A definition that was found: where, in which pack, and what its TOML file holds."""

    directory: Path
    pack: str
    section: Section

    @property
    def name(self) -> str:
        """The name of what is defined."""
        return self.directory.name


def folders(pack: Path, kind: str) -> Iterator[Folder]:
    """Every definition of a kind (`probe`, `lint`, `rule`, `panel`) in a pack, by name; raises CatalogError where a
    folder is none, or bears no name."""
    parent = pack / f"{kind}s"
    for directory in sorted(parent.iterdir()) if parent.is_dir() else []:
        if directory.is_dir():
            yield Folder(directory, pack.name, _declaration(directory, kind))


def definitions(packs: Sequence[Path], kind: str) -> Iterator[Folder]:
    """Every definition of a kind in all packs; raises CatalogError too where two packs have one of the same name."""
    found: dict[str, str] = {}
    for pack in packs:
        for folder in folders(pack, kind):
            if folder.name in found:
                raise CatalogError(f"{pack}: the {kind} {folder.name} is in pack {found[folder.name]} already")
            found[folder.name] = folder.pack
            yield folder


def _declaration(directory: Path, kind: str) -> Section:
    file = f"{kind}.toml"
    if not (directory / file).is_file():
        raise CatalogError(f"{directory} is not a {kind}: it holds no {file}")
    if not is_name(directory.name):
        raise wrong(directory, "the folder's name", directory.name, "lower-case letters, digits and underscores")
    return read(directory / file)
