"""What a model comparison measures on both models at once, and how surely the difference can be told."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from scipy.special import stdtrit

from fingerprint.base.keys import Names, factorize
from fingerprint.metrics import Level
from fingerprint.metrics.bootstrap import Doubles, Resamples
from fingerprint.metrics.metrics import BINS, calibration_error, selective_risk
from fingerprint.metrics.predictions import Bools, Floats, Predictions, Ranking
from fingerprint.model.verdict import ATTRIBUTIONS

# A new class takes some cases from the classes that were there. So much an addition may cost them: it is what an
# update may lose to a full training, and what a training with ten releases more costs.
_LAB_LOSS, _RELEASE_LOSS = 0.01, 0.02
# With fewer cases in a bin, the calibration error measures chance more than calibration.
_CASES_A_BIN = 10
# The jackknife has at most as many samples as a bootstrap would: with more releases it leaves out blocks of them.
_BLOCKS = 1_000
# A smaller standard error is rounding: one case of a million releases makes more.
_ALIKE = 1e-9


@dataclass(frozen=True)
class Outcomes:
    """How a model did on S cases.

    Attributes:
        lab_right: (S,) whether the first lab is right.
        release_right: (S,) whether the first release is right.
        confidence: (S,) the probability of the first lab.
        attributed: (S,) whether the verdict is an attribution.
    """

    lab_right: Bools
    release_right: Bools
    confidence: Floats
    attributed: Bools

    @classmethod
    def of(cls, predictions: Predictions) -> Outcomes:
        """Return how a model did by its predictions about S cases."""
        lab, release = (Ranking.at(level, predictions) for level in (Level.LAB, Level.RELEASE))
        return cls(lab.right, release.right, lab.probability, predictions.verdict_is(*ATTRIBUTIONS))

    def at(self, at: Bools) -> Outcomes:
        """Return how the model did on some cases."""
        return Outcomes(*(getattr(self, field.name)[at] for field in fields(self)))


@dataclass(frozen=True)
class Metric:
    """A metric of two models on the same cases.

    Attributes:
        name: Of the metric.
        of: Computes (B,) values of the first model and of the second on B samples.
        sign: -1 where less is better.
        allowed: By how much the second model may be worse; None where that is no reason to refuse it.
        rests_on: (S,) the cases of a model that can change its value; None for all.
        least_cases: How many cases it takes to tell anything.
    """

    name: str
    of: Callable[[Outcomes, Outcomes, Resamples], tuple[Doubles, Doubles]]
    sign: int
    allowed: float | None
    rests_on: Callable[[Outcomes], Bools] | None = None
    least_cases: int = 1

    def releases(self, old: Outcomes, new: Outcomes, samples: Resamples) -> int:
        """Return the number of releases that the value rests on: of the model with fewer; 0 with too few cases."""
        if len(samples.group) < self.least_cases:
            return 0
        if self.rests_on is None:
            return len(np.unique(samples.group))
        return min(len(np.unique(samples.group[self.rests_on(model)])) for model in (old, new))


def _apart(
    of: Callable[[Outcomes, Resamples], Doubles],
) -> Callable[[Outcomes, Outcomes, Resamples], tuple[Doubles, Doubles]]:
    """A metric of each model by itself."""
    return lambda old, new, samples: (of(old, samples), of(new, samples))


def false_at_equal_coverage(old: Outcomes, new: Outcomes, samples: Resamples) -> tuple[Doubles, Doubles]:
    """Compute the share of false ones among the attributions of highest confidence, as many as both models make.

    Models with other thresholds or another calibration attribute other shares of the cases, and fewer are easier to
    get right. So both are cut at the smaller coverage. The area under the whole risk-coverage curve (AURC) would need
    no cut. But it is mostly about cases that neither model attributes; lab top-1 measures these.

    Args:
        old: How one model did on S cases.
        new: How the other did on them.
        samples: B samples.

    Returns:
        (B,) of each model; NaN where either makes no attribution.

    References:
        Geifman & El-Yaniv (2017), Selective Classification for Deep Neural Networks, section 2 (risk at a coverage).
    """
    equal = np.minimum(*(samples.mean(model.attributed) for model in (old, new)))
    before, after = (
        selective_risk(np.where(model.attributed, model.confidence, -1.0), model.lab_right, samples, equal)
        for model in (old, new)
    )
    return before, after


METRICS = (
    Metric("lab top-1", _apart(lambda model, samples: samples.mean(model.lab_right)), 1, _LAB_LOSS),
    Metric("release top-1", _apart(lambda model, samples: samples.mean(model.release_right)), 1, _RELEASE_LOSS),
    Metric(
        "false attributions at equal coverage",
        false_at_equal_coverage,
        -1,
        _LAB_LOSS,
        rests_on=lambda model: model.attributed,
    ),
    Metric(
        "calibration error",
        _apart(lambda model, samples: calibration_error(model.confidence, model.lab_right, samples)),
        -1,
        _LAB_LOSS,
        least_cases=_CASES_A_BIN * BINS,
    ),
    Metric("coverage", _apart(lambda model, samples: samples.mean(model.attributed)), 1, None),
)
"""A lower coverage is no reason to refuse a model: where it attributes no longer, it may have been wrong."""


def leave_one_out(release: Names) -> Resamples:
    """Return the samples of a jackknife over releases.

    Args:
        release: (S,) the release of each case.

    Returns:
        1 + G samples: of all releases, and without each of them; without each of `_BLOCKS` blocks if there are more.
    """
    names, code = factorize(release)
    blocks = min(len(names), _BLOCKS)
    return Resamples(np.vstack([np.ones((1, blocks)), 1 - np.eye(blocks)]), code % blocks)


def interval(drop: Doubles, releases: int, missed: float) -> tuple[float | None, float | None]:
    """Compute the interval of a drop from its jackknife over releases.

    Args:
        drop: (1 + G,) by how much a model is worse, from -1 to 1: on all releases, and without each of them.
        releases: How many releases the drop rests on.
        missed: How often the interval may miss.

    Returns:
        Its ends, cut at -1 and 1, by Student's t with `releases` - 1 degrees of freedom. Where all releases drop alike,
        the jackknife has no width. A share of releases of which n show none may then be as large as 1 -
        (missed / 2)**(1 / n), and the ends are the drops if all of these fared as badly or as well as can be. None
        where n releases are too few: under two equally good models, n of n fare worse with probability 2**-n.

    References:
        MacKinnon, Nielsen & Webb (2023), Fast and Reliable Jackknife and Bootstrap Methods for Cluster-robust
        Inference (jackknife over few clusters); Efron & Stein (1981), The Jackknife Estimate of Variance (on average
        not too small); Clopper & Pearson (1934), The Use of Confidence or Fiducial Limits (a share with no case).
    """
    if 0.5**releases > missed / 2:
        return None, None
    value, left_out = float(drop[0]), len(drop) - 1
    error = math.sqrt((left_out - 1) / left_out * float(((drop[1:] - value) ** 2).sum()))
    if error < _ALIKE:
        unseen = 1 - (missed / 2) ** (1 / releases)
        return value - unseen * (1 + value), value + unseen * (1 - value)
    half = float(stdtrit(releases - 1, 1 - missed / 2)) * error
    return max(value - half, -1.0), min(value + half, 1.0)
