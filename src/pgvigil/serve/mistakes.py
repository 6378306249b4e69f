"""A mistake of ours while answering: an answer in the usual shape, and a line in the log that says where."""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pgvigil.model import places
from pgvigil.serve.problems import problem

_log = logging.getLogger("pgvigil.serve")

MESSAGE = "pgvigil made a mistake while answering."
REMEDY = "The log says where; report it."


class Mistakes:
    """Answers 500 where something was raised that nobody expected, and tells the log of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; an answer that had begun is left unfinished, which ends the connection."""
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception as mistake:  # noqa: BLE001 - the outermost of all that answers
            for place in places(mistake):
                _log.error("a mistake in pgvigil: %s", place)
            if scope["type"] == "http" and not begun:
                await problem(500, "failed", MESSAGE, remedy=REMEDY)(scope, receive, send)
