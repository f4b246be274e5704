"""From the evidence of a fold to calibrated answers, by a calibration that other folds' suspects were fitted with.

The calibration is fitted on suspects that their own classifier never saw (nested cross-validation: Varma & Simon
2006), and on none of the releases, labs or prompts that the fold leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingerprint.config import CalibrationConfig, MixtureConfig
from fingerprint.errors import FingerprintError
from fingerprint.evaluation.fits import CaseSet
from fingerprint.evaluation.folds import OTHER, SAME, UNKNOWN, UNSEEN, Fold
from fingerprint.evaluation.predictions import Names, Predictions
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import CalibrationCases, calibrate
from fingerprint.model.decision import verdict_words
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS, VERDICTS
from fingerprint.training.calibration_cases import weighted_cases

# The fields of MixtureConfig.
KINDS = {SAME: "same", OTHER: "other", UNSEEN: "unseen", UNKNOWN: "unknown"}
_FEWEST = 50


class TooFew(FingerprintError):
    """Too few suspects to calibrate on."""


@dataclass(frozen=True)
class Judge:
    """Judges the folds, each by a calibration from all others; called with a fold's number, in whatever process.

    extra: what else the first fold's model was asked. most: suspects of a protocol and number of responses that a
    calibration is fitted on.
    """

    asked: list[CaseSet]
    folds: list[Fold]
    extra: CaseSet
    names: Names
    most: int
    seed: int

    def __call__(self, fold: int) -> dict[str, np.ndarray]:
        """The arrays of the answers; the extra question's after "extra."."""
        calibration = self._calibration(fold)
        out = judged(self.asked[fold], calibration, self.names).arrays()
        if fold == 0:
            extra = judged(self.extra, calibration, self.names).arrays()
            out |= {f"extra.{name}": held for name, held in extra.items()}
        return out

    def _calibration(self, fold: int) -> Calibration:
        """From the others' suspects, without those of the releases, labs and prompts that the fold leaves out."""
        own = self.folds[fold]
        parts = []
        for i, (some, other) in enumerate(zip(self.asked, self.folds, strict=True)):
            if i != fold:
                gone = np.isin(np.array(self.names.releases)[some.release], sorted(own.groups))
                same_prompts = (some.kind == SAME) & (other.prompts == own.prompts)
                parts.append(some.of(~gone & ~same_prompts))
        return calibration_of(CaseSet.joined(parts), self.names, self.most, self.seed)


def calibration_of(asked: CaseSet, names: Names, most: int, seed: int) -> Calibration:
    """Fitted on at most `most` suspects a protocol and number of responses."""
    rng = np.random.default_rng(seed)
    keep: list[int] = []
    for kind in KINDS:
        for n in np.unique(asked.covariates.count):
            at = np.flatnonzero((asked.kind == kind) & (asked.covariates.count == n))
            keep += rng.permutation(at)[:most].tolist()
    some = asked.of(np.sort(np.array(keep, np.int64)))
    if len(keep) < _FEWEST or len(np.unique(some.release)) < 2:
        raise TooFew(f"{len(keep)} suspects are left to calibrate on, fewer than {_FEWEST}: give more corpora")
    return calibrate(_suspects(some, names), names.lab, CalibrationConfig())


def _suspects(asked: CaseSet, names: Names) -> CalibrationCases:
    lab = np.where(asked.lab_known, names.lab[asked.release], -1)
    release = np.where(asked.known & (asked.kind != UNSEEN), asked.release, -1)
    kind = np.array([KINDS[k] for k in asked.kind], object)
    # A release left out that was its lab's only one leaves an unknown lab.
    kind[(lab < 0) & (kind == "unseen")] = "unknown"
    return weighted_cases(asked.evidence, asked.covariates, lab, release, kind.tolist(), MixtureConfig())


def judged(asked: CaseSet, calibration: Calibration, names: Names) -> Predictions:
    """The answers to all suspects; the word is what `decide` says at the usual rate of false claims."""
    found = calibration.predict(asked.evidence, asked.covariates, names.lab)
    said = verdict_words(found, asked.evidence, asked.covariates, calibration, FALSE_ATTRIBUTIONS)
    word = np.array([VERDICTS.index(one) for one in said], np.int64)
    return Predictions(
        names,
        asked.release,
        asked.covariates.count,
        asked.known,
        asked.lab_known,
        found.release.astype(np.float32),
        found.new.astype(np.float32),
        found.unknown.astype(np.float32),
        word,
        asked.part,
    )
