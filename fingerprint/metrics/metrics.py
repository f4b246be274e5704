"""How good answers are. Each metric takes arrays over S suspects and the B samples to take it of, and gives (B,).

Where scikit-learn has the metric, the value is the same as its own with `sample_weight`; it is summed up here because
hundreds of resamples at a time are then one matrix product. A sample in which a metric is not defined has NaN.
"""

from __future__ import annotations

import numpy as np

from fingerprint.evaluation.predictions import Bools, Floats, Ints
from fingerprint.metrics.bootstrap import Doubles, Resamples, ratio

FLOOR = 1e-12
"""The least probability that a logarithm is taken of, so that one answer that was sure and wrong costs 27.6 nats."""

BINS = 15


def macro_recall(name: Ints, first: Ints, size: int, samples: Resamples) -> Doubles:
    """Mean over the names that occur of the share of their suspects named right, each name counting the same.

    name, first: (S,) the true name and the one that came first, -1 for none; size: how many names there are.
    scikit-learn's `balanced_accuracy_score`.
    """
    return _over_classes(first == name, name, size, samples)


def macro_f1(name: Ints, first: Ints, size: int, samples: Resamples) -> Doubles:
    """Mean over the names that occur of F1 = 2 TP / (2 TP + FP + FN) (van Rijsbergen 1979); arguments as above.

    A name that is only ever said wrongly has no F1 of its own: its false alarms count as misses of the others.
    scikit-learn's `f1_score` over the names that occur.
    """
    ones = np.ones(len(name))
    occurs, said = samples.totals(ones, name, size), samples.totals(ones, first, size)
    hits = samples.totals(first == name, name, size)
    f1 = np.divide(2 * hits, occurs + said, out=np.zeros_like(hits), where=occurs > 0)
    return ratio(f1.sum(axis=1), (occurs > 0).sum(axis=1).astype(float))


def log_loss(true: Floats, samples: Resamples) -> Doubles:
    """Mean negative natural logarithm of the true class' probability (S,), not below FLOOR (Good 1952)."""
    return samples.mean(-np.log(np.maximum(true, FLOOR)))


def brier(true: Floats, squares: Floats, samples: Resamples) -> Doubles:
    """Mean over suspects of the sum over classes of (probability - truth)², from 0 to 2 (Brier 1950).

    true: (S,) the true class' probability; squares: (S,) sum of the squares of all classes'.
    """
    return samples.mean(1.0 - 2.0 * np.asarray(true, np.float64) + squares)


def calibration_error(probability: Floats, right: Bools, samples: Resamples) -> Doubles:
    """Expected calibration error: over 15 bins of equal width, the mean distance between how probable the first name
    was said to be and how often it was right (Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017).

    probability, right: (S,) of the first name; suspects whose true one the model does not know are never right.
    """
    gap = samples.totals(np.asarray(probability, np.float64) - right, bins(probability, BINS), BINS)
    return ratio(np.abs(gap).sum(axis=1), samples.total(np.ones(len(right))))


def c_llr(true: Floats, code: Ints, size: int, samples: Resamples) -> Doubles:
    """Cost of log-likelihood ratio in bits, multi-class: -log2 of the true class' probability, meaned within each
    class that occurs and then over these, as if all were equally frequent (Brummer & van Leeuwen 2006, after the
    binary one of Brummer & du Preez 2006).

    true: (S,) the true class' probability, not below FLOOR; code: (S,) the class, of `size`. The probabilities enter
    as they were said, with the model's own prior. Saying the same of all of N classes costs log2 N.
    """
    return _over_classes(-np.log2(np.maximum(true, FLOOR)), code, size, samples)


def c_at_1(right: Bools, attributed: Bools, samples: Resamples) -> Doubles:
    """c@1 = (n_right + n_open n_right / n) / n: what is not claimed earns as much as what is claimed earns on all
    (Penas & Rodrigo 2011). right, claimed: (S,); a suspect of an unknown lab is right nowhere."""
    share = samples.mean(right & attributed)
    return share * (1 + samples.mean(~attributed))


def false_attributions(right: Bools, attributed: Bools, samples: Resamples) -> Doubles:
    """Share of the claims whose first lab is wrong (false discovery rate: Benjamini & Hochberg 1995)."""
    return samples.of(attributed).mean(~right[attributed])


def false_among_surest(probability: Floats, right: Bools, samples: Resamples, coverage: float = 0.5) -> Doubles:
    """Share of the surest suspects whose first lab is wrong (selective risk at a coverage: Geifman & El-Yaniv 2017).

    probability, right: (S,) of the first lab; coverage: what share of the suspects is taken, the surest first; of those
    as sure as the last of them, each counts in part.
    """
    wrong, all_of = (kind[:, ::-1] for kind in samples.by_score(probability, ~right, np.ones_like(right)))
    reached = np.cumsum(all_of, axis=1)
    wanted = coverage * reached[:, -1:]
    taken = np.clip(wanted - (reached - all_of), 0, all_of)
    share = np.divide(wrong, all_of, out=np.zeros_like(wrong), where=all_of > 0)
    return ratio((share * taken).sum(axis=1), wanted[:, 0])


def bins(probability: Floats, number: int) -> Ints:
    """(S,) which of `number` bins of equal width over 0 to 1; a probability of 1 is in the last."""
    return np.clip((np.asarray(probability, np.float64) * number).astype(np.int64), 0, number - 1)


def _over_classes(values: Bools | Doubles, code: Ints, size: int, samples: Resamples) -> Doubles:
    """Mean over the classes that occur of the mean of their values."""
    weight = samples.totals(np.ones(len(code)), code, size)
    mean = np.divide(samples.totals(values, code, size), weight, out=np.zeros_like(weight), where=weight > 0)
    return ratio(mean.sum(axis=1), (weight > 0).sum(axis=1).astype(float))
