"""What models say about responses that they were not shown: cases to calibrate on, and what prompts tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import isin
from fingerprint.config import Config
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.calibration import Calibration, Expect
from fingerprint.model.calibration_fit import CalibrationCases
from fingerprint.model.pairs_fit import Trials
from fingerprint.model.plda import Ints
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS
from fingerprint.training.cases import CaseSet, Questions, draw_by_kind, in_any, subsample
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, few_of_each
from fingerprint.training.fitted import fit
from fingerprint.training.likelihood import KnownReleases
from fingerprint.training.pairs import collect_trials, draw_sides
from fingerprint.training.shared_pairs import collect_shared_trials, draw_shared_pairs
from fingerprint.training.splits import CalibrationSplit, CaseKind


@dataclass(frozen=True)
class SplitCases:
    """What a model says about what it was not shown.

    Attributes:
        cases: Of each kind that there are cases of.
        singles: One response each, to prompts that the model was not shown; a few of each lab and kind of prompt. None
            but of the first split.
        pairs: Pairs of cases that share no prompt.
        shared_pairs: Pairs of cases that share all of them.
    """

    cases: list[CaseSet]
    singles: CaseSet | None
    pairs: Trials
    shared_pairs: Trials


@dataclass(frozen=True)
class FitSplit:
    """Fits a model that is calibrated on, and asks it about what it was not shown; called with the number of a split.

    Attributes:
        context: The facts about the releases, and the hyper-parameters.
        data: The n rows.
        external: (n, D) what another encoder than the static one gives, None without one.
        use: (n,) rows that may be used.
        names: The classes of the evidence.
        splits: What each model is not shown.
        kinds: (n,) the kind of prompt of each row, for the information gain.
    """

    context: TrainingContext
    data: Data
    external: NDArray[np.float32] | None
    use: NDArray[np.bool_]
    names: ClassNames
    splits: list[CalibrationSplit]
    kinds: Ints

    def __call__(self, number: int) -> SplitCases:
        """Fit the model and collect its cases."""
        split, labels, context = self.splits[number], self.data.labels, self.context
        free = self.use & self.data.full & context.candidate[labels.release]
        drawn = draw_by_kind(
            labels,
            {kind: free & np.asarray(split.kind == kind, bool) for kind in CaseKind},
            context.config.splits.cases,
            context.config,
        )
        held_out = np.array([kind is not None for kind in split.kind], bool)
        sides = draw_sides(labels, free & held_out, split.kind, context.config)
        shared = draw_shared_pairs(labels, free & held_out, split.kind, self.names, context.config)
        train = subsample(labels, self.use & split.train, context.config.splits.rows, context.config.seed)
        single = free & np.asarray(split.kind == CaseKind.SAME, bool) & (number == 0)
        tested = single | in_any(len(train), (rows for cases in drawn.values() for rows in cases))
        tested |= in_any(len(train), (side.rows for side in sides))
        tested |= in_any(len(train), (side.rows for pair in shared for side in (pair.first, pair.second)))
        fitted = fit(context, self.data, train, tested, self.external)

        def ask(questions: Questions) -> CaseSet:
            # Rounded as on disk: what another process kept gives the same calibration.
            return CaseSet.from_arrays(fitted.evidence(self.names, questions).arrays())

        found = [ask(Questions.of(labels, cases, kind)) for kind, cases in drawn.items() if cases]
        singles = ask(self._single(single, fitted.known)) if single.any() else None
        return SplitCases(
            found,
            singles,
            collect_trials(fitted, self.names, labels, sides, context.config),
            collect_shared_trials(fitted, self.names, labels, shared, context.config),
        )

    def _single(self, free: NDArray[np.bool_], known: KnownReleases) -> Questions:
        """Single responses by known labs, a few of each lab and kind of prompt."""
        labels, config = self.data.labels, self.context.config
        code = {lab: i for i, lab in enumerate(self.names.labs) if lab in known.labs}
        lab = np.array([code.get(self.context.lab_of[name], -1) for name in labels.releases], np.int64)
        rows = np.flatnonzero(free & (lab[labels.release] >= 0))
        group = self.kinds[rows] * len(self.names.labs) + lab[labels.release[rows]]
        rows = np.sort(rows[few_of_each(group, config.probing.responses, np.random.default_rng(config.seed))])
        return Questions.of(labels, list(rows[:, None]), CaseKind.SAME)


def calibration_cases(cases: CaseSet, names: ClassNames) -> CalibrationCases:
    """Return test cases of models that were trained without them as cases to calibrate on.

    A release whose lab has no other release that its model knows is of an unknown lab.

    Args:
        cases: S cases.
        names: The classes of their evidence.

    Returns:
        The cases.
    """
    new = isin(cases.kind, {CaseKind.UNSEEN, CaseKind.BOTH, CaseKind.LATER})
    return CalibrationCases(
        evidence=cases.evidence,
        covariates=cases.covariates,
        names=names,
        release=cases.release,
        known=cases.known & ~new,
        lab_known=cases.lab_known,
        kind=np.where(cases.lab_known, cases.kind, str(CaseKind.UNKNOWN)).astype(object),
        part=cases.part,
    )


def scores(cases: CalibrationCases, calibration: Calibration) -> list[dict[str, Any]]:
    """Measure the models on their cases, for each kind and number of responses.

    Args:
        cases: S cases.
        calibration: Fitted on the same cases.

    Returns:
        A row each: "held out" (the kind), "responses", "cases", "lab top-1", "lab macro", "release top-1",
        "mean P(unknown)", "attributed" and "false attributions", "likely" and "false likely" (attributions included):
        the share of the cases, and how many of these are wrong. None where no case counts.
    """
    count, names = cases.covariates.count, cases.names
    posterior = calibration.predict(cases.evidence, cases.covariates, names.lab)
    lab_right = posterior.labs().argmax(axis=1) == cases.lab
    release_right = posterior.release.argmax(axis=1) == cases.known_release
    out = []
    for kind in CaseKind:
        for n in np.unique(count):
            at = isin(cases.kind, {kind}) & (count == n)
            of_known = at & cases.lab_known
            by_lab: dict[int, list[bool]] = defaultdict(list)
            for code, right in zip(cases.lab[of_known], lab_right[of_known], strict=True):
                by_lab[int(code)].append(bool(right))
            out.append(
                {
                    "held out": str(kind),
                    "responses": int(n),
                    "cases": int(at.sum()),
                    "lab top-1": _mean(lab_right[of_known]),
                    "lab macro": _mean([np.mean(values) for values in by_lab.values()]),
                    "release top-1": _mean(release_right[at & cases.known]),
                    "mean P(unknown)": _mean(posterior.unknown[at]),
                    **_rates(calibration, str(kind), int(n)),
                }
            )
    return out


def _rates(calibration: Calibration, kind: str, size: int) -> dict[str, float | None]:
    """What the thresholds of an attribution and of `likely` do, cross-validated."""
    config = calibration.config
    found = calibration.expectations[Expect.ANY].figures[str(size)].get(kind)
    out: dict[str, float | None] = {}
    for name, rate in (("attributed", FALSE_ATTRIBUTIONS), ("likely", config.likely)):
        coverage, error = found.at(config.rates, rate) if found else (None, 0.0)
        wrong = "false attributions" if name == "attributed" else f"false {name}"
        out[name] = None if coverage is None else round(coverage, 4)
        out[wrong] = round(error, 4) if coverage else None
    return out


def _mean(values: Any) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None


def learn_information(
    singles: CaseSet | None,
    names: ClassNames,
    calibration: Calibration,
    prompts: Sequence[tuple[str, str]],
    config: Config,
) -> InformationGain:
    """Measure how much a response to each kind of prompt tells the labs apart.

    Args:
        singles: S cases of one response each, to prompts that their model was not shown; None without any.
        names: The classes of their evidence.
        calibration: Of the posterior.
        prompts: (n,) domain and language of the prompt of each row.
        config: Of the model.

    Returns:
        The information gain over the labs of `names`.
    """
    if singles is None:
        return InformationGain.measure(np.zeros((0, len(names.labs))), np.zeros(0, np.int64), [], names.labs, config)
    labs = calibration.predict(singles.evidence, singles.covariates, names.lab).labs()
    kinds = [prompts[int(row[0])] for row in singles.rows]
    return InformationGain.measure(labs, names.lab[singles.release], kinds, names.labs, config)
