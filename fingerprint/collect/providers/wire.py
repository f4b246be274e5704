"""The one HTTP client under all SDKs: no redirect is followed, no body is endless, and whatever is not an answer
becomes a Failure before an SDK makes its own sense of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import time
from typing import Any, TypeVar

import httpx2

from fingerprint.base.escaping import printable
from fingerprint.collect.failure import Cause, Failure
from fingerprint.data.opening import LONGEST_LINE

T = TypeVar("T")
_LONGEST_MESSAGE = 200
# What no other question will change: the key, the account, the model's name, the address.
_FATAL = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


class Client(httpx2.AsyncClient):
    """Without limits of its own on time and connections: whoever asks has them. `secret` is the key, which some
    servers repeat in what they say of it."""

    def __init__(self, secret: str) -> None:
        super().__init__(timeout=None, limits=httpx2.Limits(max_connections=None))
        self._secret = secret

    async def send(self, request: httpx2.Request, **kwargs: Any) -> httpx2.Response:
        """The whole response; Failure for everything but a JSON object under a status of success."""
        # A redirect would carry the key and the question along, and not every SDK leaves them behind.
        kwargs |= {"stream": True, "follow_redirects": False}
        response = await super().send(request, **kwargs)
        try:
            body = await _read(response)
        finally:
            await response.aclose()
        if self._secret:
            # Here already, for SDKs log what is raised.
            body = body.replace(self._secret.encode(), _MASK.encode())
        _check(response, body)
        # What the body was packed in no longer holds for it.
        headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in _PACKING]
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


_MASK = "[key]"
_PACKING = ("content-encoding", "content-length", "transfer-encoding")


async def told(request: Awaitable[T], secret: str) -> T:
    """The result of an SDK's call; whatever goes wrong in it as a Failure that does not hold `secret`."""
    try:
        return await request
    except Exception as error:
        raise _failure(error, secret) from None


def stated(status: int, error: object, retry_after: float | None = None) -> Failure:
    """The failure that a status, and an API's own account of the error, stand for."""
    fields = error if isinstance(error, dict) else {"message": error}
    message = str(fields.get("message") or fields.get("detail") or "")
    # OpenAI calls an account without money a rate limit.
    if status in _FATAL or fields.get("code") == "insufficient_quota":
        cause = Cause.FATAL
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        cause = Cause.RATE_LIMIT
    elif status >= 500 or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY):
        cause = Cause.SERVER
    else:
        cause = Cause.REJECTED
    return Failure(cause, f"status {status}" + (f": {_short(message)}" if message else ""), retry_after)


def _failure(error: Exception, secret: str) -> Failure:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for cause in chain:
        if isinstance(cause, Failure):
            return Failure(cause.cause, _without(secret, str(cause)), cause.retry_after)
        if isinstance(cause, httpx2.TransportError):
            unsent = isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol)
            message = _without(secret, _short(str(cause) or type(cause).__name__))
            return Failure(Cause.UNREACHABLE if unsent else Cause.NETWORK, message)
    return Failure(Cause.MALFORMED, _without(secret, _short(f"{type(error).__name__}: {error}")))


def _without(secret: str, message: str) -> str:
    return message.replace(secret, _MASK) if secret else message


def _short(message: str) -> str:
    return printable(" ".join(message.split()))[:_LONGEST_MESSAGE]


async def _read(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LONGEST_LINE:
            raise Failure(Cause.MALFORMED, f"a body of over {LONGEST_LINE:,} bytes")
    return bytes(body)


def _check(response: httpx2.Response, body: bytes) -> None:
    status = response.status_code
    if 300 <= status < 400:
        where = httpx2.URL(response.headers.get("location", "")).host
        raise Failure(
            Cause.FATAL,
            f"status {status}: is sent on to {printable(where) or 'another path'}, which is not followed; "
            "give the right address with --base-url",
        )
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not 200 <= status < 300:
        raise stated(status, _account(value, body), _retry_after(response, value))
    if not isinstance(value, dict):
        raise Failure(Cause.MALFORMED, _found(body, value))


def _account(value: object, body: bytes) -> object:
    """What an API says of its error, in whichever of the usual places; Google wraps it in a list."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        return value.get("error") or value
    return body[:_LONGEST_MESSAGE].decode("utf-8", "replace")


def _found(body: bytes, value: object) -> str:
    start = body.lstrip()[:1]
    if not start:
        return "an empty body"
    if value is not None:
        return f"JSON that is no object ({type(value).__name__})"
    if start == b"<":
        return "HTML in place of JSON"
    return "JSON that is cut off or damaged" if start == b"{" else "no JSON"


def _retry_after(response: httpx2.Response, value: object) -> float | None:
    """Seconds from now: of either header, in seconds or as a date, or where Google keeps it."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if (given := response.headers.get(name)) is not None:
            try:
                return max(0.0, float(given) * unit)
            except ValueError:
                pass
            try:
                return max(0.0, parsedate_to_datetime(given).timestamp() - time())
            except (ValueError, OverflowError):
                pass
    error = _account(value, b"")
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str):
            try:
                return max(0.0, float(delay.removesuffix("s")))
            except ValueError:
                pass
    return None
