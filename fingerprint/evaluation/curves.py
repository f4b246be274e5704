"""How probable against how often right, and what a threshold on claims buys: each suspect counts the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from fingerprint.evaluation.levels import Level
from fingerprint.evaluation.predictions import Predictions
from fingerprint.metrics.metrics import bins

_BINS = 10
THRESHOLDS = np.linspace(0, 1, 51)


def reliability(answers: Predictions, level: str = "lab") -> list[dict[str, Any]]:
    """Ten bins of equal width over the probability of the first known name (reliability diagram: DeGroot & Fienberg
    1983; Guo et al. 2017): its mean, how often that name was right, and of how many suspects; both None where none.

    level: "lab", "family" or "release". A suspect whose true name the model does not know is never right.
    """
    seen = Level.read(answers, level)
    code = bins(seen.probability, _BINS)
    out = []
    for i in range(_BINS):
        of = code == i
        some = bool(of.any())
        out.append(
            {
                "low": i / _BINS,
                "high": (i + 1) / _BINS,
                "predicted": float(np.mean(seen.probability[of], dtype=np.float64)) if some else None,
                "right": float(np.mean(seen.right[of])) if some else None,
                "suspects": int(of.sum()),
            }
        )
    return out


def claim_curve(answers: Predictions) -> list[dict[str, Any]]:
    """At each threshold on the first lab's probability: the share of suspects at or above it, and the share of these
    whose first lab is wrong (risk and coverage: El-Yaniv & Wiener 2010); None where there is nothing to share."""
    seen = Level.read(answers, "lab")
    out = []
    for threshold in THRESHOLDS:
        # Shares are in single precision, in which 0.7 is less than 0.7.
        above = seen.probability >= np.float32(threshold)
        out.append(
            {
                "threshold": float(threshold),
                "coverage": float(np.mean(above)) if len(above) else None,
                "false claims": float(np.mean(~seen.right[above])) if above.any() else None,
            }
        )
    return out
