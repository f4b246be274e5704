"""The comparison of a new model with the one that it would replace, on the regression set of the new one.

Losses are paired case by case. Their intervals come from a jackknife over releases, and an interval of too few
releases is none: a single release is right or wrong as a whole, so it cannot tell how the next one will fare.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize, isin
from fingerprint.config import parse_config
from fingerprint.errors import Refused
from fingerprint.loading import Loaded, likelihood_of
from fingerprint.metrics.predictions import Bools, ClassNames, Objects, Predictions
from fingerprint.model.calibration import Calibration
from fingerprint.model.covariates import read_cases
from fingerprint.model.decision import Question, decisions
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Ints
from fingerprint.training.paired_metrics import METRICS, Outcomes, interval, leave_one_out
from fingerprint.training.regression_set import RegressionSet

# How often the intervals of a metric may miss, over all groups of releases together.
_MISSED = 0.05
# Most labs have one or two releases, and few of all cases: a figure over all releases does not show that they fall.
_SMALL_LAB = 2
# A kind of fewer releases is not shown: none of its intervals could tell, as `interval` says.
_LEAST_RELEASES = 8
# How many figures an error lists. The table above it has all of them.
_LISTED = 3


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
        calibration = Calibration.from_dict(documents["calibration"], labs, config.calibration)
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
        sizes = [responses.size[some] for some in cases.rows]
        evidence, covariates = read_cases(self.likelihood, embeddings, sizes)
        posterior = self.calibration.predict(evidence, covariates, self.likelihood.plda.lab)
        own = {name: self.labs[lab] for name, lab in zip(self.releases, self.likelihood.plda.lab, strict=True)}
        names = ClassNames.of(dict(zip(cases.release, cases.lab, strict=True)) | own)
        release, lab = ({name: i for i, name in enumerate(of)} for of in (names.releases, names.labs))
        share, new = np.zeros((len(cases.rows), len(release))), np.zeros((len(cases.rows), len(lab)))
        share[:, [release[name] for name in self.releases]] = posterior.release
        new[:, [lab[name] for name in self.labs]] = posterior.new
        # The words do not depend on families: each release is taken to be one.
        decided = decisions(
            posterior, evidence, covariates, np.arange(len(self.releases)), self.calibration, Question()
        )
        return Predictions(
            names=names,
            release=np.array([release[name] for name in cases.release]),
            count=covariates.count,
            known=isin(cases.release, self.releases),
            lab_known=isin(cases.lab, self.labs),
            share=share,
            new=new,
            unknown=posterior.unknown,
            verdict=np.array([one.verdict for one in decided], object),
            # No loss of a comparison reads these.
            level=np.full(len(cases.rows), "", object),
            set_size=np.zeros(len(cases.rows), np.int64),
            in_set=np.zeros(len(cases.rows), bool),
            listed=np.zeros(len(cases.rows), bool),
            in_list=np.zeros(len(cases.rows), bool),
            part=np.full(len(cases.rows), "", object),
        )


@dataclass(frozen=True)
class Figure:
    """One metric of both models.

    Attributes:
        group: The releases that it is measured on.
        figure: The metric, and whether each case is one response or all responses of a release.
        cases: How many it is measured on.
        old, new: The values; None where a model has none.
        drop: By how much the new model is worse.
        low, high: The interval of the drop; None where there are too few cases to tell.
        allowed: The drop that is accepted; None for a metric that is no reason to refuse.
    """

    group: str
    figure: str
    cases: int
    old: float | None
    new: float | None
    drop: float | None
    low: float | None
    high: float | None
    allowed: float | None

    @property
    def worse(self) -> bool:
        """Whether the whole interval lies above the accepted drop."""
        return self.low is not None and self.allowed is not None and self.low > self.allowed


@dataclass(frozen=True)
class Comparison:
    """The result of a model comparison.

    Attributes:
        figures: Of the releases that the old model knows, then of those that are new; after each, of their kinds.
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
    worse = [
        f"{figure.group}: {figure.figure}, by {figure.drop:.3f} "
        f"({figure.low:.3f} to {figure.high:.3f}, allowed: {figure.allowed:.3f})"
        for figure in comparison.figures
        if figure.worse
    ]
    if len(worse) > _LISTED:
        worse[_LISTED:] = [f"and {len(worse) - _LISTED} more figures"]
    worse += [f"{len(comparison.lost)} releases lost"] if comparison.lost else []
    raise Refused(f"the new model is worse than the old one ({'; '.join(worse)}); nothing was changed; see --force")


def compare(
    cases: CaseSet, old: Predictions, new: Predictions, old_releases: Sequence[str], new_releases: Sequence[str]
) -> Comparison:
    """Compare two models on the same cases, by kind of release and by single and all responses.

    A lower accuracy, more false attributions at equal coverage, and a higher calibration error are reasons to refuse
    the new model. A lower coverage is not: a model that attributes less may have been wrong where it did.

    Args:
        cases: The cases.
        old: What the old model says about them.
        new: What the new model says about them.
        old_releases: The releases that the old model knows; `old.names` has them all.
        new_releases: The releases that the new model knows.

    Returns:
        The comparison. The intervals of a metric hold for all groups of releases together in 95 % of comparisons. A
        group of too few releases has none.

    References:
        Dunn (1961), Multiple Comparisons among Means (Bonferroni).
    """
    lab = dict(zip(old.names.releases, (old.names.labs[code] for code in old.names.lab.tolist()), strict=True))
    size = Counter(lab[name] for name in set(old_releases))
    known, lab_size = isin(cases.release, old_releases), np.array([size[name] for name in cases.lab.tolist()])
    groups = list(_groups(cases.release, known, lab_size))
    outcomes = Outcomes.of(old), Outcomes.of(new)
    figures = [
        figure
        for group, at in groups
        for alone in (True, False)
        for figure in _figures(group, cases, at & (cases.alone == alone), outcomes, _MISSED / len(groups))
    ]
    return Comparison(tuple(figures), tuple(sorted(set(old_releases) - set(new_releases))))


def _groups(release: Objects, known: Bools, lab_size: Ints) -> Iterator[tuple[str, Bools]]:
    """The groups of S cases: of old and of new releases, and of the two kinds of either if both have enough releases.

    `known` (S,): whether the old model knows the release; `lab_size` (S,): how many releases of its lab it knows.
    """
    small = lab_size <= _SMALL_LAB
    kinds = (
        ("old releases", known, {"of small labs": small, "of large labs": ~small}),
        ("new releases", ~known, {"of known labs": lab_size > 0, "of new labs": lab_size == 0}),
    )
    for name, whole, parts in kinds:
        if not whole.any():
            continue
        yield name, whole
        split = [(f"{name} {part}", whole & at) for part, at in parts.items()]
        if all(len(set(release[at])) >= _LEAST_RELEASES for _, at in split):
            yield from split


def _figures(
    group: str, cases: CaseSet, at: Bools, outcomes: tuple[Outcomes, Outcomes], missed: float
) -> Iterator[Figure]:
    if not at.any():
        return
    count = int(at.sum())
    size = "one response" if cases.alone[at].all() else "all responses"
    samples = leave_one_out(cases.release[at])
    old, new = (model.at(at) for model in outcomes)
    for metric in METRICS:
        before, after = metric.of(old, new, samples)
        drop = metric.sign * (before - after)
        low, high = interval(drop, metric.releases(old, new, samples), missed)
        yield Figure(
            group=group,
            figure=f"{metric.name}, {size}",
            cases=count,
            old=_defined(before[0]),
            new=_defined(after[0]),
            drop=_defined(drop[0]),
            low=low,
            high=high,
            allowed=metric.allowed,
        )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _short(value: Any) -> Any:
    # The sum has no -0.0.
    return round(value, 4) + 0.0 if isinstance(value, float) else value
