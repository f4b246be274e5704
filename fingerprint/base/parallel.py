"""Many pieces of work at once: in processes of this machine or, within `fingerprint.base.cluster`, on a cluster.

Everything that runs in several processes and shall also run on a cluster goes through here. What a piece needs and
gives travels as values, so that a worker needs the same packages and nothing else: no folder is shared.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from joblib import Parallel, delayed

from fingerprint.base.map_function import MapFunction
from fingerprint.base.threads import ONE_THREAD

Result = TypeVar("Result")
# Workers that have grown are replaced between two pieces, which is no news to anybody.
warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")


def each(function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], jobs: int) -> Iterator[tuple[int, Result]]:
    """(number of the piece, function(*piece)) as they are done, in `jobs` processes or on the cluster."""
    work = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    return work(delayed(_numbered)((i, function, piece)) for i, piece in enumerate(pieces))


def parallel_map(jobs: int) -> MapFunction:
    """What `itertools.starmap` does, the results in the same order, by `each`."""
    return lambda function, pieces: _in_order(each(function, pieces, jobs))


def _in_order(found: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """By number: sums in another order would differ in their last digits."""
    waiting: dict[int, Result] = {}
    wanted = 0
    for i, result in found:
        waiting[i] = result
        while wanted in waiting:
            yield waiting.pop(wanted)
            wanted += 1


def _numbered(piece: tuple[int, Callable[..., Result], tuple[Any, ...]]) -> tuple[int, Result]:
    # One tuple: larger arguments of other kinds joblib lays down at a single worker of a cluster, to die with it.
    i, function, arguments = piece
    with ONE_THREAD:
        return i, function(*arguments)
