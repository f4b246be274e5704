"""How far a long command is, on one line of stderr; silent where that is no terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_EVERY = 0.1


class Progress:
    """Called with (stage, done, total)."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._stage = ""
        self._last = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown and self._stage:
            sys.stderr.write("\n")

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._shown or (now - self._last < _EVERY and done < total):
            return
        if self._stage and stage != self._stage:
            sys.stderr.write("\n")
        self._stage, self._last = stage, now
        sys.stderr.write(f"\r\x1b[K{stage}: {done:,} of {total:,}")
        sys.stderr.flush()
