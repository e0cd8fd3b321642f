"""Security headers of every answer (OWASP Secure Headers, CSP level 3)."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# Nothing inline, nothing from elsewhere. Pictures may be made in the page: previews (blob:) and the
# small signs inside style sheets (data:).
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_COMMON = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(self), microphone=(), payment=()"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_POLICY = b"content-security-policy"
_CACHE = b"cache-control"


class SecurityHeaders:
    """Adds the headers that keep a browser from being used against its user.

    Paths under `api` are data: no page policy, and nothing is cached unless the answer says so.
    A route may set its own policy; it stands.
    """

    def __init__(
        self, app: ASGIApp, *, api: tuple[str, ...] = ("/api/",), page_policy: str = PAGE_POLICY
    ) -> None:
        self.app = app
        self.api = api
        self._data = [*_COMMON, (_POLICY, API_POLICY.encode("ascii"))]
        self._page = [*_COMMON, (_POLICY, page_policy.encode("ascii"))]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        data = scope["path"].startswith(self.api)
        rows = self._data if data else self._page
        secure = scope.get("scheme") == "https"

        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                names = {key.lower() for key, _ in headers}
                headers.extend(row for row in rows if row[0] not in names)
                if data and _CACHE not in names:
                    headers.append((_CACHE, b"no-store"))
                if secure:
                    headers.append(_HSTS)
            await send(message)

        await self.app(scope, receive, sender)
