"""Flags win over the environment over the file over the default, asked of the commands themselves."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pgvigil.cli import serve
from pgvigil.cli.config import Config
from pgvigil.cli.main import main
from pgvigil.cli.settings import SETTINGS

DSN = "postgresql://u@127.0.0.1:1/x"
FLAGGED = {
    "--store": ("store.url", "duckdb:///file", "duckdb:///environment", "duckdb:///flag"),
    "--listen": ("serve.listen", "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"),
    "--log-level": ("log.level", "debug", "warning", "error"),
}
"""Each flag with its setting and a value for the file, the environment and the flag."""

Served = Callable[..., Config]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Served]:
    """What `pgvigil serve` with these arguments would run with, in a directory of its own."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.chdir(tmp_path)
    taken: list[Config] = []

    async def keep(config: Config, _: Any) -> None:
        taken.append(config)

    monkeypatch.setattr(serve, "run", keep)

    def run(*arguments: str, **environment: str) -> Config:
        with monkeypatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["pgvigil", "serve", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        assert ended.value.code == 0
        return taken.pop()

    yield run
    root.handlers, root.level = handlers, level


def test_every_setting_with_a_flag_is_an_option_of_serve() -> None:
    assert {setting.flag: setting.name for setting in SETTINGS if setting.flag} == {
        flag: name for flag, (name, *_) in FLAGGED.items()
    }
    application = typer.Typer()
    application.command()(serve.serve)
    options = {option for parameter in typer.main.get_command(application).params for option in parameter.opts}
    assert set(FLAGGED) <= options


@pytest.mark.parametrize("flag", FLAGGED)
def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(
    flag: str, served: Served, tmp_path: Path
) -> None:
    name, in_file, in_environment, in_flag = FLAGGED[flag]
    setting = next(setting for setting in SETTINGS if setting.name == name)
    assert served(DSN)[name] == setting.default
    (tmp_path / "pgvigil.toml").write_text(f'[{setting.section}]\n{setting.key} = "{in_file}"\n')
    assert served(DSN)[name] == setting.read(in_file)
    environment = {setting.variable: in_environment}
    assert served(DSN, **environment)[name] == setting.read(in_environment)
    assert served(DSN, flag, in_flag, **environment)[name] == setting.read(in_flag)


def test_the_file_is_that_of_the_flag_else_of_the_environment_else_of_the_directory(
    served: Served, tmp_path: Path
) -> None:
    for name in ("pgvigil", "environment", "flag"):
        (tmp_path / f"{name}.toml").write_text(f"[[target]]\nname = '{name}'\ndsn = '{DSN}'\n")

    def watched(config: Config) -> list[str]:
        return [target.name for target in config.targets]

    given = {"PGVIGIL_CONFIG": "environment.toml"}
    assert watched(served()) == ["pgvigil"]
    assert watched(served(**given)) == ["environment"]
    assert watched(served("--config", "flag.toml", **given)) == ["flag"]
    assert watched(served(**given, PGVIGIL_TARGET_DSN="postgresql://host/x")) == ["host"]
    command_line = served(DSN, **given, PGVIGIL_TARGET_DSN="postgresql://host/x", PGVIGIL_TARGET_CPUS="3")
    assert [(target.name, target.cpus) for target in command_line.targets] == [("x", 3.0)]
