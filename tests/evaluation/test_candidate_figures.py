"""The figures of questions about a few labs, on made-up answers whose shares are known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from fingerprint.evaluation.candidate_figures import candidate_figures
from fingerprint.evaluation.candidates import JudgedCandidates

EACH = 400


def made_up(candidates: int, alike: bool, inside: bool, kind: str = "same") -> JudgedCandidates:
    """Half is attributed, a quarter likely, an eighth none of these; every fifth case is wrong."""
    at = np.arange(EACH)
    words = np.array(["attributed"] * 3 + ["new-release"] + ["likely"] * 2 + ["none-of-these", "inconclusive"], object)
    return JudgedCandidates(
        candidates=np.full(EACH, candidates),
        alike=np.full(EACH, alike),
        inside=np.full(EACH, inside),
        kind=np.full(EACH, kind, object),
        count=np.full(EACH, 25),
        group=at % 40,
        verdict=words[at % 8],
        right=inside & (at % 5 > 0),
        in_set=inside & (at % 10 > 0),
    )


def figures(*parts: JudgedCandidates) -> list[dict[str, Any]]:
    found = candidate_figures(JudgedCandidates.joined(parts), frozenset({"same"}), 0, 50)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    rows: list[dict[str, Any]] = found["figures"]
    return rows


def test_shares_are_those_of_the_answers() -> None:
    (row,) = figures(made_up(2, False, True))
    value = {name: of["value"] for name, of in row["metrics"].items()}
    assert value == pytest.approx(
        {
            "coverage": 0.5,
            "false-attribution rate": 0.2,
            "coverage with likely": 0.75,
            "error rate with likely": 0.2,
            "set coverage": 0.9,
            "verdict none-of-these": 0.125,
        }
    )
    assert (row["cases"], row["releases"], row["promised"]) == (EACH, 40, True)
    assert row["metrics"]["coverage"]["low"] <= 0.5 <= row["metrics"]["coverage"]["high"]


def test_without_the_right_lab_each_attribution_is_wrong() -> None:
    (row,) = figures(made_up(2, False, False, "later"))
    assert row["metrics"].keys() == {"coverage", "coverage with likely", "verdict none-of-these"}
    assert row["promised"] is False


def test_candidates_ways_and_kinds_are_apart() -> None:
    rows = figures(made_up(2, True, True), made_up(2, False, False), made_up(5, False, True, "other"))
    assert [(row["candidates"], row["drawn"], row["inside"], row["kind"]) for row in rows] == [
        (2, "at random", False, "same"),
        (2, "alike", True, "same"),
        (5, "at random", True, "other"),
    ]


def test_a_model_without_thresholds_for_candidates_has_no_figures() -> None:
    assert figures() == []
    assert len(JudgedCandidates.joined([])) == 0
