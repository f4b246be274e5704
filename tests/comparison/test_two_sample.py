from __future__ import annotations

import numpy as np
import pytest

from fingerprint.comparison.kernels import HAMMING_CHARACTERS, Kernel, gram
from fingerprint.comparison.shared_prompts import SharedPrompts, shared_prompts
from fingerprint.comparison.two_sample import NoTest, two_sample_test
from fingerprint.data.response import Response
from tests.comparison.sources import is_level, pair, texts

SINGLE = [(1, 1)] * 12
ONE_PROMPT = [(7, 9)]
UNEVEN = [(1, 3), (4, 1), (2, 2), (1, 1), (6, 2)]


def rejections(draws: list[tuple[int, int]], kernel: Kernel, trials: int, style: float = 0.0) -> int:
    rng = np.random.default_rng(3)
    found = (two_sample_test(pair(rng, draws, style), kernel, 99, seed) for seed in range(trials))
    return sum(test.rejects(0.05) for test in found)


@pytest.mark.parametrize("draws", [SINGLE, ONE_PROMPT, UNEVEN], ids=["single", "one prompt", "uneven"])
@pytest.mark.parametrize(("kernel", "trials"), [(Kernel.HAMMING, 100), (Kernel.NGRAMS, 60)])
def test_one_source_is_rejected_at_the_stated_rate(draws: list[tuple[int, int]], kernel: Kernel, trials: int) -> None:
    assert is_level(rejections(draws, kernel, trials), trials)


@pytest.mark.parametrize("draws", [SINGLE, ONE_PROMPT, UNEVEN], ids=["single", "one prompt", "uneven"])
def test_two_sources_are_told_apart(draws: list[tuple[int, int]]) -> None:
    assert rejections(draws, Kernel.NGRAMS, 20, style=1.0) >= 18


def test_the_hamming_kernel_finds_what_stands_at_the_same_place() -> None:
    rng = np.random.default_rng(4)
    first = [Response(f"Sure! {t}", prompt=str(p)) for p in range(10) for t in texts(rng, p, 2)]
    second = [Response(f"Well, {t}", prompt=str(p)) for p in range(10) for t in texts(rng, p, 2)]
    assert two_sample_test(shared_prompts(first, second), Kernel.HAMMING).rejects(0.01)


def test_repeated_texts_that_a_case_counts_once_keep_the_test_valid() -> None:
    rng = np.random.default_rng(5)
    said = texts(rng, 1, 12)
    found = 0
    for seed in range(100):
        sides = [[Response(said[i], prompt="P") for i in set(rng.geometric(0.25, 9).clip(1, 12) - 1)] for _ in "ab"]
        found += two_sample_test(shared_prompts(*sides), Kernel.HAMMING, 99, seed).rejects(0.05)
    assert found <= 10


def test_identical_answers_have_p_one_and_no_test_could_reject() -> None:
    said = [Response(text, prompt=str(p)) for p in range(20) for text in texts(np.random.default_rng(6), p, 1)]
    for kernel in Kernel:
        found = two_sample_test(shared_prompts(said, said), kernel)
        assert (found.p_value, found.smallest_p) == (1.0, 1.0)
        assert not found.could_reject(0.05)


def test_few_prompts_say_that_they_cannot_show_a_difference() -> None:
    found = two_sample_test(pair(np.random.default_rng(7), [(1, 1)] * 3, style=3.0))
    assert found.is_exhaustive
    assert found.n_labellings == 8
    # Both labellings with one statistic: swapped as a whole.
    assert found.smallest_p == 2 / 8
    assert not found.could_reject(0.05)
    assert "smallest possible p-value is 0.25" in found.meaning(0.05)


def test_the_meaning_never_says_two_models_or_one() -> None:
    rng = np.random.default_rng(8)
    rejected, kept = two_sample_test(pair(rng, SINGLE, 2.0)), two_sample_test(pair(rng, SINGLE))
    assert rejected.rejects(0.01)
    assert not kept.rejects(0.05)
    assert kept.could_reject(0.01)
    assert "did not sample from one distribution" in rejected.meaning(0.01)
    assert "efforts, system prompts" in rejected.meaning(0.01)
    assert "does not show that the two are one model" in kept.meaning(0.05)


def test_without_shared_prompts_or_with_one_response_there_is_no_p_value() -> None:
    none = two_sample_test(shared_prompts([Response("a", prompt="P")] * 5, [Response("a", prompt="Q")] * 5))
    few = two_sample_test(shared_prompts([Response("a", prompt="P")], [Response("b", prompt="P")]))
    assert (none.p_value, none.no_test) == (None, NoTest.NO_SHARED_PROMPTS)
    assert (few.p_value, few.no_test) == (None, NoTest.TOO_FEW)
    assert "no prompt in common" in none.meaning(0.05)
    assert not none.rejects(1.0)
    assert not none.could_reject(1.0)


def test_the_same_seed_gives_the_same_p_value_and_swapped_cases_the_same_estimates() -> None:
    shared = pair(np.random.default_rng(9), UNEVEN, 0.3)
    swapped = shared_prompts(shared.second, shared.first)
    one, again, other = two_sample_test(shared), two_sample_test(shared), two_sample_test(swapped)
    assert one == again
    assert one.across == pytest.approx(other.across)
    assert one.within == pytest.approx(other.within)


def test_estimates_are_unbiased_and_say_where_the_difference_lies() -> None:
    rng = np.random.default_rng(10)
    found = {
        style: [two_sample_test(pair(rng, [(2, 3)] * 6, style), permutations=1) for _ in range(15)]
        for style in (0.0, 1.0)
    }
    across = {style: np.array([test.across for test in tests], float) for style, tests in found.items()}
    within = {style: np.array([test.within for test in tests], float) for style, tests in found.items()}
    for values in (across, within):
        assert abs(values[0.0].mean()) < 4 * values[0.0].std() / np.sqrt(15)
        assert values[1.0].mean() > 4 * values[1.0].std() / np.sqrt(15)


def test_estimates_that_cannot_be_made_are_none() -> None:
    single = two_sample_test(pair(np.random.default_rng(11), SINGLE))
    one = two_sample_test(pair(np.random.default_rng(12), ONE_PROMPT))
    assert single.within is None
    assert single.across is not None
    assert one.across is None
    assert one.within is not None


def test_kernels_are_positive_semidefinite_with_one_on_the_diagonal() -> None:
    said = [*texts(np.random.default_rng(13), 2, 6), "漢字とかな", "emoji \U0001f600", "x" * 2 * HAMMING_CHARACTERS, ""]
    for kernel in Kernel:
        found = gram(said, kernel)
        assert np.allclose(found, found.T)
        assert np.linalg.eigvalsh(found).min() > -1e-6
        assert np.allclose(np.diag(found)[:-1], 1)


def test_the_hamming_kernel_counts_places() -> None:
    found = gram(["abc", "abd", "abcdef"], Kernel.HAMMING)
    assert found[0, 1] == pytest.approx(1 - 1 / HAMMING_CHARACTERS)
    assert found[0, 2] == pytest.approx(1 - 3 / HAMMING_CHARACTERS)


def test_the_number_of_responses_is_of_shared_prompts_alone() -> None:
    shared: SharedPrompts = shared_prompts(
        [Response("a", prompt="P")] * 2 + [Response("b", prompt="X")], [Response("c", prompt="P")] * 3
    )
    found = two_sample_test(shared)
    assert (found.n_prompts, found.n_first, found.n_second) == (1, 2, 3)
