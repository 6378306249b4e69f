"""Runs the sandbox's own little commands: what a user can cause ends in a sentence, Ctrl-C in silence."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import psycopg

from pgvigil.model.errors import PgvigilError
from pgvigil.sandbox.environment import forget_users_environment


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run to its end or to Ctrl-C; exit with the error's text where there is one."""
    forget_users_environment()  # libpq adds what it finds there to the DSN: PGHOSTADDR leads to another server
    with suppress(KeyboardInterrupt):
        try:
            asyncio.run(main)
        except (PgvigilError, psycopg.Error) as error:
            sys.exit(f"{error}".strip())
