"""Built pages out of a folder: compressed beforehand, cached for good where their names say so.

The folder is read once, at the start; a page in front of it is answered from memory. What a build
names by its content (`assets/`) is immutable, everything else is asked for again with its ETag.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from yiwang.kit.errors import Refusal
from yiwang.kit.web.conditions import unchanged
from yiwang.kit.web.problems import answer

# The best first; a client takes the first one that it names.
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_HASHED = "assets/"
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
_ABSENT = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Yiwang 一网</title></head><body><h1>Yiwang 一网</h1>
<p lang="zh">页面尚未构建：请在项目目录运行 <code>make web</code> 后重新启动服务。接口不受影响。</p>
<p lang="en">The pages are not built yet: run <code>make web</code> in the project's folder and
start the service again. The API is not affected.</p>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Page:
    """One file as it is sent: its bodies by their encoding ("" is the plain one)."""

    media_type: str
    bodies: Mapping[str, bytes]
    tag: str
    cache: str


def read_pages(folder: Path) -> dict[str, Page]:
    """Every file of a built folder, by its path below it; empty where there is no such folder."""
    found: dict[str, Page] = {}
    if not folder.is_dir():
        return found
    packed = tuple(ending for _, ending in _ENCODINGS)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix in packed:
            continue
        plain = path.read_bytes()
        bodies = {"": plain}
        for encoding, ending in _ENCODINGS:
            other = path.with_name(path.name + ending)
            if other.is_file():
                bodies[encoding] = other.read_bytes()
        name = path.relative_to(folder).as_posix()
        found[name] = Page(
            media_type=_media_type(path),
            bodies=bodies,
            tag=hashlib.sha256(plain).hexdigest()[:32],
            cache=_FOREVER if name.startswith(_HASHED) else _ASK_AGAIN,
        )
    return found


def _media_type(path: Path) -> str:
    known = _TYPES.get(path.suffix)
    return known or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def encoding_for(accepted: str, present: Mapping[str, bytes]) -> str:
    """The best encoding there is that an Accept-Encoding header allows (RFC 9110, 12.5.3)."""
    allowed = set()
    for part in accepted.split(","):
        name, _, weight = part.strip().partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            allowed.add(name.strip().lower())
    wanted = (name for name, _ in _ENCODINGS if name in present and name in allowed)
    return next(wanted, "")


class Pages:
    """Answers GET and HEAD for the files of a folder, as an ASGI application.

    Each of `faces` is a page of its own under its path ("desk" under /desk) with addresses of its
    own below: what is no file there is answered with that page. What is below none of them is the
    page at the root's. Paths under `elsewhere` are not for these pages.
    """

    def __init__(self, folder: Path, faces: Sequence[str], elsewhere: tuple[str, ...]) -> None:
        self.pages = read_pages(folder)
        self.faces = frozenset(faces)
        self.elsewhere = elsewhere

    @property
    def built(self) -> bool:
        """Whether there is anything to show."""
        return _INDEX in self.pages

    def takes(self, scope: Scope) -> bool:
        """Whether a request is for a page."""
        path: str = scope["path"]
        return scope["method"] in ("GET", "HEAD") and not path.startswith(self.elsewhere)

    def find(self, path: str) -> Page | None:
        """The page at a path; None where a file is meant that is not there."""
        name = path.strip("/")
        if name in self.pages:
            return self.pages[name]
        if "." in name.rpartition("/")[2] or name.startswith(_HASHED):
            return None
        first = name.partition("/")[0]
        return self.pages.get(f"{first}/{_INDEX}" if first in self.faces else _INDEX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._response(scope)(scope, receive, send)

    def _response(self, scope: Scope) -> Response:
        if not self.built:
            headers = {"Cache-Control": "no-store", "Retry-After": "30"}
            return Response(_ABSENT, 503, headers, _TYPES[".html"])
        page = self.find(scope["path"])
        if page is None:
            return answer(scope, Refusal("web.not_found", path=scope["path"]))
        encoding = encoding_for(Headers(scope=scope).get("accept-encoding", ""), page.bodies)
        # each encoding is another representation, with a tag of its own (RFC 9110, 8.8.3)
        tag = f'"{page.tag}{"-" + encoding if encoding else ""}"'
        headers = {"Cache-Control": page.cache, "ETag": tag}
        if len(page.bodies) > 1:
            headers["Vary"] = "Accept-Encoding"
        if unchanged(Request(scope), tag):
            return Response(status_code=304, headers=headers)
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(page.bodies[encoding], 200, headers, page.media_type)
