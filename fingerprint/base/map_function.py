"""The form of what works a function over many pieces: `itertools.starmap`, or workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

# over(function, pieces) gives function(*piece) of each, in order.
MapFunction = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]
