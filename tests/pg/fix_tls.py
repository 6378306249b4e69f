"""Certificates for the tests of TLS, made with the openssl of the system and thrown away."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from pgvigil.sandbox.server import Server

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


@dataclass(frozen=True, slots=True)
class Certificates:
    """`authority` signed the server's certificate, whose only name is localhost; `stranger` signed neither."""

    authority: Path
    stranger: Path
    server: Path
    key: Path


def make_certificates(directory: Path) -> Certificates:
    """Make them in `directory`; skips the test where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("No openssl here; get it with: apt-get install openssl")
    names = (directory / name for name in ("authority.pem", "stranger.pem", "server.pem", "server.key"))
    made = Certificates(*names)
    for path, name in ((made.authority, "an authority"), (made.stranger, "a stranger")):
        _openssl("req", "-x509", *_CURVE, "-subj", f"/CN={name}", "-keyout", path.with_suffix(".key"), "-out", path)
    signed_by = ("-CA", made.authority, "-CAkey", made.authority.with_suffix(".key"))
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    _openssl("req", "-x509", *_CURVE, *subject, *signed_by, "-keyout", made.key, "-out", made.server)
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def turn_tls_on(server: Server, made: Certificates) -> None:
    """Have a server offer TLS from now on."""
    for source, name in ((made.server, "server.crt"), (made.key, "server.key")):
        target = server.data / name
        shutil.copyfile(source, target)
        target.chmod(0o600)
        server.account.own(target)
    server.configure({"ssl": "on"})
    server.restart()
