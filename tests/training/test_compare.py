from __future__ import annotations

import numpy as np

from fingerprint.training.comparison import compare
from fingerprint.training.predictor import CaseSet, Predictions

NAMES = [f"r{i:02}" for i in range(40) for _ in range(4)]


def asked() -> CaseSet:
    return CaseSet.about(NAMES, ["lab"] * len(NAMES))


def answers(right: np.ndarray) -> Predictions:
    return Predictions(right, right, np.where(right, 0.9, 0.6).astype(np.float32), np.ones(len(right), bool))


def without(of: CaseSet, releases: int) -> np.ndarray:
    """Right but for some releases."""
    return ~np.isin(of.release, sorted(set(NAMES))[:releases])


def test_suspects_are_each_response_and_each_release() -> None:
    of = asked()
    assert len(of.rows) == 160 + 40
    assert of.alone.sum() == 160
    assert {NAMES[i] for i in of.rows[-1]} == {of.release[-1]}


def test_the_same_answers_are_no_drop() -> None:
    of = asked()
    same = answers(without(of, 7))
    found = compare(of, same, same, NAMES, NAMES)
    assert not found.refused
    assert {figure.drop for figure in found.figures} == {0.0}


def test_a_drop_beyond_its_interval_is_refused_and_one_within_is_not() -> None:
    of = asked()
    good = answers(without(of, 0))
    assert not compare(of, good, answers(without(of, 1)), NAMES, NAMES).refused
    found = compare(of, good, answers(without(of, 12)), NAMES, NAMES)
    assert found.refused
    worse = {figure.figure for figure in found.figures if figure.worse}
    assert {"lab top-1, all of them", "false claims", "calibration error"} <= worse
    assert not compare(of, answers(without(of, 12)), good, NAMES, NAMES).refused


def test_new_releases_are_told_from_old_ones() -> None:
    of = asked()
    old = answers(of.release < "r30")
    found = compare(of, old, answers(without(of, 0)), sorted(set(NAMES))[:30], NAMES)
    gained = {(f.group, f.figure): f.drop for f in found.figures}
    assert gained["new releases", "release top-1, all of them"] == -1
    assert gained["old releases", "release top-1, all of them"] == 0


def test_a_lost_release_is_refused() -> None:
    of = asked()
    same = answers(without(of, 0))
    found = compare(of, same, same, [*NAMES, "gone"], NAMES)
    assert (found.refused, found.lost) == (True, ("gone",))
