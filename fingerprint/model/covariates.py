"""The covariates of a case: quality measures on which the calibration depends.

References:
    Ferrer, L., Graciarena, M., Zymnis, A. and Shriberg, E. (2008). System combination using auxiliary information for
    speaker verification. ICASSP 2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import CalibrationConfig
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
"""The columns of `Covariates.columns`, as endings of the names of the posterior's parameters; the first is constant."""

# The domain distance is cut here, so that one extreme case cannot carry the fit or a verdict away.
_DISTANCE_RANGE = (np.log(0.05), np.log(50.0))
# exp(7) - 1 = 1,096 features: a response of typical length. Single letters and books count as the ends of the range.
_TYPICAL_SIZE, _SIZE_RANGE = 7.0, 3.0
# In nats: keeps the logarithm finite where one release explains every response for certain.
_LEAST_LOG_PROBABILITY = 0.05
# A response that speaks against a lab for certain speaks no louder than this.
_LEAST_VOTE = 1e-6
_LOG_LEAST_VOTE = float(np.log(_LEAST_VOTE))
_HALF = 0.5
# So many of the releases that explain a case best alone are tried as the first of a pair; all of them would take
# fifty times as long.
_PAIR_CANDIDATES = 8


@dataclass(frozen=True)
class Covariates:
    """What the calibration depends on beside the evidence, for S cases.

    Attributes:
        count: (S,) responses.
        size: (S,) mean logarithm of one plus a response's number of features.
        log_probability: (S,) mean log-probability in nats a response that the release classifier gives the one release
            that explains the case best.
        two_source_llr: (S,) by how many nats a response two releases of different labs explain the case better than
            one does; 0 for one response.
        known_script: (S,) whether at least half of the responses are in a script that the model knows.
    """

    count: Ints
    size: Floats
    log_probability: Floats
    two_source_llr: Floats
    known_script: NDArray[np.bool_]

    @classmethod
    def unread(cls, count: Ints) -> Covariates:
        """Return the covariates of cases of which only the (S,) numbers of responses are known."""
        nothing = np.zeros(len(count))
        return cls(count, nothing + _TYPICAL_SIZE, nothing, nothing, np.ones(len(count), bool))

    def of(self, at: NDArray[np.bool_] | Ints) -> Covariates:
        """Return the covariates of some of the cases."""
        return Covariates(*(getattr(self, field.name)[at] for field in fields(self)))

    def columns(self, evidence: Evidence, config: CalibrationConfig) -> Floats:
        """Return what the parameters of the posterior are linear in.

        Args:
            evidence: On the same S cases.
            config: Beyond `covariate_responses` responses, the number of responses counts as this one. A calibration
                on fewer cannot tell more: known releases with hundreds of responses passed for new ones
                (docs/decisions/calibration.md).

        Returns:
            (S, 7), in the order of COVARIATES.
        """
        margin = evidence.known.max(axis=1) - evidence.unknown
        return np.column_stack(
            [
                np.ones(len(self.count)),
                np.log(np.minimum(self.count, config.covariate_responses)),
                np.clip(np.log(evidence.domain_distance), *_DISTANCE_RANGE),
                np.log1p(np.maximum(evidence.in_domain_llr, 0)),
                np.clip(self.size - _TYPICAL_SIZE, -_SIZE_RANGE, _SIZE_RANGE),
                -np.log(_LEAST_LOG_PROBABILITY - self.log_probability),
                np.log1p(np.maximum(margin, 0)),
            ]
        )


def read_cases(
    likelihood: Likelihood,
    embeddings: Sequence[NDArray[np.float32]],
    sizes: Sequence[Ints],
    known_script: Sequence[NDArray[np.bool_]] | None = None,
) -> tuple[Evidence, Covariates]:
    """Collect what a model finds in cases.

    Args:
        likelihood: Without linear classifiers their scores, the votes and two of the covariates are 0.
        embeddings: The (responses, D) embeddings of each of S cases.
        sizes: The (responses,) numbers of features of each case.
        known_script: For each case (responses,) whether the model knows the script of a response; None if it knows all
            of them.

    Returns:
        The evidence on the cases and their covariates, in their order.
    """
    plda, classifiers = likelihood.plda, likelihood.classifiers
    count = np.array([len(rows) for rows in embeddings])
    size = np.array([np.log1p(of).mean() for of in sizes])
    log_probability, two_source_llr = np.zeros((2, len(embeddings)))
    votes = np.zeros((len(embeddings), int(plda.lab.max()) + 1))
    if classifiers:
        member = np.eye(votes.shape[1])[plda.lab]
        for i, rows in enumerate(embeddings):
            release, lab = classifiers.log_probabilities(plda.project(rows))
            log_probability[i] = release.mean(axis=0).max()
            two_source_llr[i] = _two_source_llr(release, plda.lab)
            votes[i] = (np.log(np.exp(release) @ member + _LEAST_VOTE) + np.maximum(lab, _LOG_LEAST_VOTE)).mean(axis=0)
        votes -= votes.max(axis=1, keepdims=True)
    evidence = likelihood.evidence(np.stack([rows.mean(axis=0) for rows in embeddings]), count, votes)
    known = np.ones(len(embeddings), bool)
    if known_script is not None:
        known[:] = [of.mean() >= _HALF for of in known_script]
    return evidence, Covariates(count, size, log_probability, two_source_llr, known)


def read_nothing(releases: int, labs: int) -> tuple[Evidence, Covariates]:
    """Return what a case without responses has: no evidence for or against anyone.

    Args:
        releases: R, the releases of the model.
        labs: L, its labs.

    Returns:
        The evidence on one case, and its covariates.
    """
    of_releases, of_labs = np.zeros((1, releases)), np.zeros((1, labs))
    evidence = Evidence(
        known=of_releases,
        new=of_labs,
        unknown=np.zeros(1),
        domain_distance=np.ones(1),
        in_domain_llr=np.zeros(1),
        release_score=of_releases,
        lab_score=of_labs,
        votes=of_labs,
    )
    return evidence, Covariates.unread(np.ones(1, np.int64))


def _two_source_llr(logs: Floats, lab: Ints) -> float:
    """Compare the best pair of releases of different labs with the best release, for one case.

    logs: (responses, R) log-probabilities.
    """
    total = logs.sum(axis=0)
    best = one = float(total.max())
    if len(logs) > 1:
        for first in np.argsort(-total, kind="stable")[:_PAIR_CANDIDATES]:
            both = np.maximum(logs, logs[:, [first]]).sum(axis=0)
            best = max(best, float(both.max(initial=one, where=lab != lab[first])))
    return (best - one) / len(logs)
