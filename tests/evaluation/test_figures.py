from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.evaluation.curves import claim_curve, reliability
from fingerprint.evaluation.figures import figures
from fingerprint.evaluation.predictions import Predictions
from fingerprint.model.verdict import VERDICTS
from tests.evaluation.made import answer, answers

ROWS = np.array([10, 10, 0, 15])
NAMING = {"top-1", "top-3", "macro recall", "macro F1"}
ALL = {"log-loss", "Brier", "ECE"}
ATTRIBUTIONS = {"C_llr", "c@1", "coverage", "false claims", "false of the surest half", "said unknown", "said new"}
OPEN = {"AUROC of unknown", "FPR at 95 % TPR of unknown", "OSCR"}

KNOWN = answer("a1", True, True, [0.5, 0.1, 0.0, 0.1], [0.1, 0.1], "attributed")
UNSEEN = answer("a2", False, True, [0.3, 0.0, 0.0, 0.1], [0.4, 0.0], "new-release")
UNKNOWN = answer("b1", False, False, [0.1, 0.1, 0.0, 0.0], [0.2, 0.0], "unknown")


def together(*parts: Predictions) -> Predictions:
    return Predictions.joined(parts)


def of(some: Predictions, **more: Any) -> dict[str, dict[str, Any]]:
    """The figures by level, of suspects with one number of responses."""
    return {f["level"]: f for f in figures(some, "same-set", "all", more.get("rows", ROWS), 0, 20)}


def said(some: Predictions, word: str) -> Predictions:
    return replace(some, word=np.full(len(some.word), VERDICTS.index(word)))


def values(figure: dict[str, Any]) -> dict[str, float | None]:
    return {name: found["value"] for name, found in figure["metrics"].items()}


def test_one_known_suspect_by_hand() -> None:
    found = of(KNOWN)
    assert [f["responses"] for f in found.values()] == [5, 5, 5]
    assert set(found["lab"]["metrics"]) == NAMING | ALL | ATTRIBUTIONS
    assert set(found["family"]["metrics"]) == set(found["release"]["metrics"]) == NAMING | ALL
    lab = values(found["lab"])
    assert lab["log-loss"] == pytest.approx(-math.log(0.7))
    assert lab["C_llr"] == pytest.approx(-math.log2(0.7))
    assert lab["Brier"] == pytest.approx(0.3**2 + 0.2**2 + 0.1**2, abs=1e-6)
    assert lab["ECE"] == pytest.approx(0.3)
    assert (lab["top-1"], lab["coverage"], lab["false claims"], lab["said unknown"], lab["said new"]) == (1, 1, 0, 0, 0)
    family, release = values(found["family"]), values(found["release"])
    assert family["log-loss"] == pytest.approx(-math.log(0.6))
    assert release["log-loss"] == pytest.approx(-math.log(0.5))
    assert release["Brier"] == pytest.approx(0.5**2 + 5 * 0.1**2, abs=1e-6)


def test_one_group_has_no_interval() -> None:
    for figure in of(together(KNOWN, KNOWN)).values():
        assert {(m["low"], m["high"]) for m in figure["metrics"].values()} == {(None, None)}


def test_an_unseen_release_is_asked_for_its_family_and_told_as_new() -> None:
    found = of(UNSEEN)
    assert set(found["family"]["metrics"]) == NAMING | ALL
    assert set(found["release"]["metrics"]) == ALL
    assert values(found["family"])["top-1"] == 1
    # The name is right, but the share of a family is that of its known releases.
    assert values(found["family"])["ECE"] == pytest.approx(0.3)
    for level in ("family", "release"):
        assert values(found[level])["log-loss"] == pytest.approx(-math.log(0.4))
    assert values(found["lab"])["said new"] == 1
    assert found["release"]["majority"] is None
    other_family = of(answer("a3", False, True, [0.3, 0.1, 0.0, 0.1], [0.3, 0.0], "attributed"))
    assert set(other_family["family"]["metrics"]) == ALL
    assert set(other_family["lab"]["metrics"]) >= NAMING


def test_a_share_too_small_for_single_precision_does_not_make_a_family_unknown() -> None:
    many = replace(UNSEEN, share=np.array([[0, 0, 0, 0.5]], np.float32), count=np.array([25]))
    one, twenty_five = (f for f in figures(together(UNSEEN, many), "p", "all", ROWS, 0, 2) if f["level"] == "family")
    assert one["metrics"]["top-1"]["value"] == 1
    assert twenty_five["metrics"]["top-1"]["value"] == 0


def test_a_family_that_another_fold_knew_is_not_known_to_this_one() -> None:
    elsewhere = answer("a1", False, True, [0.0, 0.0, 0.3, 0.1], [0.4, 0.0], "attributed")
    assert together(KNOWN, elsewhere).family_known().tolist() == [True, False]


@pytest.mark.filterwarnings("error")
def test_all_of_unknown_labs() -> None:
    found = of(together(UNKNOWN, said(UNKNOWN, "attributed")))
    assert set(found["lab"]["metrics"]) == ALL | ATTRIBUTIONS
    lab = values(found["lab"])
    assert lab["log-loss"] == pytest.approx(-math.log(0.6))
    assert (lab["false claims"], lab["c@1"], lab["coverage"], lab["said unknown"]) == (1, 0, 0.5, 0.5)
    assert lab["ECE"] == pytest.approx(0.4)
    assert found["lab"]["majority"] is None


def test_all_unknown_labs_are_one_class() -> None:
    other = answer("a1", False, False, [0.0, 0.0, 0.0, 0.6], [0.0, 0.1], "attributed")
    found = values(of(together(KNOWN, UNKNOWN, other))["lab"])["C_llr"]
    assert found == pytest.approx(-(math.log2(0.7) + (math.log2(0.6) + math.log2(0.3)) / 2) / 2)


@pytest.mark.filterwarnings("error")
def test_nothing_claimed() -> None:
    lab = values(of(said(KNOWN, "inconclusive"))["lab"])
    assert lab["false claims"] is None
    assert (lab["coverage"], lab["c@1"]) == (0, 0)


@pytest.mark.filterwarnings("error")
def test_known_and_unknown_labs_together() -> None:
    lab = of(together(KNOWN, UNSEEN, UNKNOWN))["lab"]
    assert set(lab["metrics"]) == NAMING | ALL | ATTRIBUTIONS | OPEN
    found = values(lab)
    assert (found["AUROC of unknown"], found["FPR at 95 % TPR of unknown"], found["OSCR"]) == (1, 0, 1)
    assert found["top-1"] == 1
    assert found["C_llr"] == pytest.approx((-(math.log2(0.7) + math.log2(0.7)) / 2 - math.log2(0.6)) / 2)


@pytest.mark.filterwarnings("error")
def test_nothing_known_at_all_names_nothing() -> None:
    silent = answer("a1", True, True, [0.0] * 4, [0.0] * 2, "unknown")
    found = of(silent)
    for level in ("lab", "family", "release"):
        assert (values(found[level])["top-1"], values(found[level])["top-3"]) == (0, 0)
        assert values(found[level])["macro F1"] == 0
    assert values(found["lab"])["said new"] == 0


def test_chance_and_the_majority_guess() -> None:
    b = answer("b1", True, True, [0.5, 0.1, 0.1, 0.1], [0.1, 0.1], "attributed")
    found = of(together(KNOWN, KNOWN, b))
    assert [found[level]["chance"] for level in ("lab", "family", "release")] == pytest.approx([1 / 2, 1 / 2, 1 / 3])
    # Lab a and family a have 20 rows, release b1 has 15.
    assert [found[level]["majority"] for level in found] == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert (found["lab"]["suspects"], found["lab"]["releases"]) == (3, 2)
    assert of(KNOWN, rows=np.zeros(4))["lab"]["chance"] is None


def test_top_three_are_counted_among_known_names() -> None:
    last = answer("b1", True, True, [0.2, 0.1, 0.15, 0.05], [0.0, 0.0], "attributed")
    assert values(of(last)["release"])["top-3"] == 0
    # Of two with the same share, the one that is listed first is before the other.
    tied = answer("a3", True, True, [0.2, 0.2, 0.2, 0.2], [0.0, 0.0], "attributed")
    assert (values(of(tied)["release"])["top-1"], values(of(tied)["release"])["top-3"]) == (0, 1)
    tied = answer("a1", True, True, [0.2, 0.2, 0.2, 0.2], [0.0, 0.0], "attributed")
    assert values(of(tied)["release"])["top-1"] == 1
    third = answer("a2", True, True, [0.2, 0.1, 0.05, 0.15], [0.1, 0.1], "attributed")
    assert values(of(third)["release"])["top-3"] == 1


def test_the_unit_is_the_group_not_the_suspect() -> None:
    some = answers(120)
    some = replace(some, count=np.full(120, 10))
    ten_times = some.of(np.repeat(np.arange(120), 10))
    once, often = (of(a, rows=np.ones(24)) for a in (some, ten_times))
    for level in once:
        for name, found in once[level]["metrics"].items():
            assert often[level]["metrics"][name] == pytest.approx(found, rel=1e-6), name
    split = replace(some, names=replace(some.names, group=np.arange(24)))
    assert of(split, rows=np.ones(24))["lab"]["metrics"]["top-1"] != once["lab"]["metrics"]["top-1"]


def test_a_group_of_many_suspects_moves_the_interval_as_a_whole() -> None:
    """Two groups, one right and one wrong, each of fifty suspects: samples hold either or both."""
    wrong = answer("b1", True, True, [0.5, 0.1, 0.0, 0.1], [0.1, 0.1], "attributed")
    found = of(together(*[KNOWN] * 50, *[wrong] * 50))["lab"]["metrics"]["top-1"]
    assert found == {"value": 0.5, "low": 0.0, "high": 1.0}


def test_the_same_seed_gives_the_same_figures() -> None:
    some, rows = answers(), np.ones(24)
    one = figures(some, "p", "all", rows, 1, 50)
    assert json.dumps(one, allow_nan=False) == json.dumps(figures(some, "p", "all", rows, 1, 50), allow_nan=False)
    other = figures(some, "p", "all", rows, 2, 50)
    for before, after in zip(one, other, strict=True):
        assert values(before) == values(after)
        assert before["metrics"] != after["metrics"]
    alone = figures(some.of(some.count == 10), "p", "all", rows, 1, 50)
    assert [f["metrics"]["ECE"] for f in alone] == [pytest.approx(f["metrics"]["ECE"], rel=1e-5) for f in one[3:]]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(2, 5), st.floats(0, 8))
@pytest.mark.filterwarnings("error")
def test_figures_hold_what_is_true_of_any_answers(seed: int, cases: int, labs: int, sure: float) -> None:
    some = answers(cases, labs * 4, labs, seed, sure)
    for figure in figures(some, "p", "all", np.ones(labs * 4), seed, 10):
        found = values(figure)
        for name, value in found.items():
            assert value is None or 0 <= value <= {"log-loss": 28, "C_llr": 40, "Brier": 2.00001}.get(name, 1.00001)
        if "top-1" in found:
            assert found["top-1"] <= found["top-3"]
        if "OSCR" in found:
            assert found["OSCR"] <= found["top-1"] + 1e-9
        for m in figure["metrics"].values():
            assert m["low"] is None or m["low"] <= m["high"]


def test_reliability_by_hand() -> None:
    found = reliability(together(KNOWN, UNSEEN, UNKNOWN))
    assert [(b["low"], b["high"]) for b in found] == [(i / 10, (i + 1) / 10) for i in range(10)]
    assert sum(b["suspects"] for b in found) == 3
    filled = {i: b for i, b in enumerate(found) if b["suspects"]}
    assert sum(b["right"] * b["suspects"] for b in filled.values()) == 2
    assert filled[4]["right"] == 0
    assert filled[4]["predicted"] == pytest.approx(0.4)
    assert found[0]["predicted"] is found[0]["right"] is None
    assert sum(b["right"] or 0 for b in reliability(UNSEEN, "release")) == 0


def test_the_claim_curve_by_hand() -> None:
    wrong = answer("b1", True, True, [0.8, 0.0, 0.0, 0.0], [0.0, 0.1], "attributed")
    found = {round(c["threshold"], 2): c for c in claim_curve(together(KNOWN, wrong, UNKNOWN))}
    assert len(found) == 51
    assert (found[0.0]["coverage"], found[0.0]["false claims"]) == (1, pytest.approx(2 / 3))
    assert (found[0.42]["coverage"], found[0.42]["false claims"]) == (pytest.approx(2 / 3), 0.5)
    assert (found[0.8]["coverage"], found[0.8]["false claims"]) == (pytest.approx(1 / 3), 1)
    exact = answer("a1", True, True, [0.7, 0.0, 0.0, 0.0], [0.0, 0.0], "attributed")
    assert [c["coverage"] for c in claim_curve(exact) if c["threshold"] <= 0.7001] == [1] * 36
    assert (found[0.82]["coverage"], found[0.82]["false claims"]) == (0, None)


@pytest.mark.filterwarnings("error")
def test_no_suspects() -> None:
    none = KNOWN.of(np.zeros(1, bool))
    assert figures(none, "p", "all", ROWS, 0) == []
    assert {b["suspects"] for b in reliability(none)} == {0}
    assert {(c["coverage"], c["false claims"]) for c in claim_curve(none)} == {(None, None)}
