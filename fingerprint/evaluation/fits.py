"""Trains the models of the folds, and predicts their test cases by calibrations from the other folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import isin
from fingerprint.config import MixtureConfig
from fingerprint.errors import FingerprintError
from fingerprint.evaluation.cases import CaseSet, Questions, collect_evidence, draw_by_kind, in_any, subsample
from fingerprint.evaluation.config import EvaluationConfig
from fingerprint.evaluation.folds import Fold, leave_out
from fingerprint.evaluation.work import Arrays, Work
from fingerprint.features.ngrams import Counts
from fingerprint.features.weights import unit_rows
from fingerprint.metrics.predictions import Bools, ClassNames, Ints, Predictions
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import CalibrationCases, calibrate
from fingerprint.model.decision import verdict_words
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS
from fingerprint.training.calibration_cases import weighted_cases
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.embedding import Embeddings, Space, embed_rows, fit_space
from fingerprint.training.likelihood import KnownReleases, fit_likelihood
from fingerprint.training.splits import CaseKind

_CASES = "cases"


@dataclass(frozen=True)
class Fitted:
    """A trained model of an evaluation.

    Attributes:
        space: What embeds responses.
        embeddings: Of the rows that the model was trained on or is tested on.
        likelihood: Of PLDA and the linear classifiers.
        known: The releases and labs that the model knows.
        rows: (k,) sorted, which rows of the data `embeddings` holds.
    """

    space: Space
    embeddings: Embeddings
    likelihood: Likelihood
    known: KnownReleases
    rows: Ints

    def evidence(self, names: ClassNames, questions: Questions) -> CaseSet:
        """Return the test cases of some of the rows."""
        return collect_evidence(self.likelihood, self.known, names, questions, self.rows, self.embeddings)

    def embed(self, counts: Counts) -> Embeddings:
        """Return the embeddings of responses that are not among the rows; `counts` are over all buckets."""
        vocabulary = self.space.vocabulary
        rows = unit_rows(counts, vocabulary.columns(), len(vocabulary.buckets), vocabulary.weights)
        return Embeddings(embed_rows(rows, self.space.tables), np.diff(rows.indptr).astype(np.int64))


MoreCases = Callable[[Fitted, CaseSet], CaseSet]
"""Makes further test cases of a fold's model, from the test cases that it has; runs where the fold is trained."""


def fit(context: TrainingContext, data: Data, train: Bools, tested: Bools) -> Fitted:
    """Train a model.

    Args:
        context: Labs, candidates and hyper-parameters.
        data: The n rows.
        train: (n,) the rows to train on.
        tested: (n,) the rows to embed as well.

    Returns:
        The model, with the embeddings of these rows that have any feature.
    """
    keep = (train | tested) & data.filled
    some, use = data.sample(keep), train[keep]
    space, embeddings = fit_space(some, use, context)
    likelihood, known = fit_likelihood(some, embeddings.rows, use, context)
    return Fitted(space, embeddings, likelihood, known, np.flatnonzero(keep))


@dataclass(frozen=True)
class FitFold:
    """Trains a fold's model and collects the evidence about its test cases; called with the number of the fold.

    Attributes:
        context: Labs, candidates and the config of a fold's model.
        data: The n rows.
        names: The classes.
        folds: What each fold leaves out.
        config: The size of the evaluation.
        more: By protocol, further test cases of the first fold's model.
    """

    context: TrainingContext
    data: Data
    names: ClassNames
    folds: list[Fold]
    config: EvaluationConfig
    more: Mapping[str, MoreCases]

    def __call__(self, number: int) -> Arrays:
        """Return the arrays of the test cases, each after what it belongs to."""
        labels, fold, config = self.data.labels, self.folds[number], self.config
        testable = {kind: rows & self.data.filled for kind, rows in fold.tested.items()}
        drawn = draw_by_kind(labels, testable, config.cases, self.context.config)
        tested = in_any(len(fold.train), (rows for cases in drawn.values() for rows in cases))
        train = subsample(labels, fold.train & self.data.filled, config.train_rows, self.context.config.seed)
        fitted = fit(self.context, self.data, train, tested)
        questions = [Questions.of(labels, rows, kind) for kind, rows in drawn.items() if rows]
        cases = CaseSet.joined([fitted.evidence(self.names, one) for one in questions])
        found = {_CASES: cases}
        if number == 0:
            found |= {name: make(fitted, cases) for name, make in self.more.items()}
        return _packed({name: some.arrays() for name, some in found.items()})


class TooFewCases(FingerprintError):
    """There are too few cases to calibrate on."""


@dataclass(frozen=True)
class PredictFold:
    """Predicts a fold's test cases by a calibration from all other folds; called with the number of the fold.

    The calibration is fitted on cases that their own model was not trained on, and on none of the releases, labs and
    prompts that the fold leaves out.

    Attributes:
        names: The classes.
        folds: What each fold leaves out.
        cases: The test cases of each fold.
        more: By protocol, further test cases of the first fold's model.
        most: Cases of a kind and number of responses that a calibration is fitted on.
        context: The config of a fold's model.

    References:
        Varma & Simon (2006), Bias in Error Estimation when Using Cross-Validation for Model Selection (nested
        cross-validation).
    """

    names: ClassNames
    folds: list[Fold]
    cases: list[CaseSet]
    more: Mapping[str, CaseSet]
    most: int
    context: TrainingContext

    def __call__(self, number: int) -> Arrays:
        """Return the arrays of the predictions, each after what it belongs to."""
        calibration = self._calibration(number)
        found = {_CASES: self.cases[number], **(self.more if number == 0 else {})}
        return _packed({name: predict(some, calibration, self.names).arrays() for name, some in found.items()})

    def _calibration(self, number: int) -> Calibration:
        own = self.folds[number]
        left_out = isin(self.names.releases, own.releases)
        parts = []
        for i, (fold, cases) in enumerate(zip(self.folds, self.cases, strict=True)):
            if i != number:
                same_prompts = (cases.kind == CaseKind.SAME) & (fold.prompts == own.prompts)
                parts.append(cases.of(~left_out[cases.release] & ~same_prompts))
        return calibration_on(CaseSet.joined(parts), self.names, self.most, self.context)


def calibration_on(cases: CaseSet, names: ClassNames, most: int, context: TrainingContext) -> Calibration:
    """Fit a calibration.

    Args:
        cases: Of models that were trained without them.
        names: The classes.
        most: Cases of a kind and number of responses that are used.
        context: The config of the models.

    Returns:
        The calibration.

    Raises:
        TooFewCases: If there are fewer than `SplitConfig.least_cases`, or all are of one release.
    """
    config = context.config
    rng = np.random.default_rng(config.seed)
    keep: list[int] = []
    for kind in CaseKind:
        for n in np.unique(cases.covariates.count):
            at = np.flatnonzero((cases.kind == kind) & (cases.covariates.count == n))
            keep += rng.permutation(at)[:most].tolist()
    some = cases.of(np.sort(np.array(keep, np.int64)))
    least = config.splits.least_cases
    if len(keep) < least or len(np.unique(some.release)) < 2:
        raise TooFewCases(f"{len(keep)} cases are left to calibrate on, fewer than {least}: give more corpora")
    return calibrate(_calibration_cases(some, names, config.calibration.mixture), names.lab, config.calibration)


def _calibration_cases(cases: CaseSet, names: ClassNames, mixture: MixtureConfig) -> CalibrationCases:
    lab = np.where(cases.lab_known, names.lab[cases.release], -1)
    release = np.where(cases.known & (cases.kind != CaseKind.UNSEEN), cases.release, -1)
    kind = cases.kind.copy()
    # A left-out release that was the only one of its lab leaves an unknown lab.
    kind[(lab < 0) & (kind == CaseKind.UNSEEN)] = CaseKind.UNKNOWN
    return weighted_cases(cases.evidence, cases.covariates, lab, release, kind.tolist(), mixture)


def predict(cases: CaseSet, calibration: Calibration, names: ClassNames) -> Predictions:
    """Predict test cases, with the verdicts at the default false-attribution rate."""
    posterior = calibration.predict(cases.evidence, cases.covariates, names.lab)
    verdicts = verdict_words(posterior, cases.evidence, cases.covariates, calibration, FALSE_ATTRIBUTIONS)
    return Predictions(
        names,
        cases.release,
        cases.covariates.count,
        cases.known,
        cases.lab_known,
        posterior.release.astype(np.float32),
        posterior.new.astype(np.float32),
        posterior.unknown.astype(np.float32),
        np.array(verdicts, object),
        cases.part,
    )


@dataclass(frozen=True)
class Tested:
    """The test cases of a protocol with their predictions.

    Attributes:
        predictions: About S cases.
        rows: The rows of the data in each case; None if the cases are not of these rows as they are.
    """

    predictions: Predictions
    rows: list[Ints] | None = None

    def of(self, part: str) -> Predictions:
        """Return the predictions of one part."""
        return self.predictions.of(np.asarray(self.predictions.part == part, bool))

    def parts(self) -> list[str]:
        """Return the parts in the order of their first cases."""
        return list(dict.fromkeys(self.predictions.part))


@dataclass(frozen=True)
class FoldResults:
    """What all folds give.

    Attributes:
        folds: What each fold leaves out.
        cases: The test cases of each fold.
        predictions: About these cases, fold by fold.
        more: By protocol, the predictions about further cases of the first fold's model.
    """

    folds: list[Fold]
    cases: list[CaseSet]
    predictions: list[Predictions]
    more: Mapping[str, Predictions]

    def select(self, chosen: Callable[[CaseSet], Bools]) -> Tested | None:
        """Return the test cases of all folds that `chosen` marks in the cases of a fold; None if there are none."""
        at = np.concatenate([np.asarray(chosen(cases), bool) for cases in self.cases])
        if not at.any():
            return None
        rows = [some for cases in self.cases for some in cases.rows]
        return Tested(Predictions.joined(self.predictions).of(at), [rows[i] for i in np.flatnonzero(at)])


def run_folds(
    context: TrainingContext,
    data: Data,
    names: ClassNames,
    config: EvaluationConfig,
    more: Mapping[str, MoreCases],
    work: Work,
) -> FoldResults:
    """Train, calibrate and test all folds.

    Args:
        context: Labs, groups, candidates and the config of a fold's model.
        data: The n rows.
        names: The classes.
        config: The size of the evaluation.
        more: By protocol, further test cases of the first fold's model.
        work: Keeps what is done.

    Returns:
        The test cases and the predictions about them.
    """
    folds = leave_out(context, data, config)
    fit_fold = FitFold(context.alone(), data, names, folds, config, more)
    fitted = work.each("fold", len(folds), fit_fold)
    cases = [CaseSet.from_arrays(_unpacked(arrays, _CASES)) for arrays in fitted]
    further = {name: CaseSet.from_arrays(_unpacked(fitted[0], name)) for name in more}
    predict_fold = PredictFold(names, folds, cases, further, config.calibration_cases, context.alone())
    predicted = work.each("predicted fold", len(folds), predict_fold)
    return FoldResults(
        folds,
        cases,
        [Predictions(names, **_unpacked(arrays, _CASES)) for arrays in predicted],
        {name: Predictions(names, **_unpacked(predicted[0], name)) for name in more},
    )


def _packed(arrays: Mapping[str, Arrays]) -> Arrays:
    return {f"{owner}/{name}": array for owner, own in arrays.items() for name, array in own.items()}


def _unpacked(arrays: Mapping[str, NDArray], owner: str) -> Arrays:
    prefix = f"{owner}/"
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
