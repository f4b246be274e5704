from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.evaluation.figures import figures, reliability, risk_coverage
from fingerprint.metrics import Level
from fingerprint.metrics.predictions import Predictions
from tests.metrics.made_up import prediction, random_predictions

ROWS = np.array([10, 10, 0, 15])
NAMING = {"top-1", "top-3", "macro recall", "macro F1"}
ALL = {
    "log-loss",
    "Brier",
    "ECE",
    "coverage",
    "false-attribution rate",
    "coverage with likely",
    "error rate with likely",
}
ATTRIBUTION = {
    "coverage of short lists",
    "error rate of short lists",
    "C_llr",
    "c@1",
    "selective risk at 50 % coverage",
    "verdict unknown",
    "verdict new-release",
}
SETS = {"set size", "set coverage"}
OPEN = {"AUROC", "FPR at 95 % TPR", "OSCR"}

KNOWN = prediction("a1", (True, True), [0.5, 0.1, 0.0, 0.1], [0.1, 0.1], "attributed")
UNSEEN = prediction("a2", (False, True), [0.3, 0.0, 0.0, 0.1], [0.4, 0.0], "new-release")
UNKNOWN = prediction("b1", (False, False), [0.1, 0.1, 0.0, 0.0], [0.2, 0.0], "unknown")


def together(*parts: Predictions) -> Predictions:
    return Predictions.joined(parts)


def of(some: Predictions, **more: Any) -> dict[str, dict[str, Any]]:
    """The figures by level, about cases with one number of responses."""
    return {f["level"]: f for f in figures(some, more.get("rows", ROWS), 0, 20)}


def with_verdict(some: Predictions, verdict: str) -> Predictions:
    level = "lab" if verdict in ("attributed", "new-release", "likely") else ""
    return replace(some, verdict=np.full(len(some), verdict, object), level=np.full(len(some), level, object))


def values(figure: dict[str, Any]) -> dict[str, float | None]:
    return {name: found["value"] for name, found in figure["metrics"].items()}


def test_one_known_case_by_hand() -> None:
    found = of(KNOWN)
    assert [f["responses"] for f in found.values()] == [5, 5, 5]
    assert set(found["lab"]["metrics"]) == NAMING | ALL | ATTRIBUTION | SETS
    assert set(found["family"]["metrics"]) == set(found["release"]["metrics"]) == NAMING | ALL
    lab = values(found["lab"])
    assert lab["log-loss"] == pytest.approx(-math.log(0.7))
    assert lab["C_llr"] == pytest.approx(-math.log2(0.7))
    assert lab["Brier"] == pytest.approx(0.3**2 + 0.2**2 + 0.1**2, abs=1e-6)
    assert lab["ECE"] == pytest.approx(0.3)
    assert (
        lab["top-1"],
        lab["coverage"],
        lab["false-attribution rate"],
        lab["verdict unknown"],
        lab["verdict new-release"],
    ) == (1, 1, 0, 0, 0)
    family, release = values(found["family"]), values(found["release"])
    assert family["log-loss"] == pytest.approx(-math.log(0.6))
    assert release["log-loss"] == pytest.approx(-math.log(0.5))
    assert release["Brier"] == pytest.approx(0.5**2 + 5 * 0.1**2, abs=1e-6)


def test_one_group_has_no_interval() -> None:
    for figure in of(together(KNOWN, KNOWN)).values():
        assert {(m["low"], m["high"]) for m in figure["metrics"].values()} == {(None, None)}


def test_the_true_class_of_an_unseen_release_is_the_new_release_of_its_lab() -> None:
    found = of(UNSEEN)
    assert set(found["family"]["metrics"]) == NAMING | ALL
    assert set(found["release"]["metrics"]) == ALL
    assert values(found["family"])["top-1"] == 1
    # The name is right, but the share of a family is that of its known releases.
    assert values(found["family"])["ECE"] == pytest.approx(0.3)
    for level in ("family", "release"):
        assert values(found[level])["log-loss"] == pytest.approx(-math.log(0.4))
    assert values(found["lab"])["verdict new-release"] == 1
    assert found["release"]["majority"] is None
    other_family = of(prediction("a3", (False, True), [0.3, 0.1, 0.0, 0.1], [0.3, 0.0], "attributed"))
    assert set(other_family["family"]["metrics"]) == ALL
    assert set(other_family["lab"]["metrics"]) >= NAMING


def test_a_share_too_small_for_single_precision_does_not_make_a_family_unknown() -> None:
    many = replace(UNSEEN, share=np.array([[0, 0, 0, 0.5]], np.float32), count=np.array([25]))
    one, twenty_five = (f for f in figures(together(UNSEEN, many), ROWS, 0, 2) if f["level"] == "family")
    assert one["metrics"]["top-1"]["value"] == 1
    assert twenty_five["metrics"]["top-1"]["value"] == 0


def test_a_family_that_another_fold_knew_is_not_known_to_this_one() -> None:
    elsewhere = prediction("a1", (False, True), [0.0, 0.0, 0.3, 0.1], [0.4, 0.0], "attributed")
    assert together(KNOWN, elsewhere).family_known().tolist() == [True, False]


@pytest.mark.filterwarnings("error")
def test_all_of_unknown_labs() -> None:
    found = of(together(UNKNOWN, with_verdict(UNKNOWN, "attributed")))
    assert set(found["lab"]["metrics"]) == ALL | ATTRIBUTION
    lab = values(found["lab"])
    assert lab["log-loss"] == pytest.approx(-math.log(0.6))
    assert (lab["false-attribution rate"], lab["c@1"], lab["coverage"], lab["verdict unknown"]) == (1, 0, 0.5, 0.5)
    assert lab["ECE"] == pytest.approx(0.4)
    assert found["lab"]["majority"] is None


def test_all_unknown_labs_are_one_class() -> None:
    other = prediction("a1", (False, False), [0.0, 0.0, 0.0, 0.6], [0.0, 0.1], "attributed")
    found = values(of(together(KNOWN, UNKNOWN, other))["lab"])["C_llr"]
    assert found == pytest.approx(-(math.log2(0.7) + (math.log2(0.6) + math.log2(0.3)) / 2) / 2)


def test_likely_counts_beside_attributions_alone() -> None:
    wrong = prediction("b1", (True, True), [0.5, 0.1, 0.0, 0.1], [0.1, 0.1], "likely")
    lab = values(of(together(KNOWN, wrong, with_verdict(KNOWN, "inconclusive"), UNKNOWN))["lab"])
    assert (lab["coverage"], lab["false-attribution rate"]) == (0.25, 0)
    assert (lab["coverage with likely"], lab["error rate with likely"]) == (0.5, 0.5)


def test_a_finer_level_counts_the_verdicts_that_name_it() -> None:
    family = replace(KNOWN, level=np.array([Level.FAMILY], object))
    release = replace(prediction("a2", (True, True), [0.5, 0.1, 0.0, 0.1], [0.1, 0.1], "attributed"))
    found = of(together(KNOWN, family, replace(release, level=np.array([Level.RELEASE], object))))
    assert [values(found[level])["coverage"] for level in found] == pytest.approx([1, 2 / 3, 1 / 3])
    # The release is wrong, its family and lab are right.
    assert [values(found[level])["false-attribution rate"] for level in found] == [0, 0, 1]


def test_sets_are_of_known_labs() -> None:
    wrong = prediction("b1", (True, True), [0.5, 0.1, 0.0, 0.1], [0.1, 0.1], "likely")
    lab = values(of(together(KNOWN, replace(wrong, set_size=np.array([4])), UNKNOWN))["lab"])
    assert (lab["set size"], lab["set coverage"]) == (2.5, 0.5)
    assert not SETS & set(of(UNKNOWN)["lab"]["metrics"])


def test_short_lists_are_of_all_cases_and_lack_every_unknown_lab() -> None:
    listed = replace(KNOWN, listed=np.array([True]), in_list=np.array([True]))
    lacking = replace(UNKNOWN, listed=np.array([True]))
    lab = values(of(together(listed, lacking, UNSEEN, UNSEEN))["lab"])
    assert (lab["coverage of short lists"], lab["error rate of short lists"]) == (0.5, 0.5)
    assert values(of(KNOWN)["lab"])["error rate of short lists"] is None


@pytest.mark.filterwarnings("error")
def test_nothing_attributed() -> None:
    lab = values(of(with_verdict(KNOWN, "inconclusive"))["lab"])
    assert lab["false-attribution rate"] is None
    assert (lab["coverage"], lab["c@1"]) == (0, 0)


@pytest.mark.filterwarnings("error")
def test_known_and_unknown_labs_together() -> None:
    lab = of(together(KNOWN, UNSEEN, UNKNOWN))["lab"]
    assert set(lab["metrics"]) == NAMING | ALL | ATTRIBUTION | SETS | OPEN
    found = values(lab)
    assert (found["AUROC"], found["FPR at 95 % TPR"], found["OSCR"]) == (1, 0, 1)
    assert found["top-1"] == 1
    assert found["C_llr"] == pytest.approx((-(math.log2(0.7) + math.log2(0.7)) / 2 - math.log2(0.6)) / 2)


@pytest.mark.filterwarnings("error")
def test_without_any_probability_of_a_known_name_nothing_is_first() -> None:
    silent = prediction("a1", (True, True), [0.0] * 4, [0.0] * 2, "unknown")
    found = of(silent)
    for level in ("lab", "family", "release"):
        assert (values(found[level])["top-1"], values(found[level])["top-3"]) == (0, 0)
        assert values(found[level])["macro F1"] == 0
    assert values(found["lab"])["verdict new-release"] == 0


def test_chance_and_the_majority_guess() -> None:
    b = prediction("b1", (True, True), [0.5, 0.1, 0.1, 0.1], [0.1, 0.1], "attributed")
    found = of(together(KNOWN, KNOWN, b))
    assert [found[level]["chance"] for level in ("lab", "family", "release")] == pytest.approx([1 / 2, 1 / 2, 1 / 3])
    # Lab a and family a have 20 rows, release b1 has 15.
    assert [found[level]["majority"] for level in found] == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert (found["lab"]["cases"], found["lab"]["releases"]) == (3, 2)
    assert of(KNOWN, rows=np.zeros(4))["lab"]["chance"] is None


def test_top_three_are_counted_among_known_names() -> None:
    last = prediction("b1", (True, True), [0.2, 0.1, 0.15, 0.05], [0.0, 0.0], "attributed")
    assert values(of(last)["release"])["top-3"] == 0
    # Of two with the same share, the one that is listed first is before the other.
    tied = prediction("a3", (True, True), [0.2, 0.2, 0.2, 0.2], [0.0, 0.0], "attributed")
    assert (values(of(tied)["release"])["top-1"], values(of(tied)["release"])["top-3"]) == (0, 1)
    tied = prediction("a1", (True, True), [0.2, 0.2, 0.2, 0.2], [0.0, 0.0], "attributed")
    assert values(of(tied)["release"])["top-1"] == 1
    third = prediction("a2", (True, True), [0.2, 0.1, 0.05, 0.15], [0.1, 0.1], "attributed")
    assert values(of(third)["release"])["top-3"] == 1


def test_the_unit_is_the_group_not_the_case() -> None:
    some = random_predictions(120)
    some = replace(some, count=np.full(120, 10))
    ten_times = some.of(np.repeat(np.arange(120), 10))
    once, often = (of(a, rows=np.ones(24, int)) for a in (some, ten_times))
    for level in once:
        for name, found in once[level]["metrics"].items():
            if found["value"] is None:
                assert often[level]["metrics"][name] == found, name
            else:
                assert often[level]["metrics"][name] == pytest.approx(found, rel=1e-6), name
    split = replace(some, names=replace(some.names, group=np.arange(24)))
    assert of(split, rows=np.ones(24, int))["lab"]["metrics"]["top-1"] != once["lab"]["metrics"]["top-1"]


def test_a_group_of_many_cases_moves_the_interval_as_a_whole() -> None:
    """Two groups, one right and one wrong, each of fifty cases: a resample holds either or both."""
    wrong = prediction("b1", (True, True), [0.5, 0.1, 0.0, 0.1], [0.1, 0.1], "attributed")
    found = of(together(*[KNOWN] * 50, *[wrong] * 50))["lab"]["metrics"]["top-1"]
    assert found == {"value": 0.5, "low": 0.0, "high": 1.0}


def test_the_same_seed_gives_the_same_figures() -> None:
    some, rows = random_predictions(), np.ones(24, int)
    one = figures(some, rows, 1, 50)
    assert json.dumps(one, allow_nan=False) == json.dumps(figures(some, rows, 1, 50), allow_nan=False)
    other = figures(some, rows, 2, 50)
    for before, after in zip(one, other, strict=True):
        assert values(before) == values(after)
        assert before["metrics"] != after["metrics"]
    alone = figures(some.of(some.count == 10), rows, 1, 50)
    assert [f["metrics"]["ECE"] for f in alone] == [pytest.approx(f["metrics"]["ECE"], rel=1e-5) for f in one[3:]]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(2, 5), st.floats(0, 8))
@pytest.mark.filterwarnings("error")
def test_figures_hold_what_is_true_of_any_predictions(seed: int, cases: int, labs: int, confidence: float) -> None:
    some = random_predictions(cases, labs * 4, labs, seed, confidence)
    for figure in figures(some, np.ones(labs * 4, int), seed, 10):
        found = {name: value for name, value in values(figure).items() if value is not None}
        for name, value in found.items():
            assert 0 <= value <= {"log-loss": 28, "C_llr": 40, "Brier": 2.00001, "set size": labs}.get(name, 1.00001)
        if "top-1" in found:
            assert found["top-1"] <= found["top-3"]
        if "OSCR" in found:
            assert found["OSCR"] <= found["top-1"] + 1e-9
        for m in figure["metrics"].values():
            assert m["low"] is None or m["low"] <= m["high"]


def test_reliability_by_hand() -> None:
    found = reliability(together(KNOWN, UNSEEN, UNKNOWN))
    assert [(b["low"], b["high"]) for b in found] == [(i / 10, (i + 1) / 10) for i in range(10)]
    assert sum(b["cases"] for b in found) == 3
    filled = {i: b for i, b in enumerate(found) if b["cases"]}
    assert sum(b["right"] * b["cases"] for b in filled.values()) == 2
    assert filled[4]["right"] == 0
    assert filled[4]["probability"] == pytest.approx(0.4)
    assert found[0]["probability"] is found[0]["right"] is None
    assert sum(b["right"] or 0 for b in reliability(UNSEEN, Level.RELEASE)) == 0


def test_risk_and_coverage_by_hand() -> None:
    wrong = prediction("b1", (True, True), [0.8, 0.0, 0.0, 0.0], [0.0, 0.1], "attributed")
    found = {round(c["threshold"], 2): c for c in risk_coverage(together(KNOWN, wrong, UNKNOWN))}
    assert len(found) == 51
    assert (found[0.0]["coverage"], found[0.0]["false-attribution rate"]) == (1, pytest.approx(2 / 3))
    assert (found[0.42]["coverage"], found[0.42]["false-attribution rate"]) == (pytest.approx(2 / 3), 0.5)
    assert (found[0.8]["coverage"], found[0.8]["false-attribution rate"]) == (pytest.approx(1 / 3), 1)
    exact = prediction("a1", (True, True), [0.7, 0.0, 0.0, 0.0], [0.0, 0.0], "attributed")
    assert [c["coverage"] for c in risk_coverage(exact) if c["threshold"] <= 0.7001] == [1] * 36
    assert (found[0.82]["coverage"], found[0.82]["false-attribution rate"]) == (0, None)


@pytest.mark.filterwarnings("error")
def test_no_cases() -> None:
    none = KNOWN.of(np.zeros(1, bool))
    assert figures(none, ROWS, 0) == []
    assert {b["cases"] for b in reliability(none)} == {0}
    assert {(c["coverage"], c["false-attribution rate"]) for c in risk_coverage(none)} == {(None, None)}
