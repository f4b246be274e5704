"""The style markers that speak for the first lab and against the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import StyleMarkerConfig
from fingerprint.features import style_markers
from fingerprint.model.verdict import StyleMarker

# Nats beyond which the tail of a Gaussian is no evidence of its size.
_FARTHEST = 30.0


@dataclass(frozen=True)
class Profiles:
    """The style markers of R releases, as logarithms of one plus each rate.

    Attributes:
        mean: (R, markers) mean over the responses of a release.
        var: (R, markers) variance over them.
    """

    mean: NDArray[np.float32]
    var: NDArray[np.float32]


def style_marker_llrs(
    texts: Sequence[str],
    profiles: Profiles,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    config: StyleMarkerConfig,
) -> tuple[StyleMarker, ...]:
    """Find the style markers with the highest style-marker LLR.

    The mean of a marker over the responses has a Gaussian under each lab: a mixture of the profiles of the lab's
    releases, by its first two moments. Markers are correlated, so the LLRs do not add up. An LLR is cut at 30 nats: the
    tails of a Gaussian are no evidence of that size.

    Args:
        texts: The responses, not masked.
        profiles: Of the R releases.
        first: (R,) share of each release in the first lab; 0 for other releases.
        second: (R,) the same for the second lab.
        config: The variance from prompt to prompt, the least variance, and how many markers to return.

    Returns:
        The markers whose LLR is above 0, the highest first.
    """
    measured = np.log1p(style_markers.measure(texts)).mean(axis=0)
    means, variances = [], []
    for share in (first, second):
        mean = share @ profiles.mean
        between = share @ (profiles.mean - mean) ** 2
        within = share @ profiles.var
        means.append(mean)
        variances.append(between + within * (config.session + 1 / len(texts)) + config.least_variance)
    logs = [-0.5 * ((measured - m) ** 2 / v + np.log(v)) for m, v in zip(means, variances, strict=True)]
    llr = logs[0] - logs[1]
    order = [int(i) for i in np.argsort(-llr) if llr[i] > 0][: config.shown]
    return tuple(
        StyleMarker(
            style_markers.NAMES[i],
            _rounded(np.expm1(measured[i])),
            _rounded(np.expm1(means[0][i])),
            _rounded(np.expm1(means[1][i])),
            style_markers.UNITS[i],
            _rounded(min(llr[i], _FARTHEST)),
        )
        for i in order
    )


def _rounded(value: float) -> float:
    return round(float(value), 3)
