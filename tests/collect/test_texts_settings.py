"""Settings that may hold a secret are hidden, and still show that they changed."""

import pytest

from pgvigil.collect.texts import scrub_setting

SECRET = "hunter2-secret"


@pytest.mark.parametrize(
    "name",
    [
        "primary_conninfo",
        "restore_command",
        "archive_command",
        "archive_cleanup_command",
        "recovery_end_command",
        "ssl_passphrase_command",
        "app.jwt_secret",
        "app.settings.jwt_secret",
        "request.headers",
        "pgsodium.getkey_script",
        "App.Secret",
    ],
)
def test_a_setting_that_may_hold_a_secret_is_hidden(name: str) -> None:
    hidden = scrub_setting(name, SECRET, salt=b"salt")
    assert hidden is not None
    assert hidden.startswith("(hidden ")
    assert SECRET not in hidden
    assert hidden == scrub_setting(name, SECRET, salt=b"salt")
    assert hidden != scrub_setting(name, SECRET + "x", salt=b"salt")
    assert hidden != scrub_setting(name, SECRET, salt=b"other")


@pytest.mark.parametrize("value", ["postgresql://a:b@c/d", "host=a password=b", "-----BEGIN PRIVATE KEY-----"])
def test_a_value_that_is_a_secret_is_hidden_whatever_its_name(value: str) -> None:
    assert value not in str(scrub_setting("cluster_name", value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("work_mem", "4MB"),
        ("archive_mode", "on"),
        ("archive_timeout", "60"),
        ("password_encryption", "scram-sha-256"),
        ("auto_explain.log_min_duration", "1s"),
        ("pg_stat_statements.max", "5000"),
        ("tcp_keepalives_idle", "0"),
        ("ssl_key_file", "server.key"),
        ("primary_conninfo", ""),
        ("app.secret", None),
    ],
)
def test_other_settings_stay(name: str, value: str | None) -> None:
    assert scrub_setting(name, value) == value
