"""The one HTTP client under all SDKs, and the pieces that the answers of all APIs are made of.

No redirect is followed and no body is endless. Whatever is not an answer becomes a Failure before an SDK reads it. What
an answer holds is read with distrust: a value of another type counts as missing.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import time
from typing import Any, TypeVar

import httpx2

from fingerprint.base.escaping import printable
from fingerprint.collect.messages import Answer, Cause, Failure
from fingerprint.data.formats.values import moment, stamp
from fingerprint.data.message import ToolCall
from fingerprint.data.reasoning import without_reasoning

T = TypeVar("T")
# One or two lines of a terminal; what a server says beyond them repeats the request.
_LONGEST_MESSAGE = 200
# Token counts and dollars beyond it are errors, and 10^12 is exact in a float.
_MOST = 10**12
_MASK = "[key]"
# Bytes of a body; an answer has kilobytes.
_MOST_BYTES = 10_000_000
# These headers describe the body as it was sent and are wrong for the decoded one.
_PACKING = ("content-encoding", "content-length", "transfer-encoding")
# Causes that another question does not change: the key, the account, the model's name, the address.
_FATAL = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


class Client(httpx2.AsyncClient):
    """A client without limits on time and connections: those are its caller's.

    Args:
        secret: The key. Some servers repeat it in their errors, where it is masked.
    """

    def __init__(self, secret: str) -> None:
        super().__init__(timeout=None, limits=httpx2.Limits(max_connections=None))
        self._secret = secret

    async def send(self, request: httpx2.Request, **kwargs: Any) -> httpx2.Response:
        """Send a request and read the whole response.

        Raises:
            Failure: The response is anything but a JSON object under a status of success.
        """
        # A redirect would take the key and the question to another host; not every SDK removes them.
        kwargs |= {"stream": True, "follow_redirects": False}
        response = await super().send(request, **kwargs)
        try:
            body = await _read(response)
        finally:
            await response.aclose()
        if self._secret:
            # Before anything is raised, because SDKs log errors.
            body = _masked(body, self._secret)
        _check(response, body)
        headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in _PACKING]
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


async def sent(request: Awaitable[T], secret: str) -> T:
    """Await an SDK's call.

    Args:
        request: The call.
        secret: The key, which no error may hold.

    Returns:
        Its result.

    Raises:
        Failure: Anything went wrong.
    """
    try:
        return await request
    except Exception as error:
        raise _failure(error, secret) from None


def parsed(body: str | bytes, secret: str, read: Callable[[dict[str, Any]], Answer]) -> Answer:
    """Return the answer in a body, without the key in its text.

    Args:
        body: What `Client.send` left of the response.
        secret: The key.
        read: Reads the API's object.

    Raises:
        Failure: The body holds no answer.
    """
    answer = read(json.loads(body))
    # Blocks that are joined, and arguments that are JSON in JSON, can spell the key only now.
    return replace(answer, text=_without(secret, answer.text))


def stated(status: int, error: object, retry_after: float | None = None) -> Failure:
    """Return the failure that a status and an API's description of the error stand for.

    Args:
        status: The HTTP status.
        error: What the API says about it.
        retry_after: Seconds from now, if the server says so.
    """
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


def _masked(body: bytes, secret: str) -> bytes:
    """A body without the key, whether it is written as it is or with the escapes of JSON."""
    body = body.replace(secret.encode(), _MASK.encode())
    try:
        plain = json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
    spelt = json.dumps(secret, ensure_ascii=False)[1:-1]
    return plain.replace(spelt, _MASK).encode("utf-8", "surrogatepass") if spelt in plain else body


def _without(secret: str, message: str) -> str:
    return message.replace(secret, _MASK) if secret else message


def _short(message: str) -> str:
    return printable(" ".join(message.split()))[:_LONGEST_MESSAGE]


async def _read(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Failure(Cause.MALFORMED, f"a body of over {_MOST_BYTES:,} bytes")
    return bytes(body)


def _check(response: httpx2.Response, body: bytes) -> None:
    status = response.status_code
    if 300 <= status < 400:
        where = httpx2.URL(response.headers.get("location", "")).host
        raise Failure(
            Cause.FATAL,
            f"status {status}: redirects to {printable(where) or 'another path'}, which is not followed; "
            "give the right address with --base-url",
        )
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not 200 <= status < 300:
        raise stated(status, _described(value, body), _retry_after(response, value))
    if not isinstance(value, dict):
        raise Failure(Cause.MALFORMED, _found(body, value))


def _described(value: object, body: bytes) -> object:
    """An API's description of an error, from any of the usual places; Google wraps it in a list."""
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
    """Seconds from now: from either header, in seconds or as a date, or from Google's error details."""
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
    error = _described(value, b"")
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str):
            try:
                return max(0.0, float(delay.removesuffix("s")))
            except ValueError:
                pass
    return None


def dictionary(value: object) -> dict[str, Any]:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[dict[str, Any]]:
    """Return the objects in a list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """Return the value if it is text, else an empty text."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """Return the value if it can be a number of tokens."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def dollars(value: object) -> float | None:
    """Return the value if it can be a sum of money; with NaN or a negative sum no limit would hold."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MOST:
        return float(value)
    return None


def answer_text(words: str, calls: Iterable[ToolCall]) -> str:
    """Return an answer as text, in the form of the logs of agents that models are trained on.

    Args:
        words: The text of the message.
        calls: The calls of tools.

    Returns:
        The words without reasoning, then the calls, one JSON object a line.
    """
    words = without_reasoning(words)
    lines = [call.text() for call in calls]
    return "\n".join([*filter(None, [words.strip()]), *lines]) if lines else words


def arguments_of(value: object) -> dict[str, Any]:
    """Return the arguments of a call as they can be sent back: APIs refuse a turn whose arguments are no object.

    Args:
        value: An object, or JSON text of one.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return dictionary(value)


def day(value: object) -> str:
    """Return a time, in seconds since 1970 or in ISO 8601, as YYYY-MM-DD; empty for anything else."""
    found = moment(stamp(value))
    return found.date().isoformat() if found else ""


def missing(what: str) -> Failure:
    """Return the failure of an answer that lacks an essential part."""
    return Failure(Cause.MALFORMED, f"an answer without {what}")
