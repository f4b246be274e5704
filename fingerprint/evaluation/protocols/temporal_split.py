"""temporal-split: the releases of each month, by a model of what was released before it.

As in a training, the calibration is fitted on what a first model was not trained on, and the embedding is then trained
on everything that was there. Both are made anew every few months, from the releases before the first of these months.
In between, the model of a month adds what was released before it to the same embedding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fingerprint.evaluation.cases import CaseSet, Questions, draw_by_kind, draw_cases, in_any, subsample
from fingerprint.evaluation.config import EvaluationConfig
from fingerprint.evaluation.fits import Fitted, Tested, TooFewCases, calibration_on, fit, predict
from fingerprint.evaluation.protocol import Protocol, whole_and_parts
from fingerprint.evaluation.study import Study
from fingerprint.evaluation.work import Arrays
from fingerprint.metrics.predictions import Bools, ClassNames, Ints, Predictions
from fingerprint.report.evaluation.figures import View
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.likelihood import fit_likelihood
from fingerprint.training.splits import CaseKind, split_for_calibration

# Rows that must be older than a month: with fewer, the first model has too few releases to leave some out.
_LEAST_ROWS = 1_000


def month_number(month: str) -> int:
    """Return the number of a month YYYY-MM, counted from the year 0; -1 for an empty text."""
    return int(month[:4]) * 12 + int(month[5:]) - 1 if month else -1


def month_name(number: int) -> str:
    """Return the month of a number as YYYY-MM."""
    return f"{number // 12}-{number % 12 + 1:02}"


@dataclass(frozen=True)
class PredictMonths:
    """Predicts the releases of some months that follow each other; called with the number of a period.

    Attributes:
        context: Labs, groups, candidates and the config of a model.
        data: The n rows.
        names: The classes.
        released: (releases,) the month of each release of the data by number, -1 if nobody knows it.
        periods: The months of each period; its embedding and calibration are of the time before the first month.
        config: The size of the evaluation.
    """

    context: TrainingContext
    data: Data
    names: ClassNames
    released: Ints
    periods: list[list[int]]
    config: EvaluationConfig

    def __call__(self, period: int) -> Arrays:
        """Return the arrays of the predictions, with the month as the part; none if there is too little before it."""
        try:
            return self._predict(self.periods[period]).arrays()
        except TooFewCases:
            return {}

    def _predict(self, months: list[int]) -> Predictions:
        context, data, names, config, seed = self.context, self.data, self.names, self.config, self.context.config.seed
        labels = data.labels
        before = (self.released < months[0]) & (self.released >= 0) & context.candidate
        split = split_for_calibration(data, replace(context, candidate=before))
        rows = before[labels.release] & data.filled
        left_out = {kind: rows & np.asarray(split.kind == kind, bool) & data.full for kind in CaseKind}
        drawn = draw_by_kind(labels, left_out, config.cases, context.config)
        train = subsample(labels, rows & split.train, config.train_rows, seed)
        first = fit(context, data, train, in_any(len(rows), (some for cases in drawn.values() for some in cases)))
        questions = [Questions.of(labels, cases, kind) for kind, cases in drawn.items() if cases]
        calibration = calibration_on(
            CaseSet.joined([first.evidence(names, one) for one in questions]), names, config.calibration_cases, context
        )
        of_month = {month: draw_cases(labels, self._tested(month), config.cases, context.config) for month in months}
        by_then = (before | (context.candidate & np.isin(self.released, months)))[labels.release] & data.filled
        learned = subsample(labels, by_then, config.train_rows, seed)
        tested = learned | in_any(len(rows), (some for cases in of_month.values() for some in cases))
        fitted = fit(context, data, learned & before[labels.release], tested)
        found = []
        for month, cases in of_month.items():
            if cases:
                then = self._with_releases_before(month, fitted, learned)
                questions_then = Questions.of(labels, cases, CaseKind.UNSEEN).within(month_name(month))
                found.append(predict(then.evidence(names, questions_then), calibration, names))
        return Predictions.joined(found)

    def _tested(self, month: int) -> Bools:
        """(n,) the rows that the test cases of a month are drawn from."""
        of_month = (self.released == month) & self.context.candidate
        return of_month[self.data.labels.release] & self.data.full & self.data.filled

    def _with_releases_before(self, month: int, fitted: Fitted, learned: Bools) -> Fitted:
        """The same embedding, with PLDA and the linear classifiers of what was released before a month."""
        data, at = self.data, fitted.rows
        embedded = replace(data, labels=data.labels.of(at), full=data.full[at], filled=data.filled[at])
        use = learned[at] & (self.released[embedded.labels.release] < month)
        likelihood, known = fit_likelihood(embedded, fitted.embeddings.rows, use, self.context)
        return replace(fitted, likelihood=likelihood, known=known)


def _ask(study: Study) -> Tested | None:
    data, config = study.data, study.config
    if data is None:
        return None
    released = np.array([month_number(month) for month in study.sample.released])
    of = released[data.labels.release[data.full]]
    first, last = month_number(config.first_month), int(released.max())
    months = list(range(first, max(first, last) + 1))
    periods = []
    for start in range(0, len(months), config.months_per_model):
        period = months[start : start + config.months_per_model]
        if ((of < period[0]) & (of >= 0)).sum() < _LEAST_ROWS:
            study.notes.append(
                f"The temporal split lacks months: too few responses are older than {month_name(period[0])}."
            )
        elif np.isin(of, period).any():
            periods.append(period)
    predict_months = PredictMonths(study.sample.context.alone(), data, study.sample.names, released, periods, config)
    found = [arrays for arrays in study.work.each("period", len(periods), predict_months) if arrays]
    if len(found) < len(periods):
        study.notes.append("The temporal split lacks months: too few cases are older than they to calibrate on.")
    if not found:
        return None
    return Tested(Predictions.joined([Predictions(study.sample.names, **arrays) for arrays in found]))


PROTOCOL = Protocol(
    name="temporal-split",
    question="The releases of each month, predicted by a model of what was released before it.",
    left_out="Everything that was released in the month or later.",
    order=50,
    ask=_ask,
    parts=whole_and_parts,
    views=frozenset({View.ACCURACY, View.CURVES, View.MONTHS}),
)
