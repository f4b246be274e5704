"""At the time: what would have been said of each month's new releases with what was known before it.

As in training: the calibration is fitted on what a first model says of what it was not shown, and the space is then
made of all that was there. Both are made anew at each cut from releases of before it; between cuts a month's model adds
what was released before that month to the same space, which takes no more than sums and the heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import Config
from fingerprint.evaluation.calibrated import KINDS, TooFew, calibration_of, judged
from fingerprint.evaluation.fits import CaseSet, Effort, draw_some, fit, marked, question
from fingerprint.evaluation.folds import subsample
from fingerprint.evaluation.predictions import Names, Predictions
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.likelihood import fit_likelihood
from fingerprint.training.splits import split_for_calibration

Bools = NDArray[np.bool_]
AT_THE_TIME = "at-the-time"
_KIND = {name: kind for kind, name in KINDS.items()}


@dataclass(frozen=True)
class Months:
    """Asks about the releases of some months, in order, the first of which is a cut; called with the number of the
    cut, in whatever process. Suspects' part is the month.

    released: (releases,) YYYY-MM or empty; most: suspects a kind and size that a calibration is fitted on.
    """

    data: Data
    names: Names
    candidate: Bools
    lab_of: Mapping[str, str]
    groups: Mapping[str, frozenset[str]]
    released: NDArray[np.str_]
    cuts: list[list[str]]
    effort: Effort
    most: int
    seed: int

    def __call__(self, cut: int) -> dict[str, np.ndarray]:
        """The arrays of the answers; none where too little was known to calibrate on."""
        try:
            return self._ask(self.cuts[cut]).arrays()
        except TooFew:
            return {}

    def _ask(self, months: list[str]) -> Predictions:
        data, names, candidate, lab_of = self.data, self.names, self.candidate, self.lab_of
        released, effort, seed = self.released, self.effort, self.seed
        before = (released < months[0]) & (released != "") & candidate
        rows = before[data.labels.release] & data.filled
        held = split_for_calibration(data, TrainingContext(lab_of, self.groups, before, Config(seed=seed)))
        kind = np.where(rows, held.kind, "")
        shown = subsample(data.labels, rows & held.train, effort.rows, seed)
        drawn = {k: draw_some(data.labels, (kind == k) & data.full, effort.cases, seed) for k in _KIND}
        asked_of = data.full & data.filled
        of_month = {
            month: draw_some(
                data.labels, ((released == month) & candidate)[data.labels.release] & asked_of, effort.cases, seed
            )
            for month in months
        }
        first = fit(data, shown, marked(len(rows), drawn.values()), candidate, lab_of, effort.recipe, seed)
        questions = [question(data, first, names, cases, _KIND[k]) for k, cases in drawn.items() if cases]
        calibration = calibration_of(CaseSet.joined(questions), names, self.most, seed)
        by_then = (before | (candidate & np.isin(released, months)))[data.labels.release] & data.filled
        learned = subsample(data.labels, by_then, effort.rows, seed)
        use = learned & before[data.labels.release]
        asked = learned | marked(len(rows), of_month.values())
        fitted = fit(data, use, asked, candidate, lab_of, effort.recipe, seed)
        said = []
        at = fitted.rows
        placed = replace(data, labels=data.labels.of(at), full=data.full[at], filled=data.filled[at])
        for month in months:
            if not of_month[month]:
                continue
            known = released[placed.labels.release]
            use = learned[fitted.rows] & (known < month)
            context = TrainingContext(lab_of, {}, candidate, Config(seed=seed))
            likelihood, names_then = fit_likelihood(placed, fitted.embeddings.rows, use, context)
            then = replace(fitted, likelihood=likelihood, known=names_then)
            answers = question(data, then, names, of_month[month], AT_THE_TIME)
            answers = replace(answers, part=np.full(len(answers.rows), month))
            said.append(judged(answers, calibration, names))
        return Predictions.joined(said)
