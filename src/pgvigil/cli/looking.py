"""`pgvigil check` and `pgvigil doctor`: one look at a server, without a store."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pgvigil.catalog import SHIPPED, invisible, load
from pgvigil.catalog.lints import load_lints
from pgvigil.cli.config import TargetConfig
from pgvigil.cli.options import ConfigFile, Dsn, configuration
from pgvigil.cli.patience import patience
from pgvigil.collect.logcost import LogCost
from pgvigil.collect.looking import Examination, Look, examine, look
from pgvigil.model import Capabilities, Finding, Invisible, PgvigilError, Severity, Target
from pgvigil.pg import ConnectError, role_sql

WELL, FINDINGS = 0, 1

Json = Annotated[bool, typer.Option("--json", help="Print JSON")]


def check(dsn: Dsn, as_json: Json = False, config: ConfigFile = None) -> None:
    """Look at a server once: exit code 0 if it is well, 1 if there are findings, 2 if nobody could look."""
    try:
        seen = _looked(dsn, config)
    except PgvigilError as error:
        if as_json:
            typer.echo(json.dumps(_failure(error), indent=2))
        raise
    typer.echo(json.dumps(_as_json(seen), indent=2) if as_json else "\n".join(_report(seen)))
    worst = max((finding.severity for finding in seen.findings), default=Severity.INFO)
    raise typer.Exit(FINDINGS if worst > Severity.INFO else WELL)


def _looked(dsn: str, config: Path | None) -> Look:
    found = configuration(config, dsns=[dsn])
    packs = (*SHIPPED, *found["catalog.packs"])
    catalog, lints = load(packs), load_lints(packs)
    with patience(f"looking at {found.targets[0].name}"):
        return asyncio.run(look(_target(found.targets[0]), catalog, lints.values()))


def _failure(error: PgvigilError) -> dict[str, str]:
    """Why nobody could look, for programs."""
    if isinstance(error, ConnectError):
        return {"error": error.cause, "remedy": error.remedy}
    return {"error": str(error), "remedy": ""}


def doctor(dsn: Dsn, config: ConfigFile = None) -> None:
    """Say what pgvigil can see of a server, what not, what that costs, and the SQL that mends it."""
    found = configuration(config, dsns=[dsn])
    catalog = load((*SHIPPED, *found["catalog.packs"]))
    with patience(f"examining {found.targets[0].name}"):
        seen = asyncio.run(examine(_target(found.targets[0]), catalog))
    typer.echo("\n".join(_examination(seen, invisible(catalog, seen.capabilities))))


def _target(config: TargetConfig) -> Target:
    return Target(0, config.name, config.dsn, config.cpus, config.labels, config.sslmode, config.sslrootcert)


def _server(capabilities: Capabilities) -> str:
    role = "standby" if capabilities.in_recovery else "primary"
    way = "through a pooler" if capabilities.pooled else "directly"
    return (
        f"PostgreSQL {capabilities.version}, {role}, database {capabilities.database}, "
        f"as {capabilities.role}, reached {way}"
    )


def _as_json(seen: Look) -> dict[str, Any]:
    capabilities = seen.capabilities
    return {
        "server": {
            "version": capabilities.version,
            "role": "standby" if capabilities.in_recovery else "primary",
            "database": capabilities.database,
            "user": capabilities.role,
            "pooled": capabilities.pooled,
            "databases": seen.databases,
        },
        "well": all(finding.severity is Severity.INFO for finding in seen.findings),
        "findings": [{**asdict(it), "severity": it.severity.name.lower()} for it in seen.findings],
        "failed": [asdict(it) for it in seen.failed],
        "not_visible": [asdict(it) for it in seen.hidden],
        "notes": seen.notes,
    }


def _report(seen: Look) -> Iterator[str]:
    yield _server(seen.capabilities)
    yield from (f"Note: {note}" for note in seen.notes)
    yield ""
    if not seen.findings:
        yield f"Nothing found, in {len(seen.databases)} database{'s' if len(seen.databases) != 1 else ''}."
    for finding in seen.findings:
        yield from _finding(finding)
    if seen.failed:
        yield from ("", "Not answered, so nothing is known of it:")
        yield from (line for it in seen.failed for line in _hidden(it))
    if seen.hidden:
        yield from ("", "Not visible, so not looked at:")
        yield from (line for it in seen.hidden for line in _hidden(it))


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity.name.lower()}: {finding.title}"
    yield f"  {finding.detail}"
    yield f"  What to do: {finding.remedy}"


def _hidden(found: Invisible) -> Iterator[str]:
    yield f"  {found.what}: {found.reason}"
    for line in (found.remedy or "").splitlines():
        yield f"      {line}"


def _examination(seen: Examination, unseen: Sequence[Invisible]) -> Iterator[str]:
    yield _server(seen.capabilities)
    yield from (f"Note: {note}" for note in seen.notes)
    yield from ("", "Visible:")
    for trial in seen.trials:
        if trial.rows is not None:
            yield f"  {trial.probe:<18} {trial.summary} ({trial.rows} rows, {trial.milliseconds:.1f} ms)"
    hidden = [*unseen, *(Invisible(it.probe, it.reason or "") for it in seen.trials if it.rows is None)]
    yield from ("", "Not visible:" if hidden else "Nothing is hidden.")
    yield from (line for it in hidden for line in _hidden(it))
    yield ""
    yield from _log_cost(seen.log_cost)
    yield from ("", "A role with no more rights than pgvigil needs:", "")
    yield from (f"  {line}" for line in role_sql("pgvigil").splitlines())


def _log_cost(found: LogCost | None) -> Iterator[str]:
    if found is None:
        yield "Log: the settings we may read do not make the server log our statements."
        return
    yield f"Log: {found.reason}"
    yield "This stops it for our role (superusers only):"
    yield from (f"  {line}" for line in found.remedy.splitlines())
