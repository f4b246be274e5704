from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fingerprint.errors import ModelError
from fingerprint.model.calibration import NEVER, Calibration, Expect, Limits, nearest
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence
from fingerprint.model.posterior import PARAMETERS, START
from tests.model.calibrated import CONFIG, LABS, calibration, candidate_limits, expectation, limits

LAB = np.array([0, 1, 2])


def evidence(first: int) -> Evidence:
    """One case that says as much for one lab as another case for another one."""
    row = np.where(np.arange(3) == first, 0.0, -2.0)[None]
    return Evidence(row, row, np.full(1, -2.0), np.ones(1), np.zeros(1), row, row, row)


def test_a_limit_is_that_of_the_largest_rate_that_is_not_above() -> None:
    some = Limits((0.01, 0.05), {"3": [0.9, 0.8], "10": [0.7, 0.6]})
    assert [some.limit(n, 0.05) for n in (1, 3, 9, 10, 99)] == [0.8, 0.8, 0.8, 0.6, 0.6]
    assert [some.limit(3, rate) for rate in (0.01, 0.049, 0.5)] == [0.9, 0.9, 0.8]
    assert some.limit(3, 0.009) == NEVER
    assert Limits((0.05,), {}).limit(3, 0.05) == NEVER


def test_the_nearest_number_of_responses_is_the_largest_that_is_not_above() -> None:
    assert [nearest(("10", "3", "25"), n) for n in (1, 3, 9, 10, 24, 99)] == ["3", "3", "3", "10", "10", "25"]


def test_limits_of_distances_and_of_two_sources_are_by_responses() -> None:
    one = calibration()
    assert [one.nearest(n) for n in (1, 9, 10, 99)] == ["3", "3", "10", "10"]
    assert [one.domain_limit(n) for n in (1, 9, 10, 99)] == [2.0, 2.0, 1.0, 1.0]
    assert [one.far_limit(n) for n in (1, 9, 10, 99)] == [4.0, 4.0, 3.0, 3.0]
    assert [one.two_source_limit(n) for n in (1, 9, 10, 99)] == [np.inf, np.inf, 1.5, 1.5]
    assert replace(one, far_limits={}).far_limit(10) == np.inf


def test_set_limits_are_by_responses_and_domain_distance() -> None:
    one = expectation(distances={"1": [1.0, 2.0], "5": [0.5, 0.6]}, sets={"1": [0.3, 0.2, 0.1], "5": [0.6, 0.5, 0.4]})
    assert [one.set_limit(4, d) for d in (0.0, 1.0, 1.5, 9.0)] == [0.3, 0.3, 0.2, 0.1]
    assert [one.set_limit(5, d) for d in (0.0, 0.55, 9.0)] == [0.6, 0.5, 0.4]


def test_what_is_written_is_read_again() -> None:
    one = calibration()
    again = Calibration.from_dict(json.loads(json.dumps(one.to_dict())), LABS, CONFIG)
    assert again == one
    broken = one.to_dict()
    del broken["expectations"]["new"]["sets"]
    with pytest.raises(KeyError):
        Calibration.from_dict(broken, LABS, CONFIG)


def test_each_expectation_has_thresholds_and_weights_of_its_own() -> None:
    other = expectation(thresholds=dict.fromkeys(("lab", "family", "release"), limits(0.7, 0.5, 0.3)), confidence={})
    one = replace(calibration(), expectations={**calibration().expectations, "known": other})
    assert [one.threshold(5, 0.05, expect) for expect in Expect] == [0.9, 0.9, 0.5]
    assert [one.threshold(5, 0.05, level=level) for level in ("lab", "family", "release")] == [0.9, 0.8, NEVER]
    covariates = Covariates.unread(np.array([5]))
    confidence = {expect: one.predict(evidence(0), covariates, LAB, expect).labs().max() for expect in Expect}
    assert confidence[Expect.ANY] == confidence[Expect.NEW] != confidence[Expect.KNOWN]


def test_the_term_of_a_lab_goes_with_its_name_whatever_its_code() -> None:
    one, covariates = replace(calibration(), parameters=dict(zip(PARAMETERS, START.tolist(), strict=True))), [5]

    def confidences(of: Calibration) -> dict[str, float]:
        found = {
            name: of.predict(evidence(i), Covariates.unread(np.array(covariates)), LAB)
            for i, name in enumerate(of.labs)
        }
        assert all(of.labs[int(post.labs().argmax())] == name for name, post in found.items())
        return {name: float(post.labs().max()) for name, post in found.items()}

    before = confidences(one)
    assert before["birch"] < before["ash"] - 0.2
    assert before["cedar"] == pytest.approx(before["ash"])
    after = confidences(one.for_labs(["birch", "oak", "ash"]))
    assert after == pytest.approx({"birch": before["birch"], "oak": before["cedar"], "ash": before["ash"]})


def test_candidates_have_the_limits_of_the_largest_number_that_is_not_above() -> None:
    five = replace(candidate_limits(), unknown=limits(0.5))
    one = replace(calibration(), expectations={"any": expectation(candidates={"2": candidate_limits(), "5": five})})
    assert [one.limits(Expect.ANY, k) is five for k in (2, 4, 5, 50)] == [False, False, True, True]
    assert one.limits(Expect.ANY, None) is one.expectations["any"]


def test_a_model_without_thresholds_for_candidates_refuses_only_these() -> None:
    written = calibration().to_dict()
    for of in written["expectations"].values():
        del of["candidates"]
    old = Calibration.from_dict(written, LABS, CONFIG)
    assert old.limits(Expect.ANY, None).thresholds["lab"].limit(5, 0.05) == 0.9
    with pytest.raises(ModelError, match="no thresholds for candidates; train it anew"):
        old.limits(Expect.ANY, 2)
