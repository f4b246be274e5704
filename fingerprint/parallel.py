"""Many pieces of work at once: in processes of this machine or, within `cluster`, in the workers of a Dask cluster.

Everything that runs in several processes and shall also run on a cluster goes through `each`. What a piece needs and
gives travels as values, so that a worker needs the same packages and nothing else: no folder is shared.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from fingerprint.code import code_hash
from fingerprint.errors import FingerprintError, MissingExtra
from fingerprint.over import Over

Result = TypeVar("Result")

_PATIENCE = 10
_PACKAGES = ("numpy", "scipy")


def each(function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], jobs: int) -> Iterator[tuple[int, Result]]:
    """(number of the piece, function(*piece)) as they are done, in `jobs` processes or on the cluster.

    A worker that dies takes nothing with it: its pieces are given to others. Raises FingerprintError where the cluster
    is lost, or a piece has taken several workers with it.
    """
    work = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    found = work(delayed(_numbered)((i, function, piece)) for i, piece in enumerate(pieces))
    try:
        yield from found
    except Exception as error:
        if type(error).__module__.startswith("distributed"):
            raise FingerprintError(
                f"the cluster's workers are lost ({_line(error)}); the same command goes on with what is done"
            ) from None
        raise


def spread(jobs: int) -> Over:
    """What `itertools.starmap` does, the results in the same order, by `each`."""
    return lambda function, pieces: _in_order(each(function, pieces, jobs))


def _in_order(found: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """What `each` gives, by number: sums in another order would differ in their last digits."""
    waiting: dict[int, Result] = {}
    wanted = 0
    for i, result in found:
        waiting[i] = result
        while wanted in waiting:
            yield waiting.pop(wanted)
            wanted += 1


@contextlib.contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Within it `each` works on the Dask cluster whose scheduler is at `address` (tcp://HOST:PORT); None: here.

    Raises FingerprintError where there is none, it has no workers, or they have another program than this one;
    MissingExtra without `distributed`.
    """
    if address is None:
        yield
        return
    _check(address)
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtra("a cluster", "cluster") from None
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise FingerprintError(f"{address}: no Dask scheduler answers there ({_line(error)})") from None
    with client:
        _check_workers(client, address)
        with parallel_config(backend="dask", client=client):
            yield


def _numbered(piece: tuple[int, Callable[..., Result], tuple[Any, ...]]) -> tuple[int, Result]:
    # One tuple: joblib lays larger arguments of other kinds down at a single worker, and they die with it.
    i, function, arguments = piece
    # Products of matrices differ in their last digits by the number of threads that make them.
    with threadpool_limits(1):
        return i, function(*arguments)


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
