"""Fits the calibration on held-out suspects by their log-loss, and the claim thresholds on the same ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fingerprint.verdict.calibration import Calibration, Curve
from fingerprint.verdict.evidence import Evidence
from fingerprint.verdict.hierarchy import Floats, Ints
from fingerprint.verdict.posterior import PARAMETERS, START, posterior

# How a release is told apart within the right lab matters less than the lab.
_RELEASE_SHARE = 0.25
_PULL = 1e-3
_LIMIT_QUANTILE = 0.995


@dataclass(frozen=True)
class Suspects:
    """S held-out suspects. lab: (S,) code, -1 for a lab that the model lacks; release: (S,) code, -1 for one that
    it lacks; count, weight: (S,)."""

    evidence: Evidence
    lab: Ints
    release: Ints
    count: Ints
    weight: Floats

    def of(self, at: NDArray[np.bool_]) -> Suspects:
        return Suspects(self.evidence.of(at), self.lab[at], self.release[at], self.count[at], self.weight[at])


def calibrate(suspects: Suspects, lab_of_release: Ints) -> Calibration:
    """Parameters by weighted log-loss (Brummer & du Preez 2006) with a pull towards their start, then curves."""

    def loss(parameters: Floats) -> float:
        found = posterior(parameters, suspects.evidence, suspects.count, lab_of_release)
        rows = np.arange(len(suspects.lab))
        labs = np.column_stack([found.labs(), found.unknown])
        of_lab = labs[rows, suspects.lab]
        within = np.where(suspects.release >= 0, found.release[rows, suspects.release], found.new[rows, suspects.lab])
        within = np.where(suspects.lab >= 0, within, found.unknown)
        nats = -np.log(of_lab + 1e-9) - _RELEASE_SHARE * np.log(within / (of_lab + 1e-9) + 1e-6)
        return float(np.average(nats, weights=suspects.weight) + _PULL * np.sum((parameters - START) ** 2))

    best = minimize(loss, START, method="L-BFGS-B", options={"maxiter": 80}).x
    found = posterior(best, suspects.evidence, suspects.count, lab_of_release)
    labs = found.labs()
    confidence, right = labs.max(axis=1), labs.argmax(axis=1) == suspects.lab
    curves = {"all": Curve.of(confidence, right, suspects.weight)}
    for n in np.unique(suspects.count):
        at = suspects.count == n
        curves[str(n)] = Curve.of(confidence[at], right[at], suspects.weight[at])
    limit = float(np.quantile(suspects.evidence.ground, _LIMIT_QUANTILE))
    return Calibration(dict(zip(PARAMETERS, best.tolist(), strict=True)), curves, limit)
