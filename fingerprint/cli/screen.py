"""What text is written to."""

from __future__ import annotations

import shutil
import sys

_WIDEST = 100


def screen() -> tuple[int, str]:
    """Columns to fill, and the encoding of stdout."""
    return min(shutil.get_terminal_size().columns, _WIDEST), sys.stdout.encoding or "ascii"
