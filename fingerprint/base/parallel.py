"""Many pieces of work: one after the other, in processes of this machine or, within `cluster`, on a Dask cluster.

Everything that runs in several processes and shall also run on a cluster goes through here. What a piece needs and
gives travels as values, so that a worker needs the same packages and nothing else: no folder is shared.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar

Result = TypeVar("Result")

# map_function(function, pieces) gives function(*piece) of each piece, in order: `itertools.starmap`, or workers.
MapFunction: TypeAlias = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]
# progress(stage, done, total): how far a stage of the work is.
Progress: TypeAlias = Callable[[str, int, int], None]
# Gives (number of the piece, function(*piece)) as they are done.
Executor: TypeAlias = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[tuple[int, Any]]]

_executor: ContextVar[Executor | None] = ContextVar("executor", default=None)


def each(function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], jobs: int) -> Iterator[tuple[int, Result]]:
    """Apply `function` to every piece at once, in processes or on the cluster.

    Args:
        function: Called with the elements of a piece, in one thread.
        pieces: Taken a few ahead of what is done.
        jobs: Processes at once on this machine.

    Yields:
        The number of the piece and its result, as they are done.
    """
    executor = _executor.get()
    return executor(function, pieces) if executor else in_processes(function, pieces, jobs)


def parallel_map(jobs: int) -> MapFunction:
    """Return a map function that works by `each`, with the results in the order of the pieces."""
    return lambda function, pieces: _in_order(each(function, pieces, jobs))


def is_distributed() -> bool:
    """Return whether `each` works elsewhere than in processes of this machine."""
    return _executor.get() is not None


@contextmanager
def executing(executor: Executor) -> Iterator[None]:
    """Let `each` work through `executor` within the block."""
    token = _executor.set(executor)
    try:
        yield
    finally:
        _executor.reset(token)


def in_one_thread(number: int, function: Callable[..., Result], piece: tuple[Any, ...]) -> tuple[int, Result]:
    """Do one piece in a worker: its number and its result."""
    with ONE_THREAD:
        return number, function(*piece)


def in_processes(
    function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], jobs: int
) -> Iterator[tuple[int, Result]]:
    """Apply `function` to every piece in processes of this machine, as `each` does without a cluster."""
    from joblib import Parallel, delayed

    # joblib replaces a worker that has grown between two pieces; users need not know.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
    work = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    return iter(work(delayed(in_one_thread)(i, function, piece) for i, piece in enumerate(pieces)))


def _in_order(found: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """By number: sums in another order would differ in their last digits."""
    waiting: dict[int, Result] = {}
    wanted = 0
    for i, result in found:
        waiting[i] = result
        while wanted in waiting:
            yield waiting.pop(wanted)
            wanted += 1


class _OneThread(ContextDecorator):
    """Limits NumPy, SciPy and PyTorch (where it is loaded) to one thread each.

    The number of threads of a sum changes its last digits, and with these the bytes of a model. The block may be
    entered again, and by several threads of a worker at once; the last to leave restores what there was.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._limits: Any = None
        self._torch: int | None = None

    def __enter__(self) -> None:
        from threadpoolctl import threadpool_limits

        with self._lock:
            self._inside += 1
            if self._inside == 1:
                torch = sys.modules.get("torch")
                self._torch = torch.get_num_threads() if torch else None
                self._limits = threadpool_limits(1)
                if torch:
                    torch.set_num_threads(1)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limits.restore_original_limits()
                if self._torch:
                    sys.modules["torch"].set_num_threads(self._torch)


ONE_THREAD = _OneThread()
