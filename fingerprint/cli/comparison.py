"""What the verbs that change a model do where it got worse."""

from __future__ import annotations

from fingerprint.errors import Refused
from fingerprint.training.comparison import Comparison


def check_written(comparison: Comparison, written: bool) -> None:
    """Raises Refused where the comparison kept the new model from being written."""
    if written:
        return
    worse = [f"{figure.figure} of {figure.group}" for figure in comparison.figures if figure.worse]
    worse += [f"{len(comparison.lost)} releases lost"] if comparison.lost else []
    raise Refused(f"the new model is worse than the old one ({'; '.join(worse)}); nothing was changed; see --force")
