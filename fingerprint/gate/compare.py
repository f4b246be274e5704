"""A new model beside the old one on the same responses, and whether it got worse.

Drops are taken suspect by suspect and their intervals from a bootstrap over releases, both models in the same
resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fingerprint.evaluate.metrics import calibration_error, false_claims
from fingerprint.evaluate.resamples import Doubles, Resamples, interval
from fingerprint.gate.judge import Answers, Asked, Bools

_RESAMPLES = 1_000


@dataclass(frozen=True)
class Figure:
    """drop: by how much the new model is worse, and low and high its 95 % interval; None where one of the models has
    no such figure."""

    group: str
    figure: str
    suspects: int
    old: float | None
    new: float | None
    drop: float | None
    low: float | None
    high: float | None

    @property
    def worse(self) -> bool:
        """Whether the interval holds nothing but drops beyond what is allowed."""
        return self.low is not None and self.low > 0


@dataclass(frozen=True)
class Comparison:
    """figures: of the releases that the old model knows, and of those that are new to it. lost: releases that the new
    model no longer knows."""

    figures: tuple[Figure, ...]
    lost: tuple[str, ...]

    @property
    def refused(self) -> bool:
        return bool(self.lost) or any(figure.worse for figure in self.figures)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        rows = [
            {**{name: _short(value) for name, value in asdict(figure).items()}, "worse": figure.worse}
            for figure in self.figures
        ]
        return {"figures": rows, "lost": list(self.lost), "refused": self.refused}


# What is measured, of which suspects, and whether more of it is better.
_MEASURES: tuple[tuple[str, Callable[[Answers, Resamples], Doubles], bool | None, int], ...] = (
    ("lab top-1, one response", lambda a, s: s.mean(a.lab), True, 1),
    ("lab top-1, all of them", lambda a, s: s.mean(a.lab), False, 1),
    ("release top-1, one response", lambda a, s: s.mean(a.release), True, 1),
    ("release top-1, all of them", lambda a, s: s.mean(a.release), False, 1),
    ("claimed", lambda a, s: s.mean(a.claimed), None, 1),
    ("false claims", lambda a, s: false_claims(a.lab, a.claimed, s), None, -1),
    ("calibration error", lambda a, s: calibration_error(a.sure, a.lab, s), None, -1),
)


def compare(asked: Asked, old: Answers, new: Answers, known: Iterable[str], names: Iterable[str]) -> Comparison:
    """known: the releases that the old model knows; names: those that the new one does."""
    before, after = set(known), set(names)
    of_old = np.isin(asked.release, sorted(before))
    figures = []
    for group, at in (("old releases", of_old), ("new releases", ~of_old)):
        if at.any():
            figures += _figures(group, asked, at, old, new)
    return Comparison(tuple(figures), tuple(sorted(before - after)))


def _figures(group: str, asked: Asked, at: Bools, old: Answers, new: Answers) -> list[Figure]:
    out = []
    samples = Resamples.draw(np.unique(asked.release, return_inverse=True)[1][at], _RESAMPLES, np.random.default_rng(0))
    for name, measure, alone, sign in _MEASURES:
        some = np.ones(at.sum(), bool) if alone is None else asked.alone[at] == alone
        if not some.any():
            continue
        drawn = samples.of(some)
        before, after = (measure(answers.of(at).of(some), drawn) for answers in (old, new))
        drop = interval(sign * (before - after))
        values = interval(before)["value"], interval(after)["value"]
        out.append(Figure(group, name, int(some.sum()), *values, drop["value"], drop["low"], drop["high"]))
    return out


def _short(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
