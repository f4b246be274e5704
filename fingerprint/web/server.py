"""The server of the web app: an address to listen on, and uvicorn."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import uvicorn

from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from starlette.applications import Starlette

LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""The names of this machine for itself, as browsers write them."""

# Connections at once, beyond which the server answers 503 by itself: many times what the queue holds.
_MOST_CONNECTIONS = 500
# Seconds for requests under way when the server is stopped.
_LAST_SECONDS = 5


_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")


def as_browsers_write(host: str) -> str:
    """Return a name or an address of a server as browsers send it: in lower case, IPv6 in brackets.

    Raises:
        FingerprintError: It is neither, but an address with scheme or port, or a pattern.
    """
    bare = host.lower()
    name = f"[{bare}]" if bare.count(":") > 1 and not bare.startswith("[") else bare
    if not _NAME.fullmatch(name):
        raise FingerprintError(f"{host}: expected a name such as fingerprint.example.org, without http:// and port")
    return name


def is_local(host: str) -> bool:
    """Return whether only programs on this machine reach a server that listens on `host`."""
    return host in (*LOCAL, "::1")


def serve(app: Starlette, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve the app until the process is told to stop.

    Args:
        app: The web app.
        host: Address of this machine to listen on.
        port: Port; 0 for any that is free.
        started: Receives the address of the form as soon as connections are taken.

    Raises:
        FingerprintError: The address cannot be listened on.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_LAST_SECONDS,
        ws="none",
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        # The address, which the system's own words are followed by, stands before them here.
        reason = (error.strerror or str(error)).partition(" (")[0]
        said = f"cannot be listened on ({reason}); give another --port or --host"
        raise FingerprintError(f"{host}:{port}: {said}") from None
    with closing(listening):
        started(f"http://{as_browsers_write(host)}:{listening.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listening])
