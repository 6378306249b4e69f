"""The reference pages that are made from the code: settings, routes, tables of the store, lints and rules.

`python -m pgvigil.cli.reference` writes them, with `--check` it only says which are not up to date.
"""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pgvigil.catalog import Catalog
from pgvigil.catalog import load as load_catalog
from pgvigil.catalog.lints import Lint, load_lints
from pgvigil.catalog.rules import load_rules
from pgvigil.catalog.types import Scope, Shape
from pgvigil.cli.opening import SYSTEM
from pgvigil.cli.settings import SETTINGS, TARGET_SETTINGS, Setting, in_words
from pgvigil.cli.version import VERSION
from pgvigil.model import Secret
from pgvigil.serve.app import create_app
from pgvigil.store import Store, open_store

_FIELD = re.compile(r"\{(\w+)(?::([^}]*))?\}")
MADE = "<!-- Made by `python -m pgvigil.cli.reference`; do not edit. -->"


def pages() -> Mapping[str, str]:
    """The generated pages by their path below docs/reference."""
    lines = {
        "configuration.md": _configuration(),
        "api.md": _api(),
        "store.md": _tables(),
        "lints.md": _lints(),
        "rules.md": _rules(),
    }
    return {name: "\n".join(page) + "\n" for name, page in lines.items()}


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
        "Once for each server. Servers given on the command line, or PGVIGIL_TARGET_DSN, stand for all of these.",
        "The variables are of one server: that of PGVIGIL_TARGET_DSN, or the one given on the command line, for which",
        "all others hold too. Several servers on the command line and a variable other than PGVIGIL_TARGET_DSN do not",
        "go together.",
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
            _default(setting),
            setting.help,
        )
        yield f"| {' | '.join(cells)} |"


def _default(setting: Setting) -> str:
    value = setting.default
    if setting.name == "store.url":
        return f"`duckdb://{SYSTEM}/pgvigil.db`"
    if value is None or value in ((), {}):
        return "-"
    if isinstance(value, tuple):
        return ", ".join(f"`{word}`" for word in value)
    if setting.name.startswith("store.keep"):
        return f"`{in_words(value)}`"
    return f"`{value}`"


def _api() -> Iterator[str]:
    yield from ("# API", "", MADE, "")
    yield "JSON over HTTP, on loopback only. `pgvigil openapi` prints the whole contract, with every model; a running"
    yield "pgvigil serves it at `/api/v1/openapi.json`. A moment is a number of seconds since the epoch, what is not"
    yield "known is null, and every answer that is not a success has the shape of `Problem`: a word, a sentence, the"
    yield "parameter that was wrong; but for the 503 of `/readyz`, which tells the targets that were not tried yet."
    yield "`HEAD` is answered as `GET` would be."
    yield from ("", "| route | parameters | answer |", "|---|---|---|")
    for path, methods in create_app(None, VERSION).openapi()["paths"].items():
        for method, operation in methods.items():
            parameters = ", ".join(f"`{parameter['name']}`" for parameter in operation.get("parameters", ()))
            yield f"| `{method.upper()} {path}` | {parameters or '-'} | {_one_line(operation.get('description', ''))} |"


BUILT_IN = {
    "targets": "The watched servers, each with the number that all other tables know it by.",
    "incarnations": "What stood behind a target's address, one after the other: OIDs and queryids hold within one.",
    "passes": "A row per probe and pass: how it fared, how long it took us, how many rows it brought, and for "
    "`sessions` how many samples were taken. In coarser tiers one per probe and outcome, `runs` telling how many.",
    "events": "What happened: restarts, resets, evictions, changed settings, failovers; before and after.",
    "gaps": "Intervals in which the counters of a probe moved unseen, or may have, and why.",
}
"""The tables that no probe declares."""


def _tables() -> Iterator[str]:
    yield from ("# The store's tables", "", MADE, "")
    yield "What `pgvigil sql` reads. These names are a public interface: they change only with a line in the changelog."
    yield "Every table that bears a probe's name is a view that counts each moment once: readings as they were read"
    yield "while these are kept, before that the minutes, before that the hours. So `sum(calls)` of whole hours is"
    yield "right at any age; where only minutes or hours are kept, a row counts at the end of its minute or hour."
    yield from (
        "",
        '    pgvigil sql "select sum(calls) from statements where ts > (select max(ts) from passes) - interval 1 hour"',
        "",
    )
    yield "`ts` is the end of an interval of `secs` seconds, UTC. Texts are joined by the columns of the same name:"
    yield from ("", "    select text, sum(calls) from statements join queries using (target, incarnation, queryid)")
    yield from ("    group by text order by 2 desc limit 10", "")
    yield "A *steady* column is NULL where it is as it was before, within the hour; to carry it forward:"
    yield from ("", "    select ts, queryid, last_value(stats_since ignore nulls)")
    yield "    over (partition by target, incarnation, userid, dbid, queryid, toplevel order by ts) from statements"
    yield ""
    yield "Load, in average active sessions, is `sum(samples)` of the active rows of `sessions` over `sum(samples)` of"
    yield "the rows of `passes` whose `probe` is `sessions`. What a column means: [the probes](probes.md)."
    with tempfile.TemporaryDirectory() as directory:
        catalog = load_catalog()
        store = open_store(f"duckdb://{directory}/x.db", Secret("only for this page"), catalog)
        try:
            for name, help_ in (*BUILT_IN.items(), *_probe_tables(catalog)):
                yield from ("", f"## {name}", "", help_, "", _columns(store, name))
        finally:
            store.close()


def _probe_tables(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Every table that follows from a probe, with what it is."""
    dimensions: dict[str, list[str]] = {}
    for probe in catalog.probes.values():
        if probe.dimension:
            dimensions.setdefault(probe.dimension, []).append(probe.name)
        if probe.kept and probe.shape is not Shape.DIMENSION:
            yield probe.name, f"{probe.summary}."
    for name, probes in dimensions.items():
        yield name, f"Texts and names, kept once, told by {' and '.join(f'`{probe}`' for probe in probes)}."


def _columns(store: Store, table: str) -> str:
    return ", ".join(f"`{name}` {type_.lower()}" for name, type_ in store.columns(table).items())


def _lints() -> Iterator[str]:
    yield from ("# Lints", "", MADE, "")
    yield "What `pgvigil check` asks of a server, once: every row of an answer is a finding, with a severity, what it"
    yield "is about, a sentence and what to do. A lint is a folder with `lint.toml` and SQL files."
    for lint in load_lints().values():
        yield from ("", f"## {lint.name}", "", f"**{lint.title}.** {lint.help}", "")
        yield f"- what to do: {lint.todo}"
        yield f"- when, and why then: {lint.source}"
        yield f"- asked: {_where(lint)}, pack {lint.pack}; SQL for PostgreSQL from {', '.join(map(str, lint.queries))}"


def _rules() -> Iterator[str]:
    yield from ("# Rules", "", MADE, "")
    yield "What the verdict at the top of Overview is made of: questions to the store, asked about the latest seconds."
    yield "Every row of an answer is something that is not as it should be, as bad as the highest threshold that its"
    yield "value reaches. The worst is told first; what another rule explains comes behind that one. A rule whose"
    yield "probes cannot be read is not asked, and the verdict says that it cannot tell. A rule is a folder with"
    yield "`rule.toml` and `rule.sql`."
    for rule in load_rules(load_catalog()).values():
        levels = ", ".join(f"{severity.name.lower()} from {value:g}" for severity, value in rule.thresholds.items())
        compared = f", compared with {in_words(rule.before)} before" if rule.before else ""
        yield from ("", f"## {rule.name}", "", f"**{rule.title}.** {rule.means}", "")
        yield f"- says: {_FIELD.sub(_named, ' '.join((rule.headline, *rule.details)))}"
        yield f"- usual causes: {'; '.join(_lowered(cause) for cause in rule.causes)}"
        yield f"- what to do: {_FIELD.sub(_named, rule.todo)}"
        yield f"- levels: {levels}. {rule.source}"
        probes = ", ".join(f"`{probe}`" for probe in rule.probes)
        yield f"- looks at: {probes} of the last {in_words(rule.window)}{compared}; pack {rule.pack}"
        if rule.explains:
            yield f"- explains: {', '.join(f'[{name}](#{name})' for name in rule.explains)}"


def _named(field: re.Match[str]) -> str:
    """A field of a sentence as *field*, and a count with its noun."""
    name, style = field[1], field[2] or ""
    return f"*{name}* {style.removeprefix('n ')}s" if style.startswith("n ") else f"*{name}*"


def _lowered(sentence: str) -> str:
    """Without a capital at its beginning, where that is not a word of its own."""
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]


def _where(lint: Lint) -> str:
    return "once for the server" if lint.scope is Scope.CLUSTER else "in every database"


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
