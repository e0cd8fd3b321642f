"""The four faces and the administration, as they were built from `web/`, served beside the API.

In come requests for anything but the API, out go the built pages with the headers that keep them
safe. The build is made by `make web`; without it the service runs, and says so.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from starlette.types import Receive, Scope, Send

from yiwang.kit.web.incidents import Incidents
from yiwang.kit.web.pages import Pages
from yiwang.kit.web.security import SecurityHeaders

_LOG = logging.getLogger("yiwang.faces")
_BUILT = Path(__file__).resolve().parents[2] / "web" / "dist"
_NAMES = ("desk", "field", "screen", "administration")
_API = ("/api/", "/open311/")


def built_folder() -> Path:
    """Where the built faces lie: `YIWANG_FACES`, else the project's own build."""
    named = os.environ.get("YIWANG_FACES")
    return Path(named).expanduser() if named else _BUILT


class Faces:
    """The built pages behind their headers, as an ASGI application."""

    def __init__(self, folder: Path) -> None:
        self._pages = Pages(folder, _NAMES, _API)
        self._app = SecurityHeaders(Incidents(self._pages), api=_API)
        if not self._pages.built:
            _LOG.warning("no built pages in %s; run: make web. The API is not affected", folder)

    def takes(self, scope: Scope) -> bool:
        """Whether a request is for a face."""
        return self._pages.takes(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
