"""Sums in one thread: by how many they are made changes their last digits, and with these the bytes of a model."""

from __future__ import annotations

import sys
import threading
from contextlib import ContextDecorator
from typing import Any

from threadpoolctl import threadpool_limits


class _OneThread(ContextDecorator):
    """Within it NumPy, SciPy and PyTorch (where it is loaded) have one thread each, also where a worker does several
    pieces at once, or it is entered again."""

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._limits: Any = None
        self._torch: int | None = None

    def __enter__(self) -> None:
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
