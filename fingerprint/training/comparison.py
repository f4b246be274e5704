"""The comparison of a new model with the one that it would replace, on the regression set of the new one.

Losses are paired case by case. Their intervals come from a bootstrap over releases, with both models in the same
resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize, isin
from fingerprint.config import parse_config
from fingerprint.errors import Refused
from fingerprint.loading import Loaded, likelihood_of
from fingerprint.metrics import Level
from fingerprint.metrics.bootstrap import Doubles, Resamples, interval
from fingerprint.metrics.metrics import calibration_error, false_attributions
from fingerprint.metrics.predictions import Bools, ClassNames, Objects, Predictions, Ranking
from fingerprint.model.calibration import Calibration
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import verdict_words
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Ints
from fingerprint.model.verdict import ATTRIBUTIONS, FALSE_ATTRIBUTIONS
from fingerprint.training.regression_set import RegressionSet

# Enough for the second digit of a 95 % interval (Efron & Tibshirani 1993, section 13.3).
_RESAMPLES = 1_000
# A new class takes some cases from the classes that were there. So much an addition may cost them: it is what an
# update may lose to a full training, and what a training with ten releases more costs.
_LAB_LOSS, _RELEASE_LOSS = 0.01, 0.02


@dataclass(frozen=True)
class CaseSet:
    """S cases among n responses of a regression set: each response alone, and all responses of a release together.

    Attributes:
        rows: The responses of each case.
        release: (S,) names of the true releases, of str.
        lab: (S,) names of the true labs, of str.
        alone: (S,) whether the case is a single response.
    """

    rows: list[Ints]
    release: Objects
    lab: Objects
    alone: Bools

    @classmethod
    def of(cls, release: Sequence[str], lab: Sequence[str]) -> CaseSet:
        """Make the cases of responses.

        Args:
            release: (n,) the release of each response.
            lab: (n,) the lab of each response.

        Returns:
            The cases.
        """
        names, code = factorize(release)
        rows = [np.array([i]) for i in range(len(release))]
        together = [np.flatnonzero(code == one) for one in range(len(names))]
        rows += [group for group in together if len(group) > 1]
        first = [int(some[0]) for some in rows]
        true_release, true_lab = (np.array([of[i] for i in first], object) for of in (release, lab))
        return cls(rows, true_release, true_lab, np.arange(len(rows)) < len(release))

    @classmethod
    def of_releases(cls, codes: Ints, entries: Sequence[Mapping[str, str]]) -> CaseSet:
        """Make the cases of responses whose releases are codes into the entries of `labels.json`.

        Args:
            codes: (n,) the release of each response.
            entries: (R,) with the keys "release" and "lab".

        Returns:
            The cases.
        """
        true = [entries[code] for code in codes.tolist()]
        return cls.of([entry["release"] for entry in true], [entry["lab"] for entry in true])


@dataclass(frozen=True)
class Predictor:
    """The parts of a model that predict from embeddings.

    Attributes:
        likelihood: Of PLDA and the linear classifiers.
        calibration: Of the posterior and the verdict.
        releases: (R,) names of the releases.
        labs: (L,) names of the labs.
    """

    likelihood: Likelihood
    calibration: Calibration
    releases: Sequence[str]
    labs: Sequence[str]

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], documents: Mapping[str, Any]) -> Predictor:
        """Make the predictor of a model that is not written yet, with its numbers as they will be loaded."""
        labels = documents["labels"]
        releases, labs = [entry["release"] for entry in labels["releases"]], list(labels["labs"])
        config = parse_config(documents["config"], "config.json")
        likelihood = likelihood_of(arrays, config.plda)
        calibration = Calibration.from_dict(documents["calibration"], config.calibration)
        return cls(likelihood, calibration, releases, labs)

    @classmethod
    def loaded(cls, model: Loaded) -> Predictor:
        """Make the predictor of a model in memory."""
        return cls(model.likelihood, model.calibration, [entry["release"] for entry in model.releases], model.labs)

    def predict(self, cases: CaseSet, responses: RegressionSet) -> Predictions:
        """Predict test cases.

        Args:
            cases: S cases among the n responses.
            responses: The n responses as this model embeds them; their release codes are not used.

        Returns:
            The predictions.
        """
        embeddings = [responses.embedding[some] for some in cases.rows]
        covariates = Covariates.read(self.likelihood, embeddings, [responses.size[some] for some in cases.rows])
        means = np.stack([some.mean(axis=0) for some in embeddings])
        evidence = self.likelihood.evidence(means, covariates.count)
        posterior = self.calibration.predict(evidence, covariates, self.likelihood.plda.lab)
        own = {name: self.labs[lab] for name, lab in zip(self.releases, self.likelihood.plda.lab, strict=True)}
        names = ClassNames.of(dict(zip(cases.release, cases.lab, strict=True)) | own)
        release, lab = ({name: i for i, name in enumerate(of)} for of in (names.releases, names.labs))
        share, new = np.zeros((len(cases.rows), len(release))), np.zeros((len(cases.rows), len(lab)))
        share[:, [release[name] for name in self.releases]] = posterior.release
        new[:, [lab[name] for name in self.labs]] = posterior.new
        verdicts = verdict_words(posterior, evidence, covariates, self.calibration, FALSE_ATTRIBUTIONS)
        return Predictions(
            names=names,
            release=np.array([release[name] for name in cases.release]),
            count=covariates.count,
            known=isin(cases.release, self.releases),
            lab_known=isin(cases.lab, self.labs),
            share=share,
            new=new,
            unknown=posterior.unknown,
            verdict=np.array(verdicts, object),
            part=np.full(len(cases.rows), "", object),
        )


@dataclass(frozen=True)
class Figure:
    """One metric of both models.

    Attributes:
        group: The releases that it is measured on.
        figure: The metric.
        cases: How many it is measured on.
        old, new: The values; None where a model has none.
        drop: By how much the new model is worse.
        low, high: The 95 % interval of the drop.
        allowed: The drop that is accepted.
    """

    group: str
    figure: str
    cases: int
    old: float | None
    new: float | None
    drop: float | None
    low: float | None
    high: float | None
    allowed: float

    @property
    def worse(self) -> bool:
        """Whether the whole interval lies above the accepted drop."""
        return self.low is not None and self.low > self.allowed


@dataclass(frozen=True)
class Comparison:
    """The result of a model comparison.

    Attributes:
        figures: Of the releases that the old model knows, then of those that are new.
        lost: Releases that the old model knows and the new one does not.
    """

    figures: tuple[Figure, ...]
    lost: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether the new model may not replace the old one."""
        return bool(self.lost) or any(figure.worse for figure in self.figures)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON values, with four decimals."""
        rows = [
            {**{name: _short(value) for name, value in asdict(figure).items()}, "worse": figure.worse}
            for figure in self.figures
        ]
        return {"figures": rows, "lost": list(self.lost), "refused": self.refused}


def check_written(comparison: Comparison, written: bool) -> None:
    """Raise Refused where the comparison kept the new model from being written."""
    if written:
        return
    worse = [f"{figure.figure} of {figure.group}" for figure in comparison.figures if figure.worse]
    worse += [f"{len(comparison.lost)} releases lost"] if comparison.lost else []
    raise Refused(f"the new model is worse than the old one ({'; '.join(worse)}); nothing was changed; see --force")


@dataclass(frozen=True)
class _Metric:
    """alone: whether of single responses, None for all cases; sign: -1 where less is better."""

    name: str
    of: Callable[[Predictions, Resamples], Doubles]
    alone: bool | None
    sign: int
    allowed: float


def _labs(predictions: Predictions) -> Ranking:
    return Ranking.at(Level.LAB, predictions)


def _releases(predictions: Predictions) -> Ranking:
    return Ranking.at(Level.RELEASE, predictions)


def _attributed(predictions: Predictions) -> Bools:
    return predictions.verdict_is(*ATTRIBUTIONS)


_METRICS = (
    _Metric("lab top-1, one response", lambda p, s: s.mean(_labs(p).right), True, 1, _LAB_LOSS),
    _Metric("lab top-1, all responses", lambda p, s: s.mean(_labs(p).right), False, 1, _LAB_LOSS),
    _Metric("release top-1, one response", lambda p, s: s.mean(_releases(p).right), True, 1, _RELEASE_LOSS),
    _Metric("release top-1, all responses", lambda p, s: s.mean(_releases(p).right), False, 1, _RELEASE_LOSS),
    _Metric("attributed", lambda p, s: s.mean(_attributed(p)), None, 1, _LAB_LOSS),
    _Metric(
        "false attributions", lambda p, s: false_attributions(_labs(p).right, _attributed(p), s), None, -1, _LAB_LOSS
    ),
    _Metric(
        "calibration error",
        lambda p, s: calibration_error(_labs(p).probability, _labs(p).right, s),
        None,
        -1,
        _LAB_LOSS,
    ),
)


def compare(
    cases: CaseSet, old: Predictions, new: Predictions, old_releases: Sequence[str], new_releases: Sequence[str]
) -> Comparison:
    """Compare two models on the same cases.

    Args:
        cases: The cases.
        old: What the old model says about them.
        new: What the new model says about them.
        old_releases: The releases that the old model knows.
        new_releases: The releases that the new model knows.

    Returns:
        The comparison.

    References:
        Davison & Hinkley (1997), Bootstrap Methods and their Application, section 3.8 (cluster bootstrap).
    """
    known = isin(cases.release, old_releases)
    figures = []
    for group, at in (("old releases", known), ("new releases", ~known)):
        if at.any():
            figures += _figures(group, cases, at, old, new)
    return Comparison(tuple(figures), tuple(sorted(set(old_releases) - set(new_releases))))


def _figures(group: str, cases: CaseSet, at: Bools, old: Predictions, new: Predictions) -> list[Figure]:
    out = []
    # Always the same resamples, so that the same two models always compare alike.
    samples = Resamples.draw(factorize(cases.release)[1][at], _RESAMPLES, np.random.default_rng(0))
    for metric in _METRICS:
        some = np.ones(at.sum(), bool) if metric.alone is None else cases.alone[at] == metric.alone
        if not some.any():
            continue
        drawn = samples.of(some)
        before, after = (metric.of(predictions.of(at).of(some), drawn) for predictions in (old, new))
        drop = interval(metric.sign * (before - after))
        values = interval(before)["value"], interval(after)["value"]
        count = int(some.sum())
        out.append(Figure(group, metric.name, count, *values, drop["value"], drop["low"], drop["high"], metric.allowed))
    return out


def _short(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
