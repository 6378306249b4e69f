"""Every message that servers and poolers are known to send has its cause and its remedy."""

import pytest

from pgvigil.model import Condition
from pgvigil.pg.errors import ConnectError, Place, explain, named

PLACE = Place("db.example", "5432", "watcher", "app")
AT = 'connection to server at "192.0.2.1", port 5432 failed: '

REFUSED, UNREACHABLE = Condition.REFUSED, Condition.UNREACHABLE
MESSAGES = [
    ('FATAL:  password authentication failed for user "watcher"', REFUSED, "refused the password"),
    ("FATAL:  SASL authentication failed", REFUSED, "refused the password"),
    ('FATAL:  Peer authentication failed for user "watcher"', REFUSED, "refused the password"),
    ("fe_sendauth: no password supplied", REFUSED, "the DSN has none"),
    ('FATAL:  role "watcher" does not exist', REFUSED, 'no role "watcher"'),
    ('FATAL:  role "watcher" is not permitted to log in', REFUSED, "may not log in"),
    ('FATAL:  database "app" does not exist', REFUSED, 'no database "app"'),
    ("FATAL:  no such database: app", REFUSED, 'no database "app"'),
    ('FATAL:  permission denied for database "app"', REFUSED, "may not connect"),
    ('FATAL:  database "app" is not currently accepting connections', REFUSED, "may not connect"),
    ("FATAL:  Tenant or user not found", REFUSED, "knows no user"),
    (
        'FATAL:  no pg_hba.conf entry for host "192.0.2.9", user "watcher", database "app", no encryption',
        REFUSED,
        "without TLS",
    ),
    (
        'FATAL:  no pg_hba.conf entry for host "192.0.2.9", user "watcher", database "app", SSL encryption',
        REFUSED,
        "does not let user",
    ),
    ('FATAL:  pg_hba.conf rejects connection for host "192.0.2.9"', REFUSED, "does not let user"),
    ("server does not support SSL, but SSL was required", REFUSED, "does not speak TLS"),
    ("SSL error: certificate verify failed", REFUSED, "could not be verified"),
    ('server certificate for "x" does not match host name "db.example"', REFUSED, "could not be verified"),
    ('root certificate file "/x.pem" does not exist', REFUSED, "root certificate"),
    ("FATAL:  connection is insecure (try using `sslmode=require`)", REFUSED, "encrypted connections only"),
    ('FATAL:  too many connections for role "watcher"', REFUSED, "connection limit"),
    ('FATAL:  too many connections for database "app"', REFUSED, "connection limit"),
    ("FATAL:  sorry, too many clients already", REFUSED, "All connections"),
    (
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        REFUSED,
        "All connections",
    ),
    ("FATAL:  remaining connection slots are reserved for non-replication superuser connections", REFUSED, "All"),
    ("FATAL:  no more connections allowed (max_client_conn)", REFUSED, "All connections"),
    ("FATAL:  Max client connections reached", REFUSED, "All connections"),
    ("FATAL:  the database system is starting up", UNREACHABLE, "starting up"),
    ("FATAL:  the database system is in recovery mode", UNREACHABLE, "starting up"),
    ("FATAL:  the database system is not yet accepting connections", UNREACHABLE, "starting up"),
    ("FATAL:  the database system is shutting down", UNREACHABLE, "shutting down"),
    ("FATAL:  canceling statement due to lock timeout", UNREACHABLE, "lock on the system catalog"),
    ("FATAL:  canceling authentication due to timeout", UNREACHABLE, "ended the session while it was starting"),
    ("FATAL:  terminating connection due to administrator command", UNREACHABLE, "ended the session"),
    ("session is not read-only", REFUSED, "target_session_attrs"),
    ("server is not in hot standby mode", REFUSED, "target_session_attrs"),
    ("Connection refused\n\tIs the server running on that host?", UNREACHABLE, "Nothing listens"),
    ("Network is unreachable", UNREACHABLE, "no route"),
    ("No route to host", UNREACHABLE, "no route"),
    ("Connection timed out", UNREACHABLE, "did not answer"),
    ("server closed the connection unexpectedly", UNREACHABLE, "closed the connection"),
    ("SSL error: unexpected eof while reading", UNREACHABLE, "closed the connection"),
    ("FATAL:  Passwort-Authentifizierung für Benutzer »watcher« fehlgeschlagen", REFUSED, "Passwort-Authentifizierung"),
    ("something nobody has thought of", UNREACHABLE, "something nobody has thought of"),
]


@pytest.mark.parametrize(("message", "condition", "cause"), MESSAGES, ids=[message[:50] for message, *_ in MESSAGES])
def test_each_message_has_its_cause(message: str, condition: Condition, cause: str) -> None:
    error = explain(AT + message, PLACE)
    assert error.condition is condition
    assert cause in error.cause
    assert "{" not in str(error)
    assert not any(word in error.logged for word in ("{", "db.example", "watcher", "app", "192.0.2"))


@pytest.mark.parametrize(
    "name",
    [
        "unresolved",
        "resolver_silent",
        "ipv6_only",
        "no_answer",
        "silent",
        "start_late",
        "handshake_late",
        "waiting",
    ],
)
def test_where_nothing_was_said_there_are_sentences_too(name: str) -> None:
    error = named(name, PLACE, seconds="5")
    assert error.condition is UNREACHABLE
    assert error.cause.endswith(".")
    assert error.remedy.endswith(".")
    assert "db.example" in error.cause
    assert "db.example" not in error.logged
    assert "(host)" in error.logged


def test_its_text_is_cause_and_remedy() -> None:
    assert str(ConnectError(REFUSED, "It is so.", "Do this.")) == "It is so. Do this."
    assert str(ConnectError(REFUSED, "It is so.")) == "It is so."
    assert ConnectError(REFUSED, "It is so.", "Do this.").logged == "It is so. Do this."
