"""What surrounds the evidence of a suspect: how many responses, how long, and how well one release explains each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.likelihood import Evidence, Likelihood
from fingerprint.model.plda import Floats, Ints

COVARIATES = (
    "",
    "_by_responses",
    "_by_domain_distance",
    "_by_in_domain_llr",
    "_by_size",
    "_by_log_probability",
    "_by_margin",
)
# What the calibration makes of the number of responses was learned from no more than this; beyond it a known release
# with hundreds of responses was taken for a new one (docs/decisions.md).
MOST_CALIBRATED = 25
_GROUND = (np.log(0.05), np.log(50.0))
# Around a response of usual length; single letters and books count as the ends of this range.
_USUAL_SIZE, _SIZE_RANGE = 7.0, 3.0
_LEAST_LEVEL = 0.05
_FIRSTS = 8


@dataclass(frozen=True)
class Covariates:
    """Of S suspects, (S,) each.

    count: responses. size: mean logarithm of a response's number of features. log_probability: mean log-probability, in nats a
    response, that the head gives the one release that explains them best. two_source_llr: by how many nats a response two
    releases of different labs explain them better than one does; 0 for one response.
    """

    count: Ints
    size: Floats
    log_probability: Floats
    two_source_llr: Floats

    @classmethod
    def read(
        cls, likelihood: Likelihood, embeddings: Sequence[NDArray[np.float32]], sizes: Sequence[Ints]
    ) -> Covariates:
        """places: of each suspect (responses, D) in the fingerprint space; sizes: (responses,) features of each."""
        count = np.array([len(rows) for rows in embeddings])
        size = np.array([np.log1p(of).mean() for of in sizes])
        log_probability, two_source_llr = np.zeros((2, len(embeddings)))
        if likelihood.classifiers:
            for i, rows in enumerate(embeddings):
                logs = likelihood.classifiers.release_logs(likelihood.plda.project(rows))
                log_probability[i] = logs.mean(axis=0).max()
                two_source_llr[i] = _split(logs, likelihood.plda.lab)
        return cls(count, size, log_probability, two_source_llr)

    @classmethod
    def unread(cls, count: Ints) -> Covariates:
        """Of suspects of which nothing but the number of responses is known."""
        nothing = np.zeros(len(count))
        return cls(count, nothing + _USUAL_SIZE, nothing, nothing)

    def of(self, at: NDArray[np.bool_] | Ints) -> Covariates:
        """The circumstances of some suspects."""
        return Covariates(self.count[at], self.size[at], self.log_probability[at], self.two_source_llr[at])

    def columns(self, evidence: Evidence) -> Floats:
        """(S, len(SIDES)) side information for the calibration, in the order of SIDES."""
        margin = evidence.known.max(axis=1) - evidence.unknown
        return np.column_stack(
            [
                np.ones(len(self.count)),
                np.log(np.minimum(self.count, MOST_CALIBRATED)),
                np.clip(np.log(evidence.domain_distance), *_GROUND),
                np.log1p(np.maximum(evidence.in_domain_llr, 0)),
                np.clip(self.size - _USUAL_SIZE, -_SIZE_RANGE, _SIZE_RANGE),
                -np.log(_LEAST_LEVEL - self.log_probability),
                np.log1p(np.maximum(margin, 0)),
            ]
        )


def _split(logs: Floats, lab: Ints) -> float:
    """logs: (responses, R) log-probabilities. Of the pairs, those with one of the releases that explain most alone."""
    total = logs.sum(axis=0)
    best = one = float(total.max())
    if len(logs) > 1:
        for first in np.argsort(-total, kind="stable")[:_FIRSTS]:
            both = np.maximum(logs, logs[:, [first]]).sum(axis=0)
            best = max(best, float(both.max(initial=one, where=lab != lab[first])))
    return (best - one) / len(logs)
