"""Draws held-out trials of claims: a case, a claim about it, and whether the claim is true.

A claim of an impostor trial is false. Its kind says who wrote the case in place of the claimed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.metrics import Level
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import CalibrationCases
from fingerprint.model.claims import TARGET, Claims, Impostor, claim_columns
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import Posterior, posterior


@dataclass(frozen=True)
class ClaimTrials:
    """T trials of one level.

    Attributes:
        case: (T,) the case of each.
        kind: (T,) "target" or an impostor kind.
        columns: (T, 44), as `claim_columns`.
    """

    case: Ints
    kind: NDArray[np.object_]
    columns: Floats

    def of(self, at: NDArray[np.bool_]) -> ClaimTrials:
        """Return some of the trials."""
        return ClaimTrials(self.case[at], self.kind[at], self.columns[at])


def draw_trials(
    cases: CalibrationCases,
    known: NDArray[np.bool_],
    calibration: Calibration,
    seed: int,
    levels: Sequence[Level],
) -> dict[Level, ClaimTrials]:
    """Draw one trial of each case and kind that there is a claim for.

    Args:
        cases: S held-out cases.
        known: (S, R) the releases that the model of each case knows.
        calibration: Of the posterior, which is read before recalibration.
        seed: Draws the claims.
        levels: What the claims name.

    Returns:
        The trials of each level.
    """
    covariates = cases.covariates.columns(cases.evidence, calibration.config)
    found = posterior(calibration.values(), cases.evidence, covariates, cases.names.lab)
    claimable = _claimable(cases, known, found)
    out = {}
    for level in levels:
        rng = np.random.default_rng(seed)
        case, kind, columns = [], [], []
        for name, choices in claimable[level].items():
            at = np.flatnonzero(choices.any(axis=1))
            if not len(at):
                continue
            # The largest of random numbers: one of the choices, each with the same chance.
            one = np.where(choices[at], rng.random((len(at), known.shape[1])), -1.0).argmax(axis=1)
            claims = Claims(level, _members(level, one, cases, known[at]), cases.names.lab[one])
            case.append(at)
            kind.append(np.full(len(at), str(name), object))
            columns.append(claim_columns(claims, found.of(at), cases.evidence.of(at), covariates[at]))
        out[level] = ClaimTrials(np.concatenate(case), np.concatenate(kind), np.concatenate(columns))
    return out


def _claimable(
    cases: CalibrationCases, known: NDArray[np.bool_], found: Posterior
) -> dict[Level, dict[str, NDArray[np.bool_]]]:
    """By level and kind of trial (S, R) the releases by which a claim about each case may be named."""
    names, truth = cases.names, cases.release
    same_lab = (names.lab == names.lab[truth][:, None]) & known
    same_family = (names.family == names.family[truth][:, None]) & known
    variant = (names.group == names.group[truth][:, None]) & known
    true = known & (np.arange(known.shape[1]) == truth[:, None])
    elsewhere, named = known & ~same_lab, cases.lab_known[:, None]
    first = np.where(elsewhere, found.release, -1.0).argmax(axis=1)
    other_labs: dict[str, NDArray[np.bool_]] = {
        Impostor.CLOSEST: elsewhere & named & (np.arange(known.shape[1]) == first[:, None]),
        Impostor.OTHER_LAB: elsewhere & named,
        Impostor.UNKNOWN_LAB: elsewhere & ~named,
    }
    return {
        Level.RELEASE: {
            TARGET: true & cases.known[:, None],
            Impostor.VARIANT: variant & ~true,
            Impostor.SIBLING: same_family & ~variant,
            Impostor.SAME_LAB: same_lab & ~same_family & ~variant,
            **other_labs,
        },
        # A new release is of the family that it was given in the registry.
        Level.FAMILY: {
            TARGET: same_family,
            Impostor.SAME_LAB: same_lab & ~same_family & ~variant,
            **other_labs,
        },
        Level.LAB: {TARGET: same_lab, **other_labs},
    }


def _members(level: Level, one: Ints, cases: CalibrationCases, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(trials, R) what a claim covers that names the release `one` (trials,), its family or its lab."""
    names = cases.names
    code = {Level.RELEASE: np.arange(len(names.releases)), Level.FAMILY: names.family, Level.LAB: names.lab}[level]
    return np.asarray((code == code[one][:, None]) & known)
