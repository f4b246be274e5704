"""How well scores tell target trials from impostor trials, and how good they are as log-likelihood ratios.

A trial is accepted if its score reaches a threshold. Rates and costs depend on targets and impostors each by
themselves, so that it does not matter how many there are of either. The cost C_llr is `fingerprint.metrics.metrics`'s,
of two classes and the probabilities that `posterior_at_even_odds` gives.

References:
    Brümmer, N. and du Preez, J. (2006). Application-independent evaluation of speaker detection. Computer Speech &
    Language 20.
    Martin, A. et al. (1997). The DET curve in assessment of detection task performance. Eurospeech.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from fingerprint.metrics import metrics
from fingerprint.metrics.bootstrap import Doubles, Resamples, ratio
from fingerprint.metrics.predictions import Bools, Floats


def error_rates(score: Floats, target: Bools, samples: Resamples) -> tuple[Doubles, Doubles]:
    """Compute the errors at every threshold that gives different ones.

    Args:
        score: (T,), T > 0.
        target: (T,) which trials are targets.
        samples: B samples.

    Returns:
        (B, V + 1) the share of targets that are missed, and that of impostors that are accepted: from all trials
        accepted to none. NaN for a sample without targets, or without impostors.
    """
    missed, rejected = (
        np.cumsum(np.hstack([np.zeros((len(kind), 1)), kind]), axis=1)
        for kind in samples.by_score(score, target, ~target)
    )
    miss, reject = (ratio(some, np.broadcast_to(some[:, -1:], some.shape)) for some in (missed, rejected))
    return miss, 1 - reject


def equal_error_rates(score: Floats, target: Bools, samples: Resamples) -> Doubles:
    """Compute the equal error rate (EER): as many targets are missed as impostors are accepted.

    Between two thresholds the rates are interpolated, so that trials of one score count in part.

    Args:
        score: (T,), T > 0.
        target: (T,) which trials are targets.
        samples: B samples.

    Returns:
        (B,), from 0 to 1; NaN without targets or without impostors.
    """
    miss, accept = error_rates(score, target, samples)
    above = miss - accept
    rows = np.arange(len(above))
    # With all trials accepted it is -1, with none 1: there is a threshold before the first that is not below 0.
    after = np.maximum((above >= 0).argmax(axis=1), 1)
    low, high = above[rows, after - 1], above[rows, after]
    return miss[rows, after - 1] + ratio(-low, high - low) * (miss[rows, after] - miss[rows, after - 1])


def equal_error_rate(targets: Floats, impostors: Floats) -> float:
    """Compute the equal error rate of one sample.

    Args:
        targets: Scores of target trials.
        impostors: Scores of impostor trials.

    Returns:
        As `equal_error_rates`.
    """
    score = np.concatenate([targets, impostors])
    target = np.arange(len(score)) < len(targets)
    return float(equal_error_rates(score, target, Resamples.weighted(np.ones(len(score))))[0])


def posterior_at_even_odds(llr: Floats, target: Bools) -> Doubles:
    """Return (T,) the probability of what is true of each trial, if targets and impostors are equally probable.

    Args:
        llr: (T,) in nats.
        target: (T,) which trials are targets.
    """
    return np.asarray(expit(np.where(target, llr, -llr)))


def min_c_llr(score: Floats, target: Bools) -> float:
    """Compute C_llr after the best calibration that keeps the order of the scores.

    What C_llr is higher is the cost of the calibration; what remains is that of the scores.

    Args:
        score: (T,).
        target: (T,) which trials are targets; at least one is, and at least one is not.

    Returns:
        In bits, from 0 to 1.

    References:
        Brümmer & du Preez (2006), section 7 (pool adjacent violators).
    """
    weight = np.where(target, 1 / target.sum(), 1 / (~target).sum())
    # By rank: isotonic regression takes scores that nearly agree for one.
    rank = np.unique(score, return_inverse=True)[1].astype(float)
    fitted = IsotonicRegression(y_min=0, y_max=1).fit_transform(rank, target.astype(float), sample_weight=weight)
    true = np.where(target, fitted, 1 - fitted)
    return float(metrics.c_llr(true, target.astype(np.int64), 2, Resamples.weighted(np.ones(len(true))))[0])


def misses(score: Floats, target: Bools, accepts: Floats) -> Doubles:
    """Compute the detection error trade-off (DET) at some false-accept rates.

    Args:
        score: (T,), T > 0.
        target: (T,) which trials are targets.
        accepts: (P,) shares of impostor trials that are accepted.

    Returns:
        (P,) the share of target trials that are missed then, interpolated between thresholds.

    References:
        Martin et al. (1997).
    """
    (miss,), (accept,) = error_rates(score, target, Resamples.weighted(np.ones(len(score))))
    # Of the thresholds with one false-accept rate, the one that misses least.
    rate, first = np.unique(accept, return_index=True)
    return np.asarray(np.interp(accepts, rate, miss[first]))
