from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from fingerprint.model.calibration_fit import CalibrationCases, calibrate
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import words
from fingerprint.model.likelihood import Evidence

LAB = np.array([0, 0, 1, 1])


def cases(at_home: int, abroad: int, seed: int) -> CalibrationCases:
    """Of four releases in two labs: at home the evidence is right, abroad it is as sure of the other lab."""
    rng = np.random.default_rng(seed)
    home = np.arange(at_home + abroad) < at_home
    release = rng.integers(len(LAB), size=len(home))
    said = np.where(home, release, (release + 2) % len(LAB))
    known = rng.normal(-60, 1, (len(home), len(LAB)))
    known[np.arange(len(home)), said] += 12
    new = np.column_stack([known[:, :2].max(axis=1), known[:, 2:].max(axis=1)]) - 5
    ground = np.where(home, rng.uniform(0.2, 0.8, len(home)), rng.uniform(0.9, 2, len(home)))
    evidence = Evidence(known, new, np.full(len(home), -70.0), ground, np.full(len(home), 5.0),
                        log_softmax(known, axis=1), log_softmax(new, axis=1))  # fmt: skip
    around = Covariates.unread(np.where(np.arange(len(home)) % 2, 5, 10))
    share = np.where(home, 1.0, 0.1)
    return CalibrationCases(evidence, around, LAB[release], release, home, share, share)


def test_off_the_ground_of_known_prompts_nothing_is_claimed_however_sure_the_evidence() -> None:
    fitted = cases(400, 100, 0)
    found = calibrate(fitted, LAB)
    assert sorted(found.domain_limits) == ["10", "5"]
    assert all(0.7 < limit < 0.8 for limit in found.domain_limits.values())
    assert found.out_of_domain_accuracy < 0.2

    others = cases(200, 200, 1)
    judged = found.predict(others.evidence, others.covariates, LAB)
    said = words(judged, others.evidence, others.covariates, found, 0.05)
    assert (said[others.home] == "attributed").mean() > 0.9
    assert (said[~others.home] == "inconclusive").all()
    assert judged.labs()[~others.home].max() < 0.7 < judged.labs()[others.home].max(axis=1).min()


def test_where_all_are_at_home_nothing_holds_a_lab_back() -> None:
    found = calibrate(cases(400, 0, 0), LAB)
    beyond = cases(0, 50, 1)
    assert found.out_of_domain_accuracy == pytest.approx(1, abs=0.01)
    assert found.predict(beyond.evidence, beyond.covariates, LAB).labs().max(axis=1).min() > 0.9
