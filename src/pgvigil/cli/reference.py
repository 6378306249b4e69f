"""The reference pages that are made from the code: settings and routes.

`python -m pgvigil.cli.reference` writes them, with `--check` it only says which are not up to date.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pgvigil.cli.settings import DAY, SETTINGS, TARGET_SETTINGS, Setting
from pgvigil.cli.version import VERSION
from pgvigil.serve.app import create_app

MADE = "<!-- Made by `python -m pgvigil.cli.reference`; do not edit. -->"


def pages() -> Mapping[str, str]:
    """The generated pages by their path below docs/reference."""
    return {"configuration.md": configuration(), "api.md": api()}


def configuration() -> str:
    """The page of all settings."""
    return "\n".join(_configuration()) + "\n"


def _configuration() -> Iterator[str]:
    yield from ("# Configuration", "", MADE, "")
    yield "One TOML file (`--config FILE`, else `PGVIGIL_CONFIG`, else `pgvigil.toml` in the working directory), or the"
    yield "environment alone. Flags win over the environment, the environment over the file, the file over the default."
    yield "Wherever a secret is wanted, `env:NAME` and `file:PATH` stand for one that is kept elsewhere."
    for section in dict.fromkeys(setting.section for setting in SETTINGS):
        yield from ("", f"## [{section}]", "")
        yield from _table([setting for setting in SETTINGS if setting.section == section])
    yield from (
        "",
        "## [[target]]",
        "",
        "Once for each server. Servers given on the command line stand for all of these.",
        "",
    )
    yield from _table(TARGET_SETTINGS)


def _table(settings: Sequence[Setting]) -> Iterator[str]:
    yield "| setting | variable | allowed | default | what it does |"
    yield "|---|---|---|---|---|"
    for setting in settings:
        flag = f" (`{setting.flag}`)" if setting.flag else ""
        cells = (
            f"`{setting.key}`{flag}",
            f"`{setting.variable}`",
            setting.allowed,
            _default(setting.default),
            setting.help,
        )
        yield f"| {' | '.join(cells)} |"


def _default(value: Any) -> str:
    if value is None or value in ((), {}):
        return "-"
    if isinstance(value, tuple):
        return ", ".join(f"`{word}`" for word in value)
    if isinstance(value, float) and value >= 2 * DAY:
        return f"`{value / DAY:g}d`"
    return f"`{value}`"


def api() -> str:
    """The page of all routes."""
    return "\n".join(_api()) + "\n"


def _api() -> Iterator[str]:
    yield from ("# API", "", MADE, "")
    yield "JSON over HTTP, on loopback only. `pgvigil openapi` prints the whole contract, with every model; a running"
    yield "pgvigil serves it at `/api/v1/openapi.json`. A moment is a number of seconds since the epoch, what is not"
    yield "known is null, and every answer that is not a success has the shape of `Problem`: a word, a sentence, the"
    yield "parameter that was wrong."
    yield from ("", "| route | parameters | answer |", "|---|---|---|")
    for path, methods in create_app(None, VERSION).openapi()["paths"].items():
        for method, operation in methods.items():
            parameters = ", ".join(f"`{parameter['name']}`" for parameter in operation.get("parameters", ()))
            yield f"| `{method.upper()} {path}` | {parameters or '-'} | {_one_line(operation.get('description', ''))} |"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def main(arguments: Sequence[str]) -> int:
    """Write the pages into docs/reference, or with `--check` compare; 1 if one is not up to date."""
    directory = Path("docs/reference")
    stale = [name for name, text in pages().items() if not _same(directory / name, text)]
    if "--check" in arguments:
        for name in stale:
            sys.stderr.write(f"docs/reference/{name} is not up to date: run python -m pgvigil.cli.reference\n")
        return 1 if stale else 0
    directory.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (directory / name).write_text(pages()[name], encoding="utf-8")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
