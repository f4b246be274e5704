"""Trains the models of an evaluation, and predicts the folds' test cases by calibrations from the other folds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import isin
from fingerprint.data.corpus import Corpus
from fingerprint.errors import FingerprintError
from fingerprint.evaluation.candidates import JudgedCandidates, judge_candidates
from fingerprint.evaluation.claims import JudgedClaims, judge_claims
from fingerprint.evaluation.config import EvaluationConfig
from fingerprint.evaluation.folds import Fold, earlier, leave_out
from fingerprint.evaluation.work import Arrays, Work
from fingerprint.metrics.predictions import Bools, ClassNames, Ints, Predictions
from fingerprint.model.calibration import Calibration, Expect
from fingerprint.model.calibration_fit import calibrate
from fingerprint.model.decision import Question, decisions
from fingerprint.training.calibration_cases import calibration_cases
from fingerprint.training.cases import CaseSet, Questions, draw_by_kind, in_any, subsample
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.fitted import Fitted, fit
from fingerprint.training.splits import CaseKind

_CASES, _LARGE, _EXPECTED, _CLAIMS, _CANDIDATES = "cases", "large", "expected", "claims", "candidates"
_AUDITED = {CaseKind.SAME, CaseKind.OTHER}


MoreCases = Callable[[Fitted, CaseSet], CaseSet]
"""Makes further test cases of a fold's model, from the test cases that it has; runs where the fold is trained."""


@dataclass(frozen=True)
class Basis:
    """What the models of an evaluation have in common.

    Attributes:
        context: Labs, groups, months, candidates and the config of a fold's model.
        data: The n rows.
        names: The classes.
        config: The size of the evaluation.
    """

    context: TrainingContext
    data: Data
    names: ClassNames
    config: EvaluationConfig

    def ask(
        self, fold: Fold, most: int, context: TrainingContext, more: Sequence[int] = ()
    ) -> tuple[Fitted, CaseSet] | None:
        """Train the model of a fold and collect the evidence about its test cases.

        Args:
            fold: What it is trained and tested on.
            most: Test cases of a kind and number of responses.
            context: Of the model, with the numbers of responses.
            more: Further numbers of responses.

        Returns:
            The model and the cases; None if the fold has no case.
        """
        data = self.data
        testable = {kind: rows & data.filled for kind, rows in fold.tested.items()}
        splits = msgspec.structs.replace(context.config.splits, sizes=(*context.config.splits.sizes, *more))
        config = msgspec.structs.replace(context.config, splits=splits)
        drawn = {kind: rows for kind, rows in draw_by_kind(data.labels, testable, most, config).items() if rows}
        if not drawn:
            return None
        tested = in_any(len(fold.train), (rows for cases in drawn.values() for rows in cases))
        train = subsample(data.labels, fold.train & data.filled, self.config.train_rows, context.config.seed)
        fitted = fit(context, data, train, tested)
        questions = [Questions.of(data.labels, rows, kind) for kind, rows in drawn.items()]
        return fitted, CaseSet.joined([fitted.evidence(self.names, one) for one in questions])


@dataclass(frozen=True)
class FitFold:
    """Trains a fold's model and collects the evidence about its test cases; called with the number of the fold.

    Attributes:
        basis: What all models have in common.
        folds: What each fold leaves out.
        most: For each fold, test cases of a kind and number of responses.
        more: By protocol, further test cases of the first fold's model.
    """

    basis: Basis
    folds: list[Fold]
    most: list[int]
    more: Mapping[str, MoreCases]

    def __call__(self, number: int) -> Arrays:
        """Return the arrays of the test cases, each after what it belongs to; those for claims alone are apart."""
        basis = self.basis
        asked = basis.ask(self.folds[number], self.most[number], basis.context, basis.config.claim_responses)
        if asked is None:
            raise TooFewCases("a fold has no test case: give more corpora")
        fitted, whole = asked
        large = ~np.isin(whole.covariates.count, basis.context.config.splits.sizes)
        cases = whole.of(~large)
        found = {_CASES: cases, _LARGE: whole.of(large)}
        if number == 0:
            found |= {name: make(fitted, cases) for name, make in self.more.items()}
        return packed({name: some.arrays() for name, some in found.items()})


class TooFewCases(FingerprintError):
    """There are too few cases to calibrate on."""


@dataclass(frozen=True)
class PredictFold:
    """Predicts a fold's test cases by a calibration from all other folds; called with the number of the fold.

    The calibration is fitted on cases that their own model was not trained on, and on none of the releases, labs and
    prompts that the fold leaves out.

    Attributes:
        basis: What all models have in common.
        folds: What each fold leaves out.
        cases: The test cases of each fold. Folds that leave no release out on purpose are calibrated on alone.
        large: Test cases of each fold with more responses, for claims alone; nothing is calibrated on them.
        more: By protocol, further test cases of the first fold's model.

    References:
        Varma & Simon (2006), Bias in Error Estimation when Using Cross-Validation for Model Selection (nested
        cross-validation).
    """

    basis: Basis
    folds: list[Fold]
    cases: list[CaseSet]
    large: list[CaseSet]
    more: Mapping[str, CaseSet]

    def __call__(self, number: int) -> Arrays:
        """Return the arrays of the predictions, each after what it belongs to."""
        basis, names, own = self.basis, self.basis.names, self.cases[number]
        others = sampled(self._others(number), names, basis.config.calibration_cases, basis.context)
        calibration = calibration_on(others, names, basis.context)
        found = {_CASES: predict(own, calibration, names), _EXPECTED: predict_as_expected(own, calibration, names)}
        if number == 0:
            found |= {name: predict(some, calibration, names) for name, some in self.more.items()}
        arrays = {name: predictions.arrays() for name, predictions in found.items()}
        seed, about = basis.context.config.seed, CaseSet.joined([own, self.large[number]])
        claims = judge_claims(about, others, self._without_corpus(number, about), names, calibration, seed)
        candidates = judge_candidates(own, names, calibration, seed)
        return packed(arrays | {_CLAIMS: claims.arrays(), _CANDIDATES: candidates.arrays()})

    def _without_corpus(self, number: int, cases: CaseSet) -> Bools:
        """(S,) whether a fold's model was trained on no response of a corpus that the case has responses of."""
        corpus, train = self.basis.data.labels.corpus, self.folds[number].train
        trained = np.unique(corpus[train])
        return np.array([not np.isin(corpus[rows], trained).all() for rows in cases.rows], bool)

    def _others(self, number: int) -> CaseSet:
        """The cases of all other folds, without the releases and prompts that the fold leaves out."""
        own, names = self.folds[number], self.basis.names
        left_out = isin(names.releases, own.releases)
        parts = []
        for i, (fold, cases) in enumerate(zip(self.folds, self.cases, strict=True)):
            if i != number:
                same_prompts = isin(cases.kind, {CaseKind.SAME}) & (fold.prompts == own.prompts)
                parts.append(cases.of(~left_out[cases.release] & ~same_prompts))
        return CaseSet.joined(parts)


def calibration_on(cases: CaseSet, names: ClassNames, context: TrainingContext) -> Calibration:
    """Fit a calibration on cases of models that were trained without them."""
    return calibrate(calibration_cases(cases, names), context.config.calibration)


def sampled(cases: CaseSet, names: ClassNames, most: int, context: TrainingContext) -> CaseSet:
    """Draw the cases that a calibration is fitted on.

    Args:
        cases: Of models that were trained without them.
        names: The classes.
        most: Cases of a kind and number of responses that are used.
        context: The config of the models.

    Returns:
        Some of the cases.

    Raises:
        TooFewCases: If there are fewer than `SplitConfig.least_cases`, or all are of one group of releases.
    """
    config = context.config
    rng = np.random.default_rng(config.seed)
    keep: list[int] = []
    for kind in CaseKind:
        for n in np.unique(cases.covariates.count):
            at = np.flatnonzero(isin(cases.kind, {kind}) & (cases.covariates.count == n))
            keep += rng.permutation(at)[:most].tolist()
    some = cases.of(np.sort(np.array(keep, np.int64)))
    least = config.splits.least_cases
    if len(keep) < least or len(np.unique(names.group[some.release])) < 2:
        raise TooFewCases(f"{len(keep)} cases are left to calibrate on, fewer than {least}: give more corpora")
    return some


def predict(cases: CaseSet, calibration: Calibration, names: ClassNames, expect: Expect = Expect.ANY) -> Predictions:
    """Predict test cases, with the verdicts at the default false-attribution rate.

    Args:
        cases: S cases.
        calibration: Of their model.
        names: The classes of their evidence.
        expect: The kinds of cases that are expected.

    Returns:
        The predictions.
    """
    evidence, covariates = cases.evidence, cases.covariates
    posterior = calibration.predict(evidence, covariates, names.lab, expect)
    decided = decisions(posterior, evidence, covariates, names.family, calibration, Question(expect))
    lab = names.lab[cases.release].tolist()
    in_set, in_list = (
        np.array([code in one for code, one in zip(lab, some, strict=True)], bool) & cases.lab_known
        for some in ([one.set for one in decided], [one.shortlist for one in decided])
    )
    return Predictions(
        names=names,
        release=cases.release,
        count=covariates.count,
        known=cases.known,
        lab_known=cases.lab_known,
        share=posterior.release.astype(np.float32),
        new=posterior.new.astype(np.float32),
        unknown=posterior.unknown.astype(np.float32),
        verdict=np.array([str(one.verdict) for one in decided], object),
        level=np.array([str(one.level or "") for one in decided], object),
        set_size=np.array([len(one.set) for one in decided], np.int64),
        in_set=in_set,
        listed=np.array([len(one.shortlist) > 0 for one in decided], bool),
        in_list=in_list,
        part=cases.part,
    )


def predict_as_expected(cases: CaseSet, calibration: Calibration, names: ClassNames) -> Predictions:
    """Predict test cases under the expectation, other than "any", that fits each.

    That is "known" if only prompts or corpora were left out, and "new" for new releases and unknown labs.
    """
    audited = isin(cases.kind, _AUDITED) & cases.lab_known
    found = [
        (at, predict(cases.of(at), calibration, names, expect))
        for at, expect in ((np.flatnonzero(audited), Expect.KNOWN), (np.flatnonzero(~audited), Expect.NEW))
        if len(at)
    ]
    order = np.argsort(np.concatenate([at for at, _ in found]))
    return Predictions.joined([predictions for _, predictions in found]).of(order)


@dataclass(frozen=True)
class Tested:
    """The test cases of a protocol with their predictions.

    Attributes:
        predictions: About S cases, where any kind of case is expected.
        rows: The rows of the data in each case; None if the cases are not of these rows as they are.
        corpus: What the rows are of; None for the corpora that the folds are trained on.
        expect: The expectation that fits the cases better than "any"; None if there is none.
        expected: About the same cases, where this is expected; None without `expect`.
    """

    predictions: Predictions
    rows: list[Ints] | None = None
    expect: Expect | None = None
    expected: Predictions | None = None
    corpus: Corpus | None = None

    def __len__(self) -> int:
        return len(self.predictions)

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
        expected: The same, each case under the expectation that fits its kind.
        claims: About the same cases, and about cases with more responses.
        candidates: Questions about a few labs on the same cases.
        more: By protocol, the predictions about further cases of the first fold's model.
    """

    folds: list[Fold]
    cases: list[CaseSet]
    predictions: list[Predictions]
    expected: list[Predictions]
    claims: JudgedClaims
    candidates: JudgedCandidates
    more: Mapping[str, Predictions]

    def select(self, chosen: Callable[[CaseSet], Bools], expect: Expect | None = None) -> Tested | None:
        """Return the test cases of all folds that `chosen` marks in the cases of a fold; None if there are none.

        Args:
            chosen: Marks cases.
            expect: The expectation that fits all of them, as of `predict_as_expected`; None if there is none.

        Returns:
            The cases.
        """
        at = np.concatenate([np.asarray(chosen(cases), bool) for cases in self.cases])
        if not at.any():
            return None
        rows = [some for cases in self.cases for some in cases.rows]
        expected = Predictions.joined(self.expected).of(at) if expect else None
        own = [rows[i] for i in np.flatnonzero(at)]
        return Tested(Predictions.joined(self.predictions).of(at), own, expect, expected)


def run_folds(basis: Basis, related: Mapping[str, str], more: Mapping[str, MoreCases], work: Work) -> FoldResults:
    """Train, calibrate and test all folds.

    Args:
        basis: The rows, the config of a fold's model and the size of the evaluation.
        related: By corpus, a name that corpora share which are left out together.
        more: By protocol, further test cases of the first fold's model.
        work: Keeps what is done.

    Returns:
        The test cases and the predictions about them.
    """
    context, data, config = basis.context, basis.data, basis.config
    folds, later = leave_out(context, data, related, config), earlier(context, data, related)
    alone = dataclasses.replace(basis, context=context.alone())
    most = [config.cases] * len(folds) + [config.calibration_cases] * len(later)
    fitted = work.each("fold", len(most), FitFold(alone, [*folds, *later], most, more))
    cases = [CaseSet.from_arrays(unpacked(arrays, _CASES)) for arrays in fitted]
    further = {name: CaseSet.from_arrays(unpacked(fitted[0], name)) for name in more}
    large = [CaseSet.from_arrays(unpacked(arrays, _LARGE)) for arrays in fitted]
    predicted = work.each("predicted fold", len(folds), PredictFold(alone, [*folds, *later], cases, large, further))

    def predictions(name: str) -> list[Predictions]:
        return [Predictions(basis.names, **unpacked(arrays, name)) for arrays in predicted]

    return FoldResults(
        folds,
        cases[: len(folds)],
        predictions(_CASES),
        predictions(_EXPECTED),
        JudgedClaims.joined([JudgedClaims(**unpacked(arrays, _CLAIMS)) for arrays in predicted]),
        JudgedCandidates.joined([JudgedCandidates(**unpacked(arrays, _CANDIDATES)) for arrays in predicted]),
        {name: Predictions(basis.names, **unpacked(predicted[0], name)) for name in more},
    )


def packed(arrays: Mapping[str, Arrays]) -> Arrays:
    """Return the arrays of several owners as those of one."""
    return {f"{owner}/{name}": array for owner, own in arrays.items() for name, array in own.items()}


def unpacked(arrays: Mapping[str, NDArray], owner: str) -> Arrays:
    """Return the arrays of one of the owners that `packed` was given."""
    prefix = f"{owner}/"
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
