"""How good predictions are: metrics of naming, of probabilities, of attribution, and of recognising unknown labs.

Each metric takes arrays over S cases and the B samples of them to compute it on, and returns (B,): one value for each
sample, NaN where the metric is not defined. Where scikit-learn has the metric, the value is the one that it returns
with `sample_weight`. The sums are made here because hundreds of resamples are then one matrix product.
"""

from __future__ import annotations

import numpy as np

from fingerprint.metrics.bootstrap import Doubles, Resamples, ratio
from fingerprint.metrics.predictions import Bools, Floats, Ints

FLOOR = 1e-12
"""The lowest probability whose logarithm is taken, so that one confident error costs at most 27.6 nats."""

BINS = 15
"""Bins of the expected calibration error, as in Guo et al. (2017)."""

RECALL = 0.95
"""The true-positive rate at which the false-positive rate is read, as in Liang, Li & Srikant (2018)."""


def macro_recall(name: Ints, first: Ints, size: int, samples: Resamples) -> Doubles:
    """Compute the recall of each name that occurs, and the mean over these names.

    Args:
        name: (S,) the true name.
        first: (S,) the name that was ranked first, -1 for none.
        size: How many names there are.
        samples: B samples.

    Returns:
        (B,), from 0 to 1; scikit-learn's `balanced_accuracy_score`.
    """
    return _over_classes(first == name, name, size, samples)


def macro_f1(name: Ints, first: Ints, size: int, samples: Resamples) -> Doubles:
    """Compute F1 = 2 TP / (2 TP + FP + FN) of each name that occurs, and the mean over these names.

    A name that does not occur has no F1 of its own. Its false positives are false negatives of the other names.

    Args:
        name: (S,) the true name.
        first: (S,) the name that was ranked first, -1 for none.
        size: How many names there are.
        samples: B samples.

    Returns:
        (B,), from 0 to 1; scikit-learn's `f1_score` with the names that occur as `labels`.

    References:
        van Rijsbergen (1979), Information Retrieval, chapter 7.
    """
    ones = np.ones(len(name))
    occurs, predicted = samples.totals(ones, name, size), samples.totals(ones, first, size)
    hits = samples.totals(first == name, name, size)
    f1 = np.divide(2 * hits, occurs + predicted, out=np.zeros_like(hits), where=occurs > 0)
    return ratio(f1.sum(axis=1), (occurs > 0).sum(axis=1).astype(float))


def log_loss(true: Floats, samples: Resamples) -> Doubles:
    """Compute the mean negative logarithm of the probability of the true class.

    Args:
        true: (S,) the probability of the true class; below FLOOR it counts as FLOOR.
        samples: B samples.

    Returns:
        (B,), in nats.

    References:
        Good (1952), Rational Decisions.
    """
    return samples.mean(-np.log(np.maximum(true, FLOOR)))


def brier(true: Floats, squares: Floats, samples: Resamples) -> Doubles:
    """Compute the mean over cases of the sum over classes of (probability - truth)².

    Args:
        true: (S,) the probability of the true class.
        squares: (S,) the sum of the squares of the probabilities of all classes.
        samples: B samples.

    Returns:
        (B,), from 0 to 2.

    References:
        Brier (1950), Verification of Forecasts Expressed in Terms of Probability.
    """
    return samples.mean(1.0 - 2.0 * np.asarray(true, np.float64) + squares)


def calibration_error(probability: Floats, right: Bools, samples: Resamples) -> Doubles:
    """Compute the expected calibration error (ECE) of the first name, over BINS bins of equal width.

    Args:
        probability: (S,) the stated probability of the first name.
        right: (S,) whether the first name is right; it never is if the model does not know the true one.
        samples: B samples.

    Returns:
        (B,) the mean over cases of the distance between stated and observed rate in the bin of the case.

    References:
        Naeini, Cooper & Hauskrecht (2015), Obtaining Well Calibrated Probabilities Using Bayesian Binning; Guo et
        al. (2017), On Calibration of Modern Neural Networks, section 2.
    """
    gap = samples.totals(np.asarray(probability, np.float64) - right, bins(probability, BINS), BINS)
    return ratio(np.abs(gap).sum(axis=1), samples.total(np.ones(len(right))))


def bins(probability: Floats, number: int) -> Ints:
    """Return (S,) the bin of each probability, of `number` bins of equal width over 0 to 1."""
    return np.clip((np.asarray(probability, np.float64) * number).astype(np.int64), 0, number - 1)


def c_llr(true: Floats, code: Ints, size: int, samples: Resamples) -> Doubles:
    """Compute the multi-class cost of log-likelihood ratio: classes weigh the same, however frequent they are.

    It is the mean of -log2 of the probability of the true class, first within each class that occurs and then over
    these classes. The probabilities enter as they were stated, with the prior of the model.

    Args:
        true: (S,) the probability of the true class; below FLOOR it counts as FLOOR.
        code: (S,) the true class.
        size: How many classes there are.
        samples: B samples.

    Returns:
        (B,), in bits. A uniform prediction of N classes costs log2 N.

    References:
        Brümmer & van Leeuwen (2006), On Calibration of Language Recognition Scores; for two classes Brümmer & du
        Preez (2006), Application-Independent Evaluation of Speaker Detection.
    """
    return _over_classes(-np.log2(np.maximum(true, FLOOR)), code, size, samples)


def c_at_1(right: Bools, attributed: Bools, samples: Resamples) -> Doubles:
    """Compute c@1 = (right attributions + abstentions * right attributions / cases) / cases.

    Args:
        right: (S,) whether the first lab is right; it never is for an unknown lab.
        attributed: (S,) whether the verdict is an attribution.
        samples: B samples.

    Returns:
        (B,), from 0 to 1.

    References:
        Peñas & Rodrigo (2011), A Simple Measure to Assess Non-response.
    """
    share = samples.mean(right & attributed)
    return share * (1 + samples.mean(~attributed))


def false_attributions(right: Bools, attributed: Bools, samples: Resamples) -> Doubles:
    """Compute the false-attribution rate: the share of attributions whose lab is wrong.

    Args:
        right: (S,) whether the first lab is right.
        attributed: (S,) whether the verdict is an attribution.
        samples: B samples.

    Returns:
        (B,), NaN without any attribution.

    References:
        Benjamini & Hochberg (1995), Controlling the False Discovery Rate.
    """
    return samples.of(attributed).mean(~right[attributed])


def selective_risk(probability: Floats, right: Bools, samples: Resamples, coverage: float | Doubles = 0.5) -> Doubles:
    """Compute the share of wrong first labs among the cases with the highest probabilities.

    Args:
        probability: (S,) of the first lab.
        right: (S,) whether the first lab is right.
        samples: B samples.
        coverage: The share of the cases that is taken, one or (B,). Cases with the probability of the last one count
            in part.

    Returns:
        (B,), from 0 to 1; NaN if no case is taken.

    References:
        Geifman & El-Yaniv (2017), Selective Classification for Deep Neural Networks, section 2.
    """
    wrong, all_of = (kind[:, ::-1] for kind in samples.by_score(probability, ~right, np.ones_like(right)))
    reached = np.cumsum(all_of, axis=1)
    wanted = np.reshape(coverage, (-1, 1)) * reached[:, -1:]
    taken = np.clip(wanted - (reached - all_of), 0, all_of)
    share = np.divide(wrong, all_of, out=np.zeros_like(wrong), where=all_of > 0)
    return ratio((share * taken).sum(axis=1), wanted[:, 0])


def auroc(score: Floats, positive: Bools, samples: Resamples) -> Doubles:
    """Compute the probability that a positive case scores higher than a negative one; ties count half.

    Args:
        score: (S,).
        positive: (S,) which cases are positive.
        samples: B samples.

    Returns:
        (B,), from 0 to 1; NaN without positive or without negative cases.

    References:
        Hanley & McNeil (1982), The Meaning and Use of the Area under a ROC Curve.
    """
    return _higher(score, positive, ~positive, samples)


def fpr_at_recall(score: Floats, positive: Bools, samples: Resamples) -> Doubles:
    """Compute the false-positive rate at the highest threshold that a share RECALL of positive cases reaches.

    Args:
        score: (S,).
        positive: (S,) which cases are positive.
        samples: B samples.

    Returns:
        (B,), from 0 to 1; NaN without positive or without negative cases.

    References:
        Liang, Li & Srikant (2018), Enhancing the Reliability of Out-of-distribution Image Detection, section 4.2.
    """
    hits, alarms = (np.cumsum(kind[:, ::-1], axis=1) for kind in samples.by_score(score, positive, ~positive))
    recall = ratio(hits, np.broadcast_to(hits[:, -1:], hits.shape))
    at = np.argmax(recall >= RECALL, axis=1)
    found = ratio(alarms[np.arange(len(at)), at], alarms[:, -1])
    return np.where(hits[:, -1] > 0, found, np.nan)


def oscr(probability: Floats, right: Bools, known: Bools, samples: Resamples) -> Doubles:
    """Compute the area under the open-set classification rate curve.

    The curve is over thresholds on the probability of the first lab: the share of known cases above the threshold and
    right, against the share of unknown cases above it. The area is the probability that a known case is right and has
    a higher probability than an unknown case; ties count half. It is never above top-1.

    Args:
        probability: (S,) of the first lab.
        right: (S,) whether the first lab is right.
        known: (S,) whether the model knows the lab of the case.
        samples: B samples.

    Returns:
        (B,), from 0 to 1; NaN without known or without unknown cases.

    References:
        Dhamija, Günther & Boult (2018), Reducing Network Agnostophobia, section 3.
    """
    return _higher(probability, right & known, ~known, samples, known)


def _higher(score: Floats, above: Bools, below: Bools, samples: Resamples, of: Bools | None = None) -> Doubles:
    """Share of the pairs of `of` (`above` if it is None) and `below` in which the first is `above` and higher."""
    high, low = samples.by_score(score, above, below)
    pairs = (high * (np.cumsum(low, axis=1) - low / 2)).sum(axis=1)
    return ratio(pairs, samples.total(above if of is None else of) * low.sum(axis=1))


def _over_classes(values: Bools | Doubles, code: Ints, size: int, samples: Resamples) -> Doubles:
    """Mean over the classes that occur of the mean of their values."""
    weight = samples.totals(np.ones(len(code)), code, size)
    mean = np.divide(samples.totals(values, code, size), weight, out=np.zeros_like(weight), where=weight > 0)
    return ratio(mean.sum(axis=1), (weight > 0).sum(axis=1).astype(float))
