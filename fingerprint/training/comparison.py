"""A new model beside the old one on the same responses, and whether it got worse.

Drops are taken suspect by suspect and their intervals from a bootstrap over releases, both models in the same
resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fingerprint.metrics.bootstrap import Doubles, Resamples, interval
from fingerprint.metrics.metrics import calibration_error, false_attributions
from fingerprint.training.predictor import Bools, CaseSet, Predictions

_RESAMPLES = 1_000


@dataclass(frozen=True)
class Figure:
    """drop: by how much the new model is worse, and low and high its 95 % interval; None where one of the models has
    no such figure. allowed: the drop that nobody minds."""

    group: str
    figure: str
    cases: int
    old: float | None
    new: float | None
    drop: float | None
    low: float | None
    high: float | None
    allowed: float

    @property
    def worse(self) -> bool:
        """Whether the interval holds nothing but drops beyond what is allowed."""
        return self.low is not None and self.low > self.allowed


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


# Whoever can be named by more names is named by the right one less often: so much may an addition cost what was known
# before. It is what an update may lose to a full training; training again with ten releases more costs up to a point.
_LAB, _RELEASE = 0.01, 0.02


@dataclass(frozen=True)
class _Measure:
    """of: what it takes; alone: whether of single responses, None for all suspects; sign: -1 where less is better;
    allowed: the drop that nobody minds."""

    name: str
    of: Callable[[Predictions, Resamples], Doubles]
    alone: bool | None
    sign: int
    allowed: float


_MEASURES = (
    _Measure("lab top-1, one response", lambda a, s: s.mean(a.lab), True, 1, _LAB),
    _Measure("lab top-1, all of them", lambda a, s: s.mean(a.lab), False, 1, _LAB),
    _Measure("release top-1, one response", lambda a, s: s.mean(a.release), True, 1, _RELEASE),
    _Measure("release top-1, all of them", lambda a, s: s.mean(a.release), False, 1, _RELEASE),
    _Measure("claimed", lambda a, s: s.mean(a.attributed), None, 1, _LAB),
    _Measure("false claims", lambda a, s: false_attributions(a.lab, a.attributed, s), None, -1, _LAB),
    _Measure("calibration error", lambda a, s: calibration_error(a.sure, a.lab, s), None, -1, _LAB),
)


def compare(
    asked: CaseSet, old: Predictions, new: Predictions, known: Iterable[str], names: Iterable[str]
) -> Comparison:
    """known: the releases that the old model knows; names: those that the new one does."""
    before, after = set(known), set(names)
    of_old = np.isin(asked.release, sorted(before))
    figures = []
    for group, at in (("old releases", of_old), ("new releases", ~of_old)):
        if at.any():
            figures += _figures(group, asked, at, old, new)
    return Comparison(tuple(figures), tuple(sorted(before - after)))


def _figures(group: str, asked: CaseSet, at: Bools, old: Predictions, new: Predictions) -> list[Figure]:
    out = []
    samples = Resamples.draw(np.unique(asked.release, return_inverse=True)[1][at], _RESAMPLES, np.random.default_rng(0))
    for measure in _MEASURES:
        some = np.ones(at.sum(), bool) if measure.alone is None else asked.alone[at] == measure.alone
        if not some.any():
            continue
        drawn = samples.of(some)
        before, after = (measure.of(answers.of(at).of(some), drawn) for answers in (old, new))
        drop = interval(measure.sign * (before - after))
        values = interval(before)["value"], interval(after)["value"]
        cases = int(some.sum())
        out.append(
            Figure(group, measure.name, cases, *values, drop["value"], drop["low"], drop["high"], measure.allowed)
        )
    return out


def _short(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
