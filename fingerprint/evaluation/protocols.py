"""Runs the protocols: each gives suspects and what was said of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from fingerprint.base.parallel import Progress
from fingerprint.evaluation.calibrated import Judge
from fingerprint.evaluation.controls import CONTROLS, ask_controls
from fingerprint.evaluation.external_test import ask_shipped
from fingerprint.evaluation.fits import CaseSet, Fit
from fingerprint.evaluation.folds import OTHER, SAME, UNKNOWN, UNSEEN, leave_out
from fingerprint.evaluation.ground import Ground
from fingerprint.evaluation.perturbed import PERTURBED, Perturbed
from fingerprint.evaluation.plan import Plan, months
from fingerprint.evaluation.predictions import Predictions
from fingerprint.evaluation.temporal_split import AT_THE_TIME, Months
from fingerprint.evaluation.work import Work
from fingerprint.loading import Loaded
from fingerprint.training.data import Data, Ints

BY_GROUND = "by language and domain"
NAMES = (SAME, OTHER, UNSEEN, AT_THE_TIME, UNKNOWN, PERTURBED, BY_GROUND, CONTROLS)
_OF_FOLDS = {SAME, OTHER, UNSEEN, UNKNOWN, PERTURBED, BY_GROUND, CONTROLS}
_FEWEST_CORPORA = 2
_FEWEST_ROWS = 1_000


@dataclass
class Results:
    """By protocol: answers, and rows of each suspect where they are asked for; foreign: the model's own answers, on
    corpora that it was not trained on; notes: what could not be asked, and why."""

    rows: dict[str, list[Ints]] = field(default_factory=dict)
    answers: dict[str, Predictions] = field(default_factory=dict)
    foreign: Predictions | None = None
    notes: list[str] = field(default_factory=list)


def run(
    ground: Ground, loaded: Loaded, plan: Plan, wanted: Iterable[str], work: Work, seed: int, jobs: int,
    progress: Progress,
) -> Results:  # fmt: skip
    """The protocols of NAMES that are wanted."""
    wanted = set(wanted)
    results = Results()
    if OTHER in wanted:
        results.foreign = ask_shipped(ground.foreign, loaded, ground.names, plan.effort.cases, seed, progress)
    if ground.data is None or len(set(ground.corpus.corpus)) < _FEWEST_CORPORA:
        results.notes.append(
            "Fewer than two of the corpora are ones that the model was trained on: no folds were made."
        )
        return results
    if wanted & _OF_FOLDS:
        _folds(ground, ground.data, plan, wanted, work, seed, jobs, progress, results)
    if AT_THE_TIME in wanted:
        _months(ground, ground.data, plan, work, seed, jobs, progress, results)
    return results


def _folds(
    ground: Ground, data: Data, plan: Plan, wanted: set[str], work: Work, seed: int, jobs: int, progress: Progress,
    results: Results,
) -> None:  # fmt: skip
    corpus, candidate = ground.corpus, np.ones(len(data.labels.releases), bool)
    corpora = {data.labels.corpora[code].corpus for code in np.unique(data.labels.corpus)}
    folds = leave_out(data, ground.lab_of, ground.groups, candidate, min(plan.folds, len(corpora)), seed)
    perturbed = Perturbed(corpus, ground.names, plan.perturbed, seed)
    fit = Fit(data, folds, ground.names, candidate, ground.lab_of, plan.effort, perturbed, seed)
    held = work.each("fold", len(folds), jobs, fit, progress)
    asked = [CaseSet.from_arrays(one) for one in held]
    changed = CaseSet.from_arrays(held[0], "extra.")
    judge = Judge(asked, folds, changed, ground.names, plan.calibrate, seed)
    said = work.each("judged fold", len(folds), jobs, judge, progress)
    if PERTURBED in wanted:
        results.answers[PERTURBED] = Predictions.from_arrays(ground.names, said[0], "extra.")
    if CONTROLS in wanted:
        results.answers[CONTROLS] = ask_controls(data, corpus, folds[0], ground.names, asked[0], seed, progress)
    kind, lab_known = (np.concatenate([getattr(one, name) for one in asked]) for name in ("kind", "lab_known"))
    rows = [some for one in asked for some in one.rows]
    answers = Predictions.joined([Predictions.from_arrays(ground.names, one, "") for one in said])
    for protocol, of in (
        (SAME, kind == SAME),
        (BY_GROUND, kind == SAME),
        # Of a lab that this corpus alone has, nothing is known: the suspects are an unknown lab's, and not asked here.
        (OTHER, (kind == OTHER) & lab_known),
        (UNSEEN, (kind == UNSEEN) & lab_known),
        (UNKNOWN, (kind == UNKNOWN) | ((kind == UNSEEN) & ~lab_known)),
    ):
        if protocol in wanted and of.any():
            results.rows[protocol] = [rows[i] for i in np.flatnonzero(of)]
            results.answers[protocol] = answers.of(of)
    if UNKNOWN in wanted and SAME not in wanted:
        results.notes.append(
            "Whether P(unknown) tells unknown labs from known ones needs the same-set protocol beside."
        )


def _months(
    ground: Ground, data: Data, plan: Plan, work: Work, seed: int, jobs: int, progress: Progress, results: Results
) -> None:
    candidate = np.ones(len(data.labels.releases), bool)
    every = months(plan.first, max(plan.first, max(ground.released.tolist())))
    of = ground.released[data.labels.release[data.full]]
    cuts = []
    for start in range(0, len(every), plan.every):
        some = every[start : start + plan.every]
        if ((of < some[0]) & (of != "")).sum() < _FEWEST_ROWS:
            results.notes.append(f"Too little is known from before {some[0]} to say what would have been said then.")
        elif np.isin(of, some).any():
            cuts.append(some)
    ask = Months(
        data, ground.names, candidate, ground.lab_of, ground.groups, ground.released, cuts, plan.effort,
        plan.calibrate, seed,
    )  # fmt: skip
    held = [h for h in work.each("month", len(cuts), jobs, ask, progress) if h]
    if held:
        results.answers[AT_THE_TIME] = Predictions.joined([Predictions.from_arrays(ground.names, h, "") for h in held])
    if len(held) < len(cuts):
        results.notes.append("Some months are missing: too little was known before them to calibrate on.")
