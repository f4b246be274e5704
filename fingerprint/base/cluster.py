"""`cluster`: a place in which `fingerprint.base.parallel` works on a Dask cluster, through joblib."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import logging
import platform
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fingerprint.base.program import code_hash
from fingerprint.errors import FingerprintError, MissingExtra

_PATIENCE = 10
_PACKAGES = ("numpy", "scipy")


@contextlib.contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Within it pieces are done by the workers of the Dask scheduler at `address` (tcp://HOST:PORT); None: here.

    A worker that dies takes nothing with it: its pieces are given to others. Raises FingerprintError where there is no
    such scheduler, it has no workers or they have another program than this one, and within, where the scheduler is
    lost, or a piece has taken several workers with it; MissingExtra without `distributed`.
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
    from joblib import parallel_config

    # What it logs of a lost connection are tracebacks; what happened is said by the error.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    _check_scheduler(address)
    with Client(address, timeout=_PATIENCE, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        _check_workers(client, address)
        # Data as values is what is wanted here.
        quiet = dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        with quiet, parallel_config(backend=_backend(client)):
            yield


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


@dataclass(frozen=True)
class _Lost:
    """In place of a result: why there is none."""

    error: BaseException


def _backend(client: Any) -> Any:
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        """joblib's, which waits for ever for what no worker could do."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            # For one, joblib would not ask the cluster at all.
            return max(2, super().effective_n_jobs(n_jobs))

        def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Any:
            future = super().submit(func, callback)
            future.add_done_callback(lambda done: callback and done.exception() and callback(_Lost(done.exception())))
            return future

        def retrieve_result_callback(self, out: Any) -> Any:
            # Dask gives the exception in place of a result where the scheduler is gone.
            error = out.error if isinstance(out, _Lost) else out
            if isinstance(out, _Lost | CancelledError):
                raise FingerprintError(
                    f"the cluster lost what it was given ({type(error).__name__}: {_line(error)}); the same command "
                    "goes on with what is done"
                )
            return super().retrieve_result_callback(out)

    return Backend(client=client)


def _line(error: object) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
