from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pgvigil.cli.config import Config, TargetConfig, default_name, load
from pgvigil.cli.settings import DAY, SETTINGS, TARGET_SETTINGS, Setting, SettingError, duration, in_words
from pgvigil.model import Secret

# For every setting: a value for the file, the environment and the flag (all different), and a wrong one.
SAMPLES: Mapping[str, tuple[Any, str, str, Any]] = {
    "store.url": ("duckdb:///a/file.db", "duckdb:///an/environment.db", "duckdb:///a/flag.db", 5),
    "store.key": ("from the file, 16+", "from the environment", "from the flag, 16+", 7),
    "store.keep_raw": ("2h", "3h", "4h", "1s"),
    "store.keep_1m": ("2d", "3d", "4d", "fortnight"),
    "store.keep_1h": ("20d", "30d", "40d", "1h"),
    "serve.listen": ("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "0.0.0.0:8432"),
    "collect.tags": (["a"], "b", "c", 1),
    "collect.budget": (0.1, "0.2", "0.3", "cheap"),
    "catalog.packs": (["."], ".", "..", ["/no/such/directory"]),
    "log.level": ("debug", "warning", "error", "loud"),
}

TARGET_SAMPLES: Mapping[str, tuple[Any, str, Any]] = {
    "dsn": ("postgresql://file/x", "postgresql://environment/x", "not a url"),
    "name": ("file", "environment", "a name"),
    "cpus": (2, "3", -1),
    "labels": ({"env": "file"}, "env=environment", ["x"]),
    "sslmode": ("require", "verify-full", "strict"),
    "sslrootcert": ("/file.pem", "/environment.pem", 5),
}


def toml(values: Mapping[str, Any], section: str, key: str) -> str:
    value = values[key]
    body = (
        "{ " + ", ".join(f'{k} = "{v}"' for k, v in value.items()) + " }"
        if isinstance(value, dict)
        else repr(value).replace("'", '"')
    )
    return f"{section}\n{key} = {body}\n"


def configuration(path: Path, content: str, environment: Mapping[str, str] | None = None, **flags: str) -> Config:
    path.write_text(content)
    return load(file=path, environment=environment or {}, flags={k.replace("__", "."): v for k, v in flags.items()})


def test_every_setting_has_samples() -> None:
    assert set(SAMPLES) == {setting.name for setting in SETTINGS}
    assert set(TARGET_SAMPLES) == {setting.key for setting in TARGET_SETTINGS}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(setting: Setting, tmp_path: Path) -> None:
    in_file, in_environment, in_flag, _ = SAMPLES[setting.name]
    file = tmp_path / "pgvigil.toml"
    content = toml({setting.key: in_file}, f"[{setting.section}]", setting.key)
    environment = {setting.variable: in_environment}

    def value(config: Config) -> tuple[Any, str]:
        return config[setting.name], config.sources[setting.name]

    expected = [setting.read(raw) for raw in (in_file, in_environment, in_flag)]
    flagged = {setting.section + "__" + setting.key: in_flag}
    assert value(configuration(file, "")) == (setting.default, "default")
    assert value(configuration(file, content)) == (expected[0], "file")
    assert value(configuration(file, content, environment)) == (expected[1], "environment")
    assert value(configuration(file, content, environment, **flagged)) == (expected[2], "flag")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_a_wrong_value_names_the_setting_the_value_and_what_is_allowed(setting: Setting, tmp_path: Path) -> None:
    wrong = SAMPLES[setting.name][3]
    with pytest.raises(SettingError) as caught:
        configuration(tmp_path / "c.toml", toml({setting.key: wrong}, f"[{setting.section}]", setting.key))
    message = str(caught.value)
    assert setting.name in message
    assert setting.allowed in message
    assert ("(hidden)" if setting.secret else repr(wrong)) in message


@pytest.mark.parametrize("setting", TARGET_SETTINGS, ids=lambda s: s.key)
def test_every_setting_of_a_target_is_read_from_file_and_environment(setting: Setting, tmp_path: Path) -> None:
    in_file, in_environment, wrong = TARGET_SAMPLES[setting.key]
    dsn = {} if setting.key == "dsn" else {"PGVIGIL_TARGET_DSN": "postgresql://h/x"}
    file = tmp_path / "c.toml"
    written = toml({setting.key: in_file}, "[[target]]", setting.key)
    written += "" if setting.key == "dsn" else 'dsn = "postgresql://h/x"\n'
    assert getattr(configuration(file, written).targets[0], setting.key) == setting.read(in_file)
    from_environment = configuration(file, written, {**dsn, setting.variable: in_environment}).targets[0]
    assert getattr(from_environment, setting.key) == setting.read(in_environment)
    with pytest.raises(SettingError, match="allowed"):
        configuration(file, toml({setting.key: wrong}, "[[target]]", setting.key))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[stor]\nurl = 'x'", r"did you mean store\? allowed are catalog, collect, log, serve, store, target\."),
        ("[zzz]\nurl = 'x'", r"\[zzz\] is not known; allowed are catalog, collect, log, serve, store, target\."),
        ("[store]\nurI = 'x'", r"did you mean url\? allowed are url, key, keep_raw, keep_1m, keep_1h\."),
        ("[serve]\nzzz = 'x'", r"serve\.zzz is not known; allowed are listen\."),
        ("store = 1", "allowed: a table"),
        ("[[target]]\ndns = 'x'", r"did you mean dsn\? allowed are dsn, name, cpus, labels, sslmode,"),
        ("[target]\ndsn = 'x'", r"\[\[target\]\]"),
        ("[[target]]\nname = 'a'", "target a has no dsn"),
        ("[store]\nkeep_raw = '20d'", "store.keep_1m = 14d is shorter than store.keep_raw = 20d"),
        ("[store]\nkeep_1h = '7d'\nkeep_raw = '36h'", "store.keep_1h = 7d is shorter than store.keep_1m = 14d"),
        ("[[target]]\ndsn='postgresql://a/x'\n[[target]]\ndsn='postgresql://a/x'", "used twice"),
        ("[store", "not TOML"),
    ],
)
def test_an_unknown_or_misshapen_setting_says_what_was_meant(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=says):
        configuration(tmp_path / "c.toml", content)


def test_an_unknown_variable_is_refused_with_the_nearest_name_and_all_that_are_allowed() -> None:
    with pytest.raises(SettingError, match=r"did you mean PGVIGIL_STORE_URL\?") as caught:
        load(file=None, environment={"PGVIGIL_STORE_UR": "x"})
    for setting in (*SETTINGS, *TARGET_SETTINGS):
        assert setting.variable in str(caught.value)


@pytest.mark.parametrize(
    "unknown", ["[store]\nkye = 'hunter2'", "[stor]\nkey = 'hunter2'", "[[target]]\npassword = 'hunter2'"]
)
def test_what_was_given_under_an_unknown_name_may_be_a_secret_and_is_not_shown(unknown: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="is not known") as caught:
        configuration(tmp_path / "c.toml", unknown.format("hunter2"))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SettingError, match="PGVIGIL_STORE_KYE is not known") as caught:
        load(file=None, environment={"PGVIGIL_STORE_KYE": "hunter2"})
    assert "hunter2" not in str(caught.value)


SERVER = "postgresql://h/x"
TLS = {"PGVIGIL_TARGET_SSLMODE": "verify-full", "PGVIGIL_TARGET_SSLROOTCERT": "/ca.pem"}
OTHERS = {"PGVIGIL_TARGET_CPUS": "4", "PGVIGIL_TARGET_LABELS": "env=x", "PGVIGIL_TARGET_NAME": "n"}


def test_a_dsn_of_the_command_line_takes_the_rest_of_its_target_from_the_environment() -> None:
    environment = {"PGVIGIL_TARGET_DSN": "postgresql://other/x", **TLS, **OTHERS}
    (target,) = load(file=None, environment=environment, dsns=[SERVER]).targets
    assert target == TargetConfig("n", Secret(SERVER), 4.0, {"env": "x"}, "verify-full", "/ca.pem")
    with pytest.raises(SettingError, match=r"target\.sslmode = 'bogus'; allowed: disable"):
        load(file=None, environment={"PGVIGIL_TARGET_SSLMODE": "bogus"}, dsns=[SERVER])


def test_the_environment_of_one_target_is_refused_for_several_and_for_none(tmp_path: Path) -> None:
    with pytest.raises(
        SettingError, match="PGVIGIL_TARGET_SSLMODE, PGVIGIL_TARGET_SSLROOTCERT is for one server, and 2"
    ):
        load(file=None, environment=TLS, dsns=[SERVER, "postgresql://g/x"])
    both = load(file=None, environment={"PGVIGIL_TARGET_DSN": "postgresql://o/x"}, dsns=[SERVER, "postgresql://g/x"])
    assert [target.name for target in both.targets] == ["h", "g"]
    written = f"[[target]]\ndsn = '{SERVER}'"
    with pytest.raises(SettingError, match=r"PGVIGIL_TARGET_CPUS is set without PGVIGIL_TARGET_DSN.*\[\[target\]\]"):
        configuration(tmp_path / "c.toml", written, {"PGVIGIL_TARGET_CPUS": "4"})


def test_who_asks_the_store_needs_no_target() -> None:
    assert load(file=None, environment=TLS, watching=False).targets == ()


@pytest.mark.parametrize(
    ("seconds", "words"), [(3600, "1h"), (90, "90s"), (5400, "90m"), (2 * DAY, "2d"), (0.5, "0.5s")]
)
def test_a_duration_is_told_as_it_is_written(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
    assert duration(0, 10 * DAY)(words) == seconds


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"nowhere\.toml does not exist"):
        load(file=tmp_path / "nowhere.toml", environment={})


def test_a_secret_is_never_shown_and_may_live_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("postgresql://u:hunter2@h/x\n")
    monkeypatch.setenv("THE_DSN", "postgresql://u:hunter2@h/y")
    config = configuration(
        tmp_path / "c.toml",
        f"[[target]]\nname='a'\ndsn='file:{tmp_path}/secret'\n[[target]]\nname='b'\ndsn='env:THE_DSN'",
    )
    assert [target.dsn.value[-1] for target in config.targets] == ["x", "y"]
    assert "hunter2" not in repr(config)
    with pytest.raises(SettingError) as caught:
        load(file=None, environment={}, dsns=["u:hunter2@h"])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("dsn", "name"),
    [
        ("postgresql://u:p@db.example.org:5432/app", "db.example.org"),
        ("postgresql://u:p%40w@localhost/app", "app"),
        ("postgresql:///app?host=/tmp", "app"),
        ("host=db1 dbname=app", "db1"),
        ("postgresql://u@[::1]:5432/app", "app"),
        ("postgresql://", "postgres"),
        ("postgresql://:/rest-of-a-password@h/x", "postgres"),
        ("postgresql://u:p@a.example,b.example/x", "a.example"),
    ],
)
def test_a_target_without_a_name_takes_its_hosts_or_databases(dsn: str, name: str) -> None:
    assert default_name(Secret(dsn)) == name


def test_two_targets_of_one_host_on_the_command_line_get_numbers() -> None:
    config = load(file=None, environment={}, dsns=["postgresql://h/a", "postgresql://h/b"])
    assert [target.name for target in config.targets] == ["h", "h-2"]
