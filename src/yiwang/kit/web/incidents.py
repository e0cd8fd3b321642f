"""The layer under the headers: every request gets an id, and no error goes unanswered."""

from __future__ import annotations

import logging
import re
from secrets import token_hex

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yiwang.kit.errors import Refusal
from yiwang.kit.web.note import header, note_of
from yiwang.kit.web.problems import answer, unexpected

_LOG = logging.getLogger("yiwang.web")
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Incidents:
    """Adds `X-Request-Id` (the caller's own where it is well-formed) to every answer.

    An unknown exception is logged under that id and answered with 500; the caller sees the id
    and nothing of the inside. An answer already begun is broken off, so that it is not taken
    for a whole one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        note = note_of(scope)
        given = header(scope, b"x-request-id")
        note.id = given if given and _ID.fullmatch(given) else token_hex(8)
        begun = False

        async def sender(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"].append((b"x-request-id", note.id.encode("ascii")))
            await send(message)

        try:
            await self.app(scope, receive, sender)
        except Exception as error:
            known = error if isinstance(error, Refusal) else unexpected(error)
            if known is None:
                _LOG.exception(
                    "incident %s: %s %s", note.id, scope["method"], scope["path"], exc_info=error
                )
                known = Refusal("web.incident", incident=note.id)
            elif known is not error:
                _LOG.warning(
                    "%s: %s %s: %s: %r",
                    *(note.id, scope["method"], scope["path"], known.code, error),
                )
            if begun:
                raise
            await answer(scope, known)(scope, receive, sender)
