"""A Chromium to drive: the system's, or the one that tools/servers.py unpacked."""

import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from pgvigil.sandbox.binaries import cache_directory
from pgvigil.sandbox.environment import clean_environment

MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", MAC_CHROME)
LINE = {
    ("linux", "x86_64"): "make servers",
    ("darwin", "arm64"): "brew install --cask google-chrome",
}.get((sys.platform, platform.machine()), "sudo apt install chromium")
"""What installs one here."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


Found = tuple[Path, Mapping[str, str]]
"""The program and the environment it needs."""


def find_chromium() -> Found | None:
    """One to drive; None where there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found), clean_environment()
    own = cache_directory() / "servers" / "chromium"
    if not (own / "chromium").is_file():
        return None
    beside = {"LD_LIBRARY_PATH": str(own / "lib"), "FONTCONFIG_PATH": str(own / "fonts")}
    return own / "chromium", clean_environment(beside)


@contextmanager
def launched(found: Found) -> Iterator[Browser]:
    """It, headless, until the context ends. As long as it is open, this thread is in its event loop."""
    executable, environment = found
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS), env=dict(environment))
        yield browser
        browser.close()
