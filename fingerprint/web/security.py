"""What keeps strangers' pages away from a server on this machine, and bounds what is sent to it."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The content security policy of a response that has none of its own."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: with that, browsers send no origin with a form.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""The security headers of every response."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_COOKIE = "fingerprint-form"
_SECRET_BYTES = 32


class SecurityHeaders:
    """Adds the security headers that a response does not set itself."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


class SameOrigin:
    """Refuses requests that change something and come from a page of another origin.

    Browsers say the origin of every such request. Other programs say none, and are no danger: nobody is logged in.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in _SAFE and not _is_same_origin(Headers(scope=scope)):
            refusal = PlainTextResponse("This request comes from a page of another origin. It is refused.\n", 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_same_origin(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    # Whatever stands before the name: a proxy may speak TLS for this server.
    return origin is None or origin.lower().partition("://")[2] == headers.get("host", "").lower()


class BodyLimit:
    """Ends the reading of a body that is longer than allowed, whatever its headers say of its length.

    Args:
        app: The application.
        most: Bytes of a body.
    """

    def __init__(self, app: ASGIApp, most: int):
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; reading its body raises where it is too long."""
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._most:
                raise HTTPException(413, f"More than {self._most:,} bytes were sent. Send fewer or smaller files.")
            return message

        await self._app(scope, counted, send)


class FormTokens:
    """Tokens that only a form of this process, shown to the same browser, can send back."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(_SECRET_BYTES)

    def issue(self, request: Request) -> tuple[str, str]:
        """Return the browser's cookie, a new one if it sent none, and the token of its forms."""
        cookie = request.cookies.get(_COOKIE) or secrets.token_urlsafe(_SECRET_BYTES)
        return cookie, self._token(cookie)

    def remember(self, response: Response, cookie: str) -> None:
        """Send the cookie with a response."""
        response.set_cookie(_COOKIE, cookie, httponly=True, samesite="strict")

    def check(self, request: Request, token: object) -> None:
        """Compare the token of a form with the cookie of the request.

        Raises:
            HTTPException: They do not belong together.
        """
        cookie = request.cookies.get(_COOKIE, "")
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(), self._token(cookie).encode()):
            said = "This form is from before the server was started, or the browser sent no cookie."
            raise HTTPException(403, f"{said} Send it again from here.")

    def _token(self, cookie: str) -> str:
        return hmac.new(self._key, cookie.encode(), hashlib.sha256).hexdigest()
