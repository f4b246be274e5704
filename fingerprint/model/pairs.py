"""The features of a pair of cases: how likely one release wrote both, by PLDA and by the linear classifiers.

All features are symmetric: they stay the same when the two cases change places.

References:
    Brümmer, N. and De Villiers, E. (2010). The speaker partitioning problem. Odyssey 2010.
    Dehak, N. et al. (2011). Front-end factor analysis for speaker verification. IEEE Transactions on Audio, Speech, and
    Language Processing 19 (cosine scoring).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Floats, Ints, Plda

_BASE = (
    "one_domain_llr",
    "two_domains_llr",
    "cosine",
    "agreement",
    "domain",
    "length",
)
_BY_RESPONSES = "_by_responses"

FEATURES = (*_BASE, *(f"{name}{_BY_RESPONSES}" for name in _BASE), "responses")
"""The columns of `pair_features`: what is in `_BASE`, the same times the logarithm of responses, and this logarithm."""

_DIFFERENCE = "difference"
SHARED_FEATURES = (*FEATURES, _DIFFERENCE, f"{_DIFFERENCE}{_BY_RESPONSES}")
"""The columns of `shared_pair_features`: those of `pair_features`, and what the differences at each prompt agree in."""

# The logarithm of 5 responses: products with a centred logarithm are less like what they are made of.
_TYPICAL_RESPONSES = float(np.log(5))
# Probabilities of a common domain or release that are smaller say no more, and a cosine of nothing is 0.
_LEAST_COMMON, _TINY = 1e-6, 1e-12


@dataclass(frozen=True)
class Sides:
    """S cases as sides of pairs, in PLDA's basis with K dimensions.

    Attributes:
        point: (S, K) the mean of each, less the mean offset of the known domains.
        spread: (S, K) the variance of this mean around its cell.
        count: (S,) responses.
        size: (S,) mean logarithm of one plus a response's number of features.
        domain: (S, C + 1) log-likelihood of an unknown domain and of each known one, whichever release wrote the case.
        release: (S, R) log-probabilities of the release classifier.
        score: (S, R) scores of the release classifier on `point`, less their mean and of length 1.
    """

    point: Floats
    spread: Floats
    count: Ints
    size: Floats
    domain: Floats
    release: Floats
    score: Floats

    @classmethod
    def read(
        cls, likelihood: Likelihood, embeddings: Sequence[NDArray[np.float32]], sizes: Sequence[Ints | Floats]
    ) -> Sides:
        """Collect what pairs need to know of S cases.

        Args:
            likelihood: PLDA and the linear classifiers.
            embeddings: The (responses, D) embeddings of each case.
            sizes: The (responses,) numbers of features of each case.

        Returns:
            The sides, in the order of the cases.
        """
        plda, classifiers = likelihood.plda, likelihood.classifiers
        count = np.array([len(rows) for rows in embeddings])
        point = plda.project(np.stack([rows.mean(axis=0) for rows in embeddings]))
        spread = plda.within * likelihood.spread(count)[:, None]
        domain = _domains(plda, point, spread)
        weights = classifiers.release if classifiers else np.zeros((point.shape[1], len(plda.lab)))
        release = classifiers.log_probabilities(point)[0] if classifiers else np.zeros((len(point), len(plda.lab)))
        return cls(
            point=point - plda.domain_mean,
            spread=spread,
            count=count,
            size=np.array([np.log1p(of).mean() for of in sizes]),
            domain=domain,
            release=release,
            score=_unit((point - plda.domain_mean) @ weights),
        )

    def of(self, at: Sequence[int]) -> Sides:
        """Return some of the sides."""
        return Sides(*(getattr(self, field.name)[at] for field in fields(self)))

    @property
    def in_domain(self) -> NDArray[np.bool_]:
        """(S,) whether a known domain explains a case better than an unknown one."""
        return np.asarray(self.domain[:, 1:].max(axis=1) > self.domain[:, 0])


def verification_llr(plda: Plda, sides: Sides, first: Ints, second: Ints, one_domain: bool) -> Floats:
    """Compute how much more likely two cases are by one release than by two of different labs, in nats.

    The release is integrated out: no release has to be known. If both cases are of one unknown domain, its offset is
    common to them under both hypotheses, and the session under that of one release. If each is of an unknown domain of
    its own, only lab and release are common.

    Args:
        plda: The variances.
        sides: S cases.
        first: (P,) one case of each pair.
        second: (P,) the other.
        one_domain: Whether both cases of a pair are of one domain.

    Returns:
        (P,) LLRs. They add up over dimensions that are not independent, and have to be calibrated.

    References:
        Brümmer & De Villiers (2010), the two-covariance model.
    """
    release = plda.between_labs + plda.between_releases
    total = release + plda.session + plda.domain
    one, two = sides.point[first], sides.point[second]
    var_one, var_two = total + sides.spread[first], total + sides.spread[second]
    if one_domain:
        return _log_density((one, two), (var_one, var_two), total) - _log_density(
            (one, two), (var_one, var_two), plda.domain
        )
    nothing = np.zeros_like(release)
    return _log_density((one, two), (var_one, var_two), release) - _log_density((one, two), (var_one, var_two), nothing)


def pair_features(likelihood: Likelihood, sides: Sides, first: Ints, second: Ints) -> Floats:
    """Compute what the LLR of a pair is linear in.

    Args:
        likelihood: That the sides were read with.
        sides: S cases.
        first: (P,) one case of each pair.
        second: (P,) the other.

    Returns:
        (P, F), in the order of FEATURES.

    References:
        Brümmer & De Villiers (2010) for the LLRs; Dehak et al. (2011) for the cosine.
    """
    plda = likelihood.plda
    agreement = _log_sum(sides.release[first] + sides.release[second])
    base = np.column_stack(
        [
            verification_llr(plda, sides, first, second, one_domain=True),
            verification_llr(plda, sides, first, second, one_domain=False),
            (sides.score[first] * sides.score[second]).sum(axis=1),
            np.maximum(agreement, np.log(_LEAST_COMMON)),
            np.log(shared_domain(sides, first, second) + _LEAST_COMMON),
            np.abs(sides.size[first] - sides.size[second]),
        ]
    )
    # The variance of a difference of two means is that of two means of the harmonic mean of both numbers.
    responses = np.log(2 / (1 / sides.count[first] + 1 / sides.count[second])) - _TYPICAL_RESPONSES
    return np.hstack([base, base * responses[:, None], responses[:, None]])


def shared_pair_features(
    likelihood: Likelihood, sides: Sides, first: Ints, second: Ints, differences: Sequence[Floats]
) -> Floats:
    """Compute what the LLR of a pair is linear in whose cases answered the same prompts.

    A difference of two answers to one prompt has neither the prompt in it nor the domain. What the differences at all
    prompts have in common is that of two releases: the mean product of the differences at two prompts, in units of
    their mean square, as the release classifier weighs them. It is 0 on average for one release, and at most 1.

    Args:
        likelihood: That the sides were read with.
        sides: S cases: their answers to shared prompts alone.
        first: (P,) one case of each pair.
        second: (P,) the other.
        differences: Of each pair the (prompts, D) differences of the embeddings at each shared prompt, two or more.

    Returns:
        (P, F + 2), in the order of SHARED_FEATURES.

    References:
        Gretton, A. et al. (2012). A kernel two-sample test. JMLR 13 (the unbiased estimate; here over prompts).
    """
    base = pair_features(likelihood, sides, first, second)
    plda, classifiers = likelihood.plda, likelihood.classifiers
    weights = plda.basis @ (classifiers.release if classifiers else np.eye(plda.basis.shape[1]))
    agreed = np.array([_agreement(of @ weights) for of in differences]).reshape(-1, 1)
    return np.hstack([base, agreed, agreed * base[:, -1:]])


def _agreement(differences: Floats) -> float:
    """The mean product of two different rows, in units of the mean square of a row."""
    count = len(differences)
    square = (differences**2).sum() / count
    total = (differences.sum(axis=0) ** 2).sum()
    return float((total - count * square) / (count * (count - 1) * max(square, _TINY)))


def shared_domain(sides: Sides, first: Ints, second: Ints) -> Floats:
    """Return (P,) the probability that both cases of a pair are of one domain, known or not."""
    share = np.exp(sides.domain - _log_sum(sides.domain)[:, None])
    return np.asarray((share[first] * share[second]).sum(axis=1))


def _domains(plda: Plda, point: Floats, spread: Floats) -> Floats:
    """(S, C + 1) the log-likelihood of an unknown domain and of each known one."""
    offset = np.vstack([plda.domain_mean, plda.corpus_mean])
    wide = plda.between_labs + plda.between_releases + plda.session
    found = np.empty((len(point), len(offset)))
    for number, of in enumerate(offset):
        var = wide + spread + (plda.domain if number == 0 else 0.0)
        found[:, number] = -0.5 * (np.log(var) + (point - of) ** 2 / var).sum(axis=1)
    return found


def _log_density(values: tuple[Floats, Floats], variances: tuple[Floats, Floats], common: Floats) -> Floats:
    """(P,) the log-density of two Gaussian vectors with a covariance in each dimension, less a constant."""
    (one, two), (var_one, var_two) = values, variances
    determinant = var_one * var_two - common**2
    distance = (var_two * one**2 - 2 * common * one * two + var_one * two**2) / determinant
    return np.asarray(-0.5 * (np.log(determinant) + distance).sum(axis=1))


def _unit(rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).sum(axis=1, keepdims=True) + _TINY))


def _log_sum(logs: Floats) -> Floats:
    top = logs.max(axis=1)
    return np.asarray(top + np.log(np.exp(logs - top[:, None]).sum(axis=1)))
