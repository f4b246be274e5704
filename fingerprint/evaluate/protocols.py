"""Runs the protocols: each gives suspects and what was said of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from fingerprint.evaluate.answers import Answers
from fingerprint.evaluate.controls import CONTROLS, ask_controls
from fingerprint.evaluate.fits import Asked, Fit
from fingerprint.evaluate.folds import OTHER, SAME, UNKNOWN, UNSEEN, leave_out
from fingerprint.evaluate.ground import Ground
from fingerprint.evaluate.judging import Judge, judged
from fingerprint.evaluate.months import AT_THE_TIME, Months
from fingerprint.evaluate.perturbed import PERTURBED, ask_perturbed
from fingerprint.evaluate.plan import Plan, months
from fingerprint.evaluate.shipped import ask_shipped
from fingerprint.evaluate.work import Work
from fingerprint.loading import Loaded
from fingerprint.train.data import PLAIN, Report

BY_GROUND = "by language and domain"
NAMES = (SAME, OTHER, UNSEEN, AT_THE_TIME, UNKNOWN, PERTURBED, BY_GROUND, CONTROLS)
_OF_FOLDS = {SAME, OTHER, UNSEEN, UNKNOWN, PERTURBED, BY_GROUND, CONTROLS}
_FEWEST_CORPORA = 2
_FEWEST_ROWS = 1_000


@dataclass
class Results:
    """asked and answers: by protocol; foreign: the model's own, on corpora that it was not trained on; notes: what
    could not be asked, and why."""

    asked: dict[str, Asked] = field(default_factory=dict)
    answers: dict[str, Answers] = field(default_factory=dict)
    foreign: Answers | None = None
    notes: list[str] = field(default_factory=list)


def run(
    ground: Ground, loaded: Loaded, plan: Plan, wanted: Iterable[str], work: Work, seed: int, jobs: int,
    progress: Report,
) -> Results:  # fmt: skip
    """The protocols of NAMES that are wanted."""
    wanted = set(wanted)
    results = Results()
    if OTHER in wanted:
        found = ask_shipped(
            ground.data, ground.corpus, ~ground.learned & ground.data.full, loaded, ground.names, plan.effort.suspects,
            seed, progress,
        )  # fmt: skip
        results.foreign = found[1] if found else None
    corpora = np.unique(ground.data.labels.corpus[ground.learned & ground.data.full])
    if len(corpora) < _FEWEST_CORPORA:
        results.notes.append(
            "Fewer than two of the corpora are ones that the model was trained on: no folds were made."
        )
        return results
    if wanted & _OF_FOLDS:
        _folds(ground, plan, wanted, work, seed, jobs, progress, results)
    if AT_THE_TIME in wanted:
        _months(ground, plan, work, seed, jobs, progress, results)
    return results


def _folds(
    ground: Ground, plan: Plan, wanted: set[str], work: Work, seed: int, jobs: int, progress: Report, results: Results
) -> None:
    keep = ground.learned
    data, corpus = ground.data.sample(keep), ground.corpus.of(keep[ground.data.full])
    corpora = {name.removesuffix(PLAIN) for name in np.array(data.labels.corpora)[np.unique(data.labels.corpus)]}
    folds = leave_out(data, ground.lab_of, ground.groups, ground.candidate, min(plan.folds, len(corpora)), seed)
    fit = Fit(data, folds, ground.names, ground.candidate, ground.lab_of, plan.effort, seed)

    def first() -> dict[str, np.ndarray]:
        model, found = fit.ask(0, _within(progress, "fold 1"))
        changed = ask_perturbed(data, corpus, model, ground.names, found, plan.perturbed, seed, progress)
        work.arrays("perturbed", changed.arrays)
        return found.arrays()

    work.arrays("fold 0", first)
    asked = [Asked.from_arrays(held) for held in work.each("fold", len(folds), jobs, fit, progress)]
    judge = Judge(asked, folds, ground.names, plan.calibrate, seed)
    found = work.each("judged fold", len(folds), jobs, judge, progress)
    answers = [Answers.from_arrays(ground.names, held, "") for held in found]
    everything, said = Asked.joined(asked), Answers.joined(answers)
    of_unknown = (everything.kind == UNKNOWN) | ((everything.kind == UNSEEN) & ~everything.lab_known)
    for protocol, of in (
        (SAME, everything.kind == SAME),
        # A release known from other corpora only; those that this corpus alone has are unseen ones.
        (OTHER, (everything.kind == OTHER) & everything.lab_known),
        (UNSEEN, (everything.kind == UNSEEN) & everything.lab_known),
        (UNKNOWN, of_unknown),
    ):
        if protocol in wanted and of.any():
            results.asked[protocol], results.answers[protocol] = everything.of(of), said.of(of)
    same = everything.kind == SAME
    if BY_GROUND in wanted and same.any():
        results.asked[BY_GROUND], results.answers[BY_GROUND] = everything.of(same), said.of(same)
    if UNKNOWN in wanted and SAME not in wanted:
        results.notes.append(
            "Whether P(unknown) tells unknown labs from known ones needs the same-set protocol beside."
        )
    if PERTURBED in wanted:
        changed = Asked.from_arrays(work.read("perturbed"))
        results.asked[PERTURBED] = changed
        results.answers[PERTURBED] = judged(changed, judge.calibration(0), ground.names)
    if CONTROLS in wanted:
        results.answers[CONTROLS] = ask_controls(data, corpus, folds[0], ground.names, asked[0], seed, progress)


def _months(ground: Ground, plan: Plan, work: Work, seed: int, jobs: int, progress: Report, results: Results) -> None:
    data = ground.data.sample(ground.learned)
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
        data, ground.names, ground.candidate, ground.lab_of, ground.groups, ground.released, cuts, plan.effort,
        plan.calibrate, seed,
    )  # fmt: skip
    held = [h for h in work.each("month", len(cuts), jobs, ask, progress) if h]
    if held:
        results.asked[AT_THE_TIME] = Asked.joined([Asked.from_arrays(h) for h in held])
        results.answers[AT_THE_TIME] = Answers.joined([Answers.from_arrays(ground.names, h, "said.") for h in held])
    if len(held) < len(cuts):
        results.notes.append("Some months are missing: too little was known before them to calibrate on.")


def _within(progress: Report, name: str) -> Report:
    def say(stage: str, done: int, total: int) -> None:
        progress(f"{name}: {stage}", done, total)

    return say
