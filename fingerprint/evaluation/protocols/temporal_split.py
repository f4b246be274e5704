"""temporal-split: the releases of each month, by a model of what was released before it.

As in a training, the calibration is fitted on what some models were not trained on, and the embedding is then trained
on everything that was there. Both are made anew every few months, from the releases before the first of these months.
In between, the model of a month adds what was released before it to the same embedding.

The models of one period leave out too little for thresholds that hold in each kind of case. So a period is calibrated
on the models of all periods up to it: they know nothing of a later time either. The classes are those of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from fingerprint.config import Config
from fingerprint.data.registry import month_number
from fingerprint.evaluation.fits import (
    Basis,
    Tested,
    TooFewCases,
    calibration_on,
    packed,
    predict,
    sampled,
    unpacked,
)
from fingerprint.evaluation.folds import Fold
from fingerprint.evaluation.protocol import Protocol, whole_and_parts
from fingerprint.evaluation.study import Study
from fingerprint.evaluation.work import Arrays
from fingerprint.metrics.predictions import Bools, ClassNames, Ints, Predictions
from fingerprint.model.calibration import Expect
from fingerprint.report.evaluation.figures import TYPICAL, View
from fingerprint.training.cases import CaseSet, Questions, draw_cases, in_any, subsample
from fingerprint.training.data import Data, Labels
from fingerprint.training.fitted import Fitted, fit
from fingerprint.training.likelihood import fit_likelihood
from fingerprint.training.splits import CalibrationSplit, CaseKind, calibration_splits

# Rows that must be older than a month: with fewer, there are too few releases to leave some out.
_LEAST_ROWS = 1_000
# What two models of a period leave out beside the one of an earlier time. The shares are larger than in a training, so
# that there are enough new releases in other corpora: these are a product of two shares.
_MODELS, _SHARE = 2, 0.2
_ANY, _NEW = "any", "new"


def month_name(number: int) -> str:
    """Return the month of a number as YYYY-MM."""
    return f"{number // 12}-{number % 12 + 1:02}"


def to_calibrate(basis: Basis, related: Mapping[str, str], month: int) -> list[Fold]:
    """Return what the models leave out that a period is calibrated on.

    Args:
        basis: The rows and the config.
        related: By corpus, a name that corpora share which are left out together.
        month: The first of the period; nothing that was released in it or later is used.

    Returns:
        A fold for each model, over all rows.
    """
    context, labels, full = basis.context, basis.data.labels, basis.data.full
    before = context.candidate & (context.released >= 0) & (context.released < month)
    at = np.flatnonzero(before[labels.release] & basis.data.filled)
    # Corpora that nobody had answered by then are none.
    present, corpus = np.unique(labels.corpus[at], return_inverse=True)
    domains = [labels.corpora[i] for i in present]
    then = Labels(labels.release[at], labels.prompt[at], corpus, labels.releases, domains)
    own = replace(basis.data, labels=then, full=full[at], filled=np.ones(len(at), bool))
    known = np.where(before, context.released, -1)
    of_splits = replace(context, candidate=before, released=known, config=_splits(context.config))
    out = []
    for split in calibration_splits(own, of_splits, related):
        train, kind = np.zeros(len(full), bool), np.full(len(full), None, object)
        train[at], kind[at] = split.train, split.kind
        out.append(Fold.of(CalibrationSplit(train, kind), full))
    return out


def _splits(config: Config) -> Config:
    splits = msgspec.structs.replace(
        config.splits, folds=_MODELS, releases=_SHARE, corpora=_SHARE, later=config.splits.later[:1]
    )
    return msgspec.structs.replace(config, splits=splits)


@dataclass(frozen=True)
class Period:
    """Months that follow each other, with an embedding and a calibration of the time before the first.

    Attributes:
        months: By number.
        folds: What the models leave out that it is calibrated on.
    """

    months: list[int]
    folds: list[Fold]


@dataclass(frozen=True)
class FitPeriod:
    """Trains the models of the periods and collects evidence; called with a number of `pieces`.

    Attributes:
        basis: What all models have in common.
        periods: The periods.
    """

    basis: Basis
    periods: list[Period]

    @property
    def pieces(self) -> list[tuple[int, int | None]]:
        """The period of each model, and its fold; None for the model that is asked about the months."""
        return [(p, fold) for p, one in enumerate(self.periods) for fold in (*range(len(one.folds)), None)]

    def __call__(self, number: int) -> Arrays:
        """Return the arrays of the cases; none if there are none."""
        period, fold = self.pieces[number]
        own = self.periods[period]
        if fold is None:
            return self._asked_about_months(own.months).arrays()
        asked = self._to_calibrate(own.folds[fold])
        return asked[1].arrays() if asked else {}

    def _to_calibrate(self, fold: Fold) -> tuple[Fitted, CaseSet] | None:
        context = self.basis.context
        # As in a training, models that are only calibrated on have half of the steps.
        embedding = msgspec.structs.replace(context.config.embedding, steps=(context.config.embedding.steps + 1) // 2)
        short = replace(context, config=msgspec.structs.replace(context.config, embedding=embedding))
        return self.basis.ask(fold, self.basis.config.calibration_cases, short)

    def _asked_about_months(self, months: list[int]) -> CaseSet:
        context, data, config, names = self.basis.context, self.basis.data, self.basis.config, self.basis.names
        labels, released = data.labels, context.released
        drawn = {month: draw_cases(labels, self._tested(month), config.cases, context.config) for month in months}
        known = context.candidate & (released >= 0)
        by_then = (known & (released <= months[-1]))[labels.release] & data.filled
        learned = subsample(labels, by_then, config.train_rows, context.config.seed)
        tested = learned | in_any(len(learned), (some for cases in drawn.values() for some in cases))
        fitted = fit(context, data, learned & (released < months[0])[labels.release], tested)
        found = []
        for month, cases in drawn.items():
            if cases:
                then = self._with_releases_before(month, fitted, learned)
                questions = Questions.of(labels, cases, CaseKind.LATER).within(month_name(month))
                found.append(then.evidence(names, questions))
        return CaseSet.joined(found)

    def _tested(self, month: int) -> Bools:
        """(n,) the rows that the test cases of a month are drawn from."""
        context, data = self.basis.context, self.basis.data
        of_month = (context.released == month) & context.candidate
        return of_month[data.labels.release] & data.full & data.filled

    def _with_releases_before(self, month: int, fitted: Fitted, learned: Bools) -> Fitted:
        """The same embedding, with PLDA and the linear classifiers of what was released before a month."""
        context, data, at = self.basis.context, self.basis.data, fitted.rows
        embedded = replace(data, labels=data.labels.of(at), full=data.full[at], filled=data.filled[at])
        use = learned[at] & (context.released[embedded.labels.release] < month)
        likelihood, known = fit_likelihood(embedded, fitted.embeddings.rows, use, context)
        return replace(fitted, likelihood=likelihood, known=known)


@dataclass(frozen=True)
class PredictPeriod:
    """Predicts the releases of a period's months; called with the number of the period.

    Attributes:
        basis: What all models have in common.
        periods: The periods.
        to_calibrate: For each period, the cases of its models to calibrate on.
        tested: For each period, the cases of its months.
    """

    basis: Basis
    periods: list[Period]
    to_calibrate: list[list[CaseSet]]
    tested: list[CaseSet]

    def __call__(self, number: int) -> Arrays:
        """Return the arrays of the predictions, with the month as the part; none if there are too few cases."""
        basis = self.basis
        month = dict(zip(basis.data.labels.releases, basis.context.released.tolist(), strict=True))
        last = self.periods[number].months[-1]
        at = np.flatnonzero([0 <= month.get(name, -1) <= last for name in basis.names.releases])
        then = basis.names.some(at)
        parts = [_of_the_time(cases, at) for period in self.to_calibrate[: number + 1] for cases in period]
        tested = _of_the_time(self.tested[number], at)
        if not parts:
            return {}
        try:
            some = sampled(CaseSet.joined(parts), then, basis.config.calibration_cases, basis.context)
        except TooFewCases:
            return {}
        calibration = calibration_on(some, then, basis.context)
        found = {
            name: predict(tested, calibration, then, expect).over(basis.names, at)
            for name, expect in ((_ANY, Expect.ANY), (_NEW, Expect.NEW))
        }
        return packed({name: predictions.arrays() for name, predictions in found.items()})


def _of_the_time(cases: CaseSet, at: Ints) -> CaseSet:
    """The same cases with the evidence about some releases only; theirs are among these."""
    known, score = cases.evidence.known[:, at], cases.evidence.release_score[:, at]
    evidence = replace(cases.evidence, known=known, release_score=score)
    return replace(cases, release=np.searchsorted(at, cases.release), evidence=evidence)


def _months(study: Study, data: Data) -> list[list[int]]:
    """The months of each period; a period without a release, or with too little before it, is none."""
    config, context = study.config, study.sample.context
    released, usable = context.released, data.full & data.filled & context.candidate[data.labels.release]
    of = released[data.labels.release[usable]]
    first, last = month_number(config.first_month), int(released.max())
    months = list(range(first, max(first, last) + 1))
    out = []
    for start in range(0, len(months), config.months_per_model):
        period = months[start : start + config.months_per_model]
        if ((of < period[0]) & (of >= 0)).sum() < _LEAST_ROWS:
            study.notes.append(
                f"The temporal split lacks months: too few responses are older than {month_name(period[0])}."
            )
        elif np.isin(of, period).any():
            out.append(period)
    return out


def _ask(study: Study) -> Tested | None:
    if study.data is None:
        return None
    basis = replace(study.basis(study.data), context=study.sample.context.alone())
    periods = [Period(months, to_calibrate(basis, study.related, months[0])) for months in _months(study, study.data)]
    fit_period = FitPeriod(basis, periods)
    cases: list[list[CaseSet]] = [[] for _ in periods]
    tested = []
    arrays = study.work.each("period model", len(fit_period.pieces), fit_period)
    for (period, fold), found in zip(fit_period.pieces, arrays, strict=True):
        if fold is None:
            tested.append(CaseSet.from_arrays(found))
        elif found:
            cases[period].append(CaseSet.from_arrays(found))
    predict_period = PredictPeriod(basis, periods, cases, tested)
    predicted = [found for found in study.work.each("predicted period", len(periods), predict_period) if found]
    if len(predicted) < len(periods):
        study.notes.append("The temporal split lacks months: too few cases are older than they to calibrate on.")
    if not predicted:
        return None
    return _joined(study.sample.names, predicted)


def _joined(names: ClassNames, predicted: list[Arrays]) -> Tested:
    predictions, expected = (
        Predictions.joined([Predictions(names, **unpacked(arrays, name)) for arrays in predicted])
        for name in (_ANY, _NEW)
    )
    return Tested(predictions, None, Expect.NEW, expected)


PROTOCOL = Protocol(
    name="temporal-split",
    question="The releases of each month, predicted by a model of what was released before it.",
    left_out="Everything that was released in the month or later.",
    order=50,
    ask=_ask,
    parts=whole_and_parts,
    views=frozenset({View.ACCURACY, View.CURVES, View.MONTHS}),
    by_kind=TYPICAL,
)
