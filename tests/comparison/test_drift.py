from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fingerprint.comparison.drift import LEAST_SEGMENT, NoDrift, change_point, find_drift, possible_splits
from fingerprint.data.response import Case, Response, usable
from tests.comparison.sources import is_level, texts

START = datetime(2026, 1, 1, tzinfo=UTC)


def walk(rng: np.random.Generator, prompt: np.ndarray, at: int, size: float) -> np.ndarray:
    """(n, 3) coordinates with an effect of each prompt, which shift by `size` at `at`; prompt means taken out."""
    found = rng.normal(size=(len(prompt), 3)) + rng.normal(size=(prompt.max() + 1, 3))[prompt]
    found[at:, 0] += size
    for one in np.unique(prompt):
        found[prompt == one] -= found[prompt == one].mean(axis=0)
    return found


PANEL = np.tile(np.arange(5), 8)
ONCE = np.zeros(40, np.int64)
SPLITS = possible_splits(np.arange(40.0))


def case_of_times(rng: np.random.Generator, days: int, change: int, style: float, prompts: int = 5) -> Case:
    """A case of `prompts` asked each day, whose style changes on a day."""
    return usable("x", [
        Response(texts(rng, p, 1, style if day >= change else 0.0)[0], prompt_id=str(p),
                 time=(START + timedelta(days=day, minutes=p)).isoformat())
        for day in range(days) for p in range(prompts)
    ])  # fmt: skip


@pytest.mark.parametrize("prompt", [PANEL, ONCE], ids=["panel", "once"])
def test_no_change_is_rejected_at_the_stated_rate(prompt: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    found = [change_point(walk(rng, prompt, 0, 0.0), prompt, SPLITS, 99, seed).p_value <= 0.05 for seed in range(120)]
    assert is_level(sum(found), 120)


@pytest.mark.parametrize("prompt", [PANEL, ONCE], ids=["panel", "once"])
def test_intervals_cover_a_planted_change_at_about_their_rate(prompt: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    found = [change_point(walk(rng, prompt, 15, 2.0), prompt, SPLITS, 99, seed) for seed in range(25)]
    assert sum(point.p_value <= 0.05 for point in found) >= 23
    assert sum(point.low <= 15 <= point.high for point in found) >= 21
    assert np.mean([abs(point.split - 15) for point in found]) < 3
    assert np.median([point.high - point.low for point in found]) < 12


def test_a_change_in_texts_is_dated() -> None:
    found = find_drift(case_of_times(np.random.default_rng(3), 12, 7, 2.0))
    assert found.is_prompt_fixed
    assert found.n_used == 60
    assert found.p_value is not None
    assert found.p_value <= 0.01
    change = found.change
    assert change is not None
    assert change.low <= change.last_before < change.first_after <= change.high
    true = START + timedelta(days=7)
    assert change.low < true <= change.high
    assert change.high - change.low < timedelta(days=4)
    assert len(change.before) + len(change.after) == 60


def test_no_change_in_texts_has_no_date() -> None:
    found = find_drift(case_of_times(np.random.default_rng(4), 8, 0, 0.0))
    assert found.p_value is not None
    assert found.p_value > 0.05
    assert found.change is None


def test_a_panel_that_answers_the_same_until_it_changes_is_dated_by_its_repeats() -> None:
    rng = np.random.default_rng(5)
    said = [[texts(rng, p, 1, style)[0] for p in range(6)] for style in (0.0, 2.0)]
    case = usable("x", [
        Response(said[day >= 6][p], prompt_id=str(p), time=str(1_767_225_600 + 86_400 * day))
        for day in range(10) for p in range(6)
    ])  # fmt: skip
    assert case.n_used == 12
    change = find_drift(case).change
    assert change is not None
    assert (change.last_before, change.first_after) == (START + timedelta(days=5), START + timedelta(days=6))
    assert (change.low, change.high) == (change.last_before, change.first_after)


def test_other_prompts_at_other_times_are_no_change_of_repeated_ones() -> None:
    rng = np.random.default_rng(6)
    rows = [(day, p) for day in range(10) for p in (range(4) if day < 5 else range(4, 8))]
    records = tuple(
        Response(texts(rng, p, 1)[0], prompt_id=str(p), time=(START + timedelta(days=day)).isoformat())
        for day, p in rows
    )
    fixed = find_drift(Case("x", records, len(records)))
    assert fixed.is_prompt_fixed
    assert fixed.p_value is not None
    assert fixed.p_value > 0.05
    bare = tuple(Response(r.response, time=r.time) for r in records)
    free = find_drift(Case("x", bare, len(bare)))
    assert not free.is_prompt_fixed
    assert free.change is not None


def test_rows_without_times_are_counted_and_rows_twice_in_the_files_count_once() -> None:
    case = case_of_times(np.random.default_rng(7), 4, 0, 0.0)
    more = (*case.records, *case.records[:3], Response("no time at all, sorry", prompt_id="1"))
    found = find_drift(Case("x", more, len(more)))
    assert (found.n_used, found.n_without_time) == (20, 1)


def test_without_times_or_with_too_few_there_is_nothing_to_look_for() -> None:
    none = find_drift(Case("x", (Response("a", time="soon"), Response("b")), 2))
    assert (none.no_drift, none.n_without_time, none.p_value) == (NoDrift.NO_TIMES, 2, None)
    once = tuple(Response(f"text {i}", time="2026-01-01") for i in range(20))
    assert find_drift(Case("x", once, 20)).no_drift is NoDrift.TOO_FEW


def test_splits_lie_between_different_times_with_enough_on_both_sides() -> None:
    assert possible_splits(np.array([1.0] * 6 + [2.0] * 2 + [3.0] * 5)).tolist() == [6, 8]
    assert not len(possible_splits(np.arange(2.0 * LEAST_SEGMENT - 1)))
