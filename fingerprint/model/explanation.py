"""The named habits that speak for the first lab and against the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.features import style_markers
from fingerprint.model.verdict import StyleMarker

_STRONGEST = 3
# A habit of one lab differs from prompt to prompt by this much of its spread, however many responses there are.
_SESSION = 0.25
_FLOOR = 0.01


@dataclass(frozen=True)
class Profiles:
    """mean, var: (R, habits) of the logarithm of one plus each rate, over the responses of a release."""

    mean: NDArray[np.float32]
    var: NDArray[np.float32]


def style_marker_llrs(
    texts: Sequence[str], profiles: Profiles, first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[StyleMarker, ...]:
    """The strongest habits for the first lab. first, second: (R,) what share each release has in its lab.

    The log-likelihood ratio (nats) is of the mean habit of `texts` under a Gaussian of each lab, a habit at a
    time: habits go together, so the ratios do not add up.
    """
    here = np.log1p(style_markers.measure(texts)).mean(axis=0)
    means, spreads = [], []
    for share in (first, second):
        mean = share @ profiles.mean
        between = share @ (profiles.mean - mean) ** 2
        within = share @ profiles.var
        means.append(mean)
        spreads.append(between + within * (_SESSION + 1 / len(texts)) + _FLOOR)
    likelihood = [-0.5 * ((here - m) ** 2 / v + np.log(v)) for m, v in zip(means, spreads, strict=True)]
    ratio = likelihood[0] - likelihood[1]
    order = [int(i) for i in np.argsort(-ratio) if ratio[i] > 0][:_STRONGEST]
    return tuple(
        StyleMarker(
            style_markers.NAMES[i],
            round(float(np.expm1(here[i])), 3),
            round(float(np.expm1(means[0][i])), 3),
            round(float(np.expm1(means[1][i])), 3),
            style_markers.UNITS[i],
            round(float(ratio[i]), 3),
        )
        for i in order
    )
