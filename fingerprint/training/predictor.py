"""A model asked about the responses that were held back from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.loading import Loaded, likelihood_of
from fingerprint.model.calibration import Calibration
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import words
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Ints
from fingerprint.model.verdict import ATTRIBUTIONS, FALSE_ATTRIBUTIONS
from fingerprint.training.regression_set import RegressionSet

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Predictor:
    """What of a model judges places in its space. releases: (R,) and labs: (L,) what its codes stand
    for."""

    likelihood: Likelihood
    calibration: Calibration
    releases: Sequence[str]
    labs: Sequence[str]

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], documents: Mapping[str, Any]) -> Predictor:
        """Of a model folder's parts, as they will be loaded."""
        labels = documents["labels"]
        names, labs = [entry["release"] for entry in labels["releases"]], list(labels["labs"])
        likelihood = likelihood_of(arrays)
        return cls(likelihood, Calibration.from_dict(documents["calibration"]), names, labs)

    @classmethod
    def loaded(cls, model: Loaded) -> Predictor:
        """Of a model in memory."""
        return cls(model.likelihood, model.calibration, [entry["release"] for entry in model.releases], model.labs)


@dataclass(frozen=True)
class Predictions:
    """Of S suspects, (S,) each: right about the lab and about the release, how probable the first lab was said to be,
    and whether it was claimed at the usual rate of false claims."""

    lab: Bools
    release: Bools
    sure: NDArray[np.float32]
    attributed: Bools

    def of(self, at: Bools) -> Predictions:
        return Predictions(self.lab[at], self.release[at], self.sure[at], self.attributed[at])


@dataclass(frozen=True)
class CaseSet:
    """S suspects among n held-back responses of named releases: each response alone, and all of a release together.

    rows: of each suspect; release, lab: (S,) names of the truth; alone: (S,) whether it is a single response.
    """

    rows: list[Ints]
    release: NDArray[np.str_]
    lab: NDArray[np.str_]
    alone: Bools

    @classmethod
    def about(cls, release: Sequence[str], lab: Sequence[str]) -> CaseSet:
        """release, lab: (n,) of each response."""
        names = np.array(release, str)
        rows = [np.array([i]) for i in range(len(names))]
        groups = [np.flatnonzero(names == name) for name in np.unique(names)]
        rows += [group for group in groups if len(group) > 1]
        first = [int(some[0]) for some in rows]
        return cls(rows, names[first], np.array(lab, str)[first], np.arange(len(rows)) < len(names))

    def answers(self, judge: Predictor, held: RegressionSet) -> Predictions:
        """held: the n responses in the space of this model; its codes are not looked at."""
        embeddings = [held.embedding[some] for some in self.rows]
        covariates = Covariates.read(judge.likelihood, embeddings, [held.size[some] for some in self.rows])
        means = np.stack([some.mean(axis=0) for some in embeddings])
        evidence = judge.likelihood.evidence(means, covariates.count)
        found = judge.calibration.judge(evidence, covariates, judge.likelihood.h.lab)
        labs = found.labs()
        sure = labs.max(axis=1).astype(np.float32)
        return Predictions(
            np.array(judge.labs, str)[labs.argmax(axis=1)] == self.lab,
            np.array(judge.releases, str)[found.release.argmax(axis=1)] == self.release,
            sure,
            np.isin(words(found, evidence, covariates, judge.calibration, FALSE_ATTRIBUTIONS), ATTRIBUTIONS),
        )
