from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from fingerprint.config import CalibrationConfig
from fingerprint.model.calibration_fit import CalibrationCases, calibrate
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import verdict_words
from fingerprint.model.likelihood import Evidence

LAB = np.array([0, 0, 1, 1])


def cases(in_domain: int, out_of_domain: int, seed: int) -> CalibrationCases:
    """Four releases in two labs. In-domain the evidence is right; out-of-domain it says the other lab as strongly."""
    rng = np.random.default_rng(seed)
    inside = np.arange(in_domain + out_of_domain) < in_domain
    size = len(inside)
    release = rng.integers(len(LAB), size=size)
    favoured = np.where(inside, release, (release + 2) % len(LAB))
    known = rng.normal(-60, 1, (size, len(LAB)))
    known[np.arange(size), favoured] += 12
    new = np.column_stack([known[:, :2].max(axis=1), known[:, 2:].max(axis=1)]) - 5
    evidence = Evidence(
        known=known,
        new=new,
        unknown=np.full(size, -70.0),
        domain_distance=np.where(inside, rng.uniform(0.2, 0.8, size), rng.uniform(0.9, 2, size)),
        in_domain_llr=np.full(size, 5.0),
        release_score=log_softmax(known, axis=1),
        lab_score=log_softmax(new, axis=1),
    )
    covariates = Covariates.unread(np.where(np.arange(size) % 2, 5, 10))
    share = np.where(inside, 1.0, 0.1)
    return CalibrationCases(evidence, covariates, LAB[release], release, inside, share, share)


def test_out_of_domain_nothing_is_attributed_however_strong_the_evidence() -> None:
    fitted = cases(400, 100, 0)
    found = calibrate(fitted, LAB, CalibrationConfig())
    assert sorted(found.domain_limits) == ["10", "5"]
    assert all(0.7 < limit < 0.8 for limit in found.domain_limits.values())
    assert found.out_of_domain_accuracy < 0.2

    others = cases(200, 200, 1)
    predicted = found.predict(others.evidence, others.covariates, LAB)
    words = np.array(verdict_words(predicted, others.evidence, others.covariates, found, 0.05), object)
    assert (words[others.in_domain] == "attributed").mean() > 0.9
    assert (words[~others.in_domain] == "inconclusive").all()
    assert predicted.labs()[~others.in_domain].max() < 0.7 < predicted.labs()[others.in_domain].max(axis=1).min()


def test_where_all_are_in_domain_nothing_holds_a_lab_back() -> None:
    found = calibrate(cases(400, 0, 0), LAB, CalibrationConfig())
    beyond = cases(0, 50, 1)
    assert found.out_of_domain_accuracy == pytest.approx(1, abs=0.01)
    assert found.predict(beyond.evidence, beyond.covariates, LAB).labs().max(axis=1).min() > 0.9
