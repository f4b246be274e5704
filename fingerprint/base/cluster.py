"""Work on a Dask cluster: within `cluster`, `fingerprint.base.parallel` gives its pieces to the cluster's workers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.metadata
import itertools
import logging
import platform
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fingerprint
from fingerprint.base.parallel import executing, in_one_thread
from fingerprint.errors import FingerprintError, MissingExtra

# Seconds until an address, a scheduler or the first worker must have answered.
_PATIENCE = 10
_PACKAGES = ("numpy", "scipy")
# Pieces under way for each thread of a worker: one at work and one that waits for it.
_AHEAD = 2


@contextlib.contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Let the workers of a Dask scheduler do the pieces of `fingerprint.base.parallel` within the block.

    A worker that dies takes nothing with it: its pieces are given to others.

    Args:
        address: The scheduler's, tcp://HOST:PORT; None works on this machine.

    Raises:
        FingerprintError: There is no such scheduler, it has no workers, or they run another program than this one;
            within the block, where the scheduler is lost, or a piece has taken several workers with it.
        MissingExtra: `distributed` is not installed.
    """
    if address is None:
        yield
        return
    _check(address)
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise MissingExtra("a cluster", "cluster") from None

    # What it logs of a lost connection are tracebacks; the error says what happened.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    _check_scheduler(address)
    with Client(address, timeout=_PATIENCE, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        _check_workers(client, address)
        # Data as values is what is wanted here.
        quiet = dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        with quiet, executing(partial(_each, client)):
            yield


def code_hash() -> str:
    """Return the SHA-256 of the package's modules, but for those that only show results."""
    digest = hashlib.sha256()
    package = Path(fingerprint.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if not {"report", "cli"} & set(path.relative_to(package).parts):
            digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class _Piece:
    """One piece. Dask takes it as a value as it is, and looks for nothing in it."""

    number: int
    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def done(self) -> tuple[int, Any]:
        return in_one_thread(self.number, self.function, self.arguments)


def _each(client: Any, function: Callable[..., Any], pieces: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
    """The executor of a cluster."""
    from distributed import CancelledError, KilledWorker, as_completed

    name = f"fingerprint-{uuid.uuid4().hex}"
    numbered = enumerate(pieces)
    with client.as_current():
        done: Any = as_completed()  # type: ignore[no-untyped-call]

    def give(count: int) -> None:
        for i, piece in itertools.islice(numbered, count):
            done.add(client.submit(_Piece.done, _Piece(i, function, piece), key=f"{name}-{i}"))

    try:
        give(_AHEAD * sum(client.nthreads().values()))
        for future in done:
            result = future.result()
            give(1)
            yield result
    except (CancelledError, KilledWorker) as error:
        raise FingerprintError(
            f"the cluster lost what it was given ({type(error).__name__}: {_line(error)}); the same command goes on "
            "with what is done"
        ) from None


def _check(address: str) -> None:
    """That something listens at the address, and why not, before Dask tries for long and says less."""
    try:
        found = urlsplit(address)
        host, port = found.hostname, found.port
    except ValueError:
        host = port = None
    if not host or not port or found.scheme not in ("tcp", "tls"):
        raise FingerprintError(f"{address}: expected the address of a Dask scheduler, such as tcp://127.0.0.1:8786")
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        raise FingerprintError(
            f"{address}: no Dask scheduler answers there ({_line(error)}); start one (dask scheduler), or leave out "
            "--scheduler to work on this machine alone"
        ) from None


def _check_scheduler(address: str) -> None:
    """That what listens is a scheduler: Dask's client would wait for ever for the answer of something else."""
    from distributed import Security, rpc

    secrets = Security().get_connection_args("client")  # type: ignore[no-untyped-call]

    async def ask() -> Any:
        async with rpc(address, connection_args=secrets) as there:  # type: ignore[no-untyped-call]
            return await there.identity()

    try:
        found = asyncio.run(asyncio.wait_for(ask(), _PATIENCE))["type"]
    except (OSError, TimeoutError) as error:
        found = _line(error)
    if found != "Scheduler":
        raise FingerprintError(f"{address}: no Dask scheduler answers there, but something else ({found})")


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise FingerprintError(f"{address}: has no workers; start some (dask worker {address})") from None
    here = _program()
    for worker, there in client.run(_program, on_error="return").items():
        if there != here:
            what = there if isinstance(there, Exception) else ", ".join(sorted(set(there) - set(here)))
            raise FingerprintError(
                f"{address}: the worker {worker} has another program ({_line(what)}); install there what is here "
                f"({', '.join(here)})"
            )


def _program() -> tuple[str, ...]:
    """All that the bytes of a result may depend on."""
    packages = (f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return (f"fingerprint {code_hash()[:12]}", f"python {platform.python_version()}", *packages)


def _line(error: object) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
