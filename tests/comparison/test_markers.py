from __future__ import annotations

import numpy as np
import pytest

from fingerprint.comparison.markers import (
    MarkerEffects,
    _holm,
    _t_quantile,
    paired_marker_effects,
    unpaired_marker_effects,
)
from fingerprint.comparison.shared_prompts import shared_prompts
from fingerprint.data.response import Response


def written(rng: np.random.Generator, topic: float, dashes: float) -> str:
    """A text whose semicolons depend on its prompt, and its em dashes on the source."""
    marks = ["—"] * int(rng.poisson(dashes)) + [";"] * int(rng.poisson(topic)) + ["?"] * int(rng.poisson(1))
    return " ".join([*("word" for _ in range(int(rng.integers(30, 50)))), *marks]) + "."


def compared(rng: np.random.Generator, draws: list[tuple[int, int]], dashes: float, seed: int = 0) -> MarkerEffects:
    first, second = [], []
    for number, (n, m) in enumerate(draws):
        topic = rng.gamma(1, 3)
        first += [Response(written(rng, topic, 1.0), prompt_id=str(number)) for _ in range(n)]
        second += [Response(written(rng, topic, dashes), prompt_id=str(number)) for _ in range(m)]
    return paired_marker_effects(shared_prompts(first, second), 999, seed)


@pytest.mark.parametrize("draws", [[(1, 1)] * 20, [(1, 3), (4, 1), (2, 2)] * 4], ids=["single", "uneven"])
def test_without_a_difference_none_is_found_and_intervals_hold_zero(draws: list[tuple[int, int]]) -> None:
    rng = np.random.default_rng(1)
    found = [compared(rng, draws, 1.0, seed) for seed in range(40)]
    assert sum(bool(effects.differing(0.05)) for effects in found) <= 6
    held = [effect.low <= 0 <= effect.high for effects in found for effect in effects.effects]
    assert 0.91 <= np.mean(held) <= 1.0


def test_a_marker_that_differs_comes_first_with_both_values_and_its_unit() -> None:
    found = compared(np.random.default_rng(2), [(1, 1)] * 30, 6.0)
    effect = found.effects[0]
    assert (effect.name, effect.unit) == ("em dashes", "per 1,000 words")
    assert effect.first < effect.second
    assert effect.low > 0.3
    assert effect.delta < effect.high <= 1
    assert [e.name for e in found.differing(0.01)] == ["em dashes"]
    assert effect.p_value <= effect.p_adjusted == pytest.approx(len(found.effects) * effect.p_value)
    assert [abs(e.delta) for e in found.effects] == sorted((abs(e.delta) for e in found.effects), reverse=True)
    assert (found.is_paired, found.n_first, found.n_second) == (True, 30, 30)


def test_the_interval_covers_the_effect_at_about_its_rate() -> None:
    rng = np.random.default_rng(3)
    # P(more) - P(fewer) of the dashes per word of two texts, measured on many.
    first, second = ([written(rng, 0, rate).count("—") for _ in range(4_000)] for rate in (1.0, 3.0))
    true = float(np.mean(np.sign(np.array(second)[:, None] - np.array(first))))
    held = []
    for seed in range(50):
        (effect,) = (e for e in compared(rng, [(1, 1)] * 15, 3.0, seed).effects if e.name == "em dashes")
        held.append(effect.low <= true <= effect.high)
    assert 0.88 <= np.mean(held) <= 1.0


def test_pairing_finds_what_prompts_hide() -> None:
    rng = np.random.default_rng(4)
    first, second = [], []
    for number in range(25):
        semicolons = int(rng.integers(0, 40))
        first.append(Response("word " * 40 + "; " * semicolons, prompt_id=str(number)))
        second.append(Response("word " * 40 + "; " * (semicolons + 2), prompt_id=str(number)))
    paired = paired_marker_effects(shared_prompts(first, second))
    apart = unpaired_marker_effects(first, second)
    assert [e.name for e in paired.differing(0.01)] == ["semicolons"]
    assert paired.effects[0].delta == pytest.approx(1)
    assert 0.7 < paired.effects[0].low < paired.effects[0].high <= 1
    assert not apart.differing(0.05)
    assert not apart.is_paired


def test_one_prompt_compares_its_responses() -> None:
    rng = np.random.default_rng(5)
    found = compared(rng, [(15, 15)], 8.0)
    assert found.differing(0.01)[0].name == "em dashes"
    assert found.effects[0].low > 0
    assert found.smallest_p < 0.05


def test_few_prompts_say_that_no_marker_could_differ() -> None:
    found = compared(np.random.default_rng(6), [(1, 1)] * 4, 9.0)
    assert not found.differing(0.05)
    assert found.smallest_p >= 2 / 2**4


def test_unpaired_counts_a_prompt_once() -> None:
    rng = np.random.default_rng(7)
    first = [Response(written(rng, 2, 1), prompt_id=str(i % 5)) for i in range(50)]
    second = [Response(written(rng, 2, 1)) for _ in range(20)]
    found = unpaired_marker_effects(first, second)
    assert (found.n_first, found.n_second) == (5, 20)


def test_nothing_to_compare_gives_no_effects() -> None:
    same = [Response("word word word", prompt="P")]
    for found in (
        paired_marker_effects(shared_prompts([], [])),
        paired_marker_effects(shared_prompts(same, same)),
        unpaired_marker_effects(same, []),
    ):
        assert found.effects == ()
        assert found.smallest_p == 1


def test_holm_multiplies_by_the_hypotheses_that_are_left() -> None:
    assert _holm(np.array([0.04, 0.01, 0.03])).tolist() == pytest.approx([0.06, 0.03, 0.06])


@pytest.mark.parametrize(("freedom", "quantile"), [(2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (100, 1.984)])
def test_quantiles_of_students_t(freedom: int, quantile: float) -> None:
    assert _t_quantile(freedom) == pytest.approx(quantile, rel=0.04)
