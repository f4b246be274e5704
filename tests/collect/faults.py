"""What can go wrong on the way to an answer, each as a server does it."""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Callable
from email.utils import formatdate

from werkzeug import Request, Response

from tests.collect.doubles import body

# Longer than the time that the tests give one request.
SLOW = 4
Play = Callable[[Request], Response]


def status(code: int, **headers: str) -> Play:
    said = json.dumps({"error": {"message": f"no, {code}", "type": "some_error"}})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: Response(said, code, named, content_type="application/json")


def retry_in_seconds(seconds: int) -> Play:
    return status(429, retry_after=str(seconds))


def retry_at_a_date(seconds: int) -> Play:
    return lambda request: status(429, retry_after=formatdate(time.time() + seconds, usegmt=True))(request)


def reset(request: Request) -> Response:
    """The peer is gone in the middle, as the network has it."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The server holds on to the socket; put in its place, /dev/null closes it under its hands.
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), connection.fileno())
    return Response()


def slow(request: Request) -> Response:
    time.sleep(SLOW)
    return Response("{}")


def broken_off(api: str) -> Play:
    """A body shorter than its header says."""

    def play(request: Request) -> Response:
        whole = json.dumps(body(api)).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(whole)}\r\n\r\n".encode()
        connection: socket.socket = request.environ["werkzeug.socket"]
        connection.sendall(head + whole[: len(whole) // 2])
        connection.shutdown(socket.SHUT_RDWR)
        return Response()

    return play


def truncated(api: str) -> Play:
    whole = json.dumps(body(api))
    return lambda request: Response(whole[: len(whole) // 2], content_type="application/json")


def empty(request: Request) -> Response:
    return Response("", content_type="application/json")


def html(request: Request) -> Response:
    return Response("<!DOCTYPE html><html><body>\x1b[31mBad gateway</body></html>", content_type="text/html")


def no_choices(api: str) -> Play:
    lacking: dict[str, dict[str, object]] = {
        "openai": {"choices": []},
        "anthropic": {"content": None},
        "google": {"candidates": []},
    }
    return lambda request: Response(json.dumps({**body(api), **lacking[api]}), content_type="application/json")


def passing(api: str) -> dict[str, tuple[Play, str]]:
    """Faults after which the same request may succeed, and what a report calls each."""
    return {
        "429, seconds": (retry_in_seconds(1), "rate limit"),
        "429, date": (retry_at_a_date(2), "rate limit"),
        "500": (status(500), "server error"),
        "529": (status(529), "server error"),
        "reset": (reset, "connection failed"),
        "broken off": (broken_off(api), "connection failed"),
        "slow": (slow, "timed out"),
        "truncated": (truncated(api), "not an answer"),
        "empty": (empty, "not an answer"),
        "html": (html, "not an answer"),
        "no choices": (no_choices(api), "not an answer"),
    }
