"""Calibrations and held-out cases that are made up."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax

from fingerprint.config import CalibrationConfig
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.calibration import NEVER, Calibration, DecisionLimits, Expect, Expectation, KindFigures, Limits
from fingerprint.model.calibration_fit import CalibrationCases
from fingerprint.model.confidence import CALIBRATION_FEATURES, FIRST, LAB, NEW, UNKNOWN_LAB
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.posterior import PARAMETERS

CONFIG = CalibrationConfig(rates=(0.01, 0.05, 0.25))
LABS = ["ash", "birch", "cedar"]
KINDS = ("same", "other", "unseen", "both", "later", "unknown")


def limits(*of_rates: float) -> Limits:
    """The same for every number of responses from 1 on; without values, no threshold."""
    return Limits(CONFIG.rates, {"1": list(of_rates or (NEVER,) * 3)})


def candidate_limits() -> DecisionLimits:
    """Among candidates: attributions from 0.95 on at 5 %, `likely` from 0.8 on; "none of these" from 0.97 on."""
    return DecisionLimits(
        thresholds={"lab": limits(NEVER, 0.95, 0.8), "family": limits(NEVER, 0.8, 0.5), "release": limits()},
        new=limits(0.9, 0.7, 0.4),
        known=limits(0.95, 0.8, 0.5),
        unknown=limits(0.97, 0.9, 0.8),
        distances={"1": [1.0]},
        sets={"1": [0.3, 0.2]},
        figures={
            "1": {
                "same": KindFigures(40, 0.1, [0.0, 0.5, 0.75], [0.0, 0.05, 0.1]),
                "outside:same": KindFigures(40, 1.0, [0.0, 0.03, 0.2], [0.0, 1.0, 1.0]),
            }
        },
    )


def expectation(**changes: object) -> Expectation:
    """Attributions from 0.9 on at 5 %, `likely` from 0.6 on; the set takes labs from 0.1 on, far away from 0.02 on."""
    zero = {**dict.fromkeys(CALIBRATION_FEATURES, 0.0), "bias": 0.25}
    parts: dict[str, object] = {
        "confidence": {FIRST: {**zero, f"{LAB}birch": -1.5}, UNKNOWN_LAB: {**zero, "bias": -1.0}, NEW: zero},
        "thresholds": {"lab": limits(NEVER, 0.9, 0.6), "family": limits(NEVER, 0.8, 0.5), "release": limits()},
        "shortlist": limits(),
        "new": limits(0.9, 0.7, 0.4),
        "known": limits(0.95, 0.8, 0.5),
        "unknown": limits(0.5, 0.4, 0.3),
        "distances": {"1": [1.0]},
        "sets": {"1": [0.1, 0.02]},
        "figures": {"1": {"same": KindFigures(40, 0.1, [0.0, 0.5, 0.75], [0.0, 0.05, 0.1])}},
        "candidates": {"2": candidate_limits()},
    }
    return Expectation(**{**parts, **changes})  # type: ignore[arg-type]


def calibration(**changes: object) -> Calibration:
    """A calibration whose expectations are alike."""
    parts: dict[str, object] = {
        "parameters": dict.fromkeys(PARAMETERS, 0.5),
        "expectations": dict.fromkeys(map(str, Expect), expectation()),
        "domain_limits": {"3": 2.0, "10": 1.0},
        "far_limits": {"3": 4.0, "10": 3.0},
        "two_source_limits": {"10": 1.5},
        "labs": LABS,
        "config": CONFIG,
    }
    return Calibration(**{**parts, **changes})  # type: ignore[arg-type]


# What held-out cases are drawn from: five labs of three releases; "dusk" is first for some of what "elm" newly wrote.
NAMES = ClassNames(
    ["ash", "birch", "cedar", "dusk", "elm"],
    [f"{lab}-family" for lab in ("ash", "birch", "cedar", "dusk", "elm")],
    [f"{lab}-{n}" for lab in ("ash", "birch", "cedar", "dusk", "elm") for n in (1, 2, 3)],
    np.repeat(np.arange(5), 3),
    np.repeat(np.arange(5), 3),
    np.arange(15),
)
_COPIED, _COPIER = 3, 4
# How loudly the style of the lab speaks, and that of the release or of its being new, in nats.
_LOUD = {"same": (9, 9), "other": (4, 4), "unseen": (7, 5), "both": (3, 3), "later": (6, 5), "unknown": (0, 5)}
_FAR = {"other": 1.5, "both": 1.5}


def cases(each: int, seed: int, kinds: tuple[str, ...] = KINDS) -> CalibrationCases:
    """`each` held-out cases of each kind, half with 5 and half with 10 responses."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.array(kinds, object), each)
    size, rows = len(kind), np.arange(len(kind))
    release = rng.integers(15, size=size)
    lab = NAMES.lab[release]
    loud, own = np.array([_LOUD[one] for one in kind], float).T
    is_known, is_unknown = np.isin(kind.astype(str), ["same", "other"]), kind.astype(str) == "unknown"
    styled = np.where((lab == _COPIER) & ~is_known & (rng.random(size) < 0.6), _COPIED, lab)
    style = rng.normal(0, 1.5, (size, 5))
    style[rows, styled] += loud
    known = style[:, NAMES.lab] + rng.normal(0, 1.5, (size, 15))
    known[rows, release] += np.where(is_known, own, 0)
    new = style - 2
    new[rows, styled] += np.where(is_known | is_unknown, 0, own)
    unknown = rng.normal(0, 1, size) + np.where(is_unknown, own, 0)
    # What the model of the case does not know has next to no likelihood.
    known[rows[~is_known], release[~is_known]] = -1e4
    for at in rows[is_unknown]:
        known[at, NAMES.lab == lab[at]], new[at, lab[at]] = -1e4, -1e4
    evidence = Evidence(
        known=known,
        new=new,
        unknown=unknown,
        domain_distance=rng.uniform(0.3, 1.2, size) * np.array([_FAR.get(one, 1.0) for one in kind]),
        in_domain_llr=rng.normal(1, 2, size),
        release_score=log_softmax(known, axis=1),
        lab_score=log_softmax(new, axis=1),
        votes=log_softmax(new / 2, axis=1),
    )
    covariates = Covariates.unread(np.where(rows % 2, 5, 10))
    part = np.array([f"corpus {i}" for i in rng.integers(8, size=size)], object)
    return CalibrationCases(evidence, covariates, NAMES, release, is_known, ~is_unknown, kind, part)
