from __future__ import annotations

import numpy as np

from fingerprint.comparison.permutations import labellings, p_value, shuffles, smallest_p

STRATUM = np.array([0, 1, 0, 1, 1, 2])
SECOND = np.array([False, True, True, False, False, True])


def test_few_labellings_are_all_listed_once_and_the_observed_is_first() -> None:
    found = labellings(STRATUM, SECOND, 999, 0)
    assert found.is_exhaustive
    assert len(found) == 2 * 3
    assert found.second[0].tolist() == SECOND.tolist()
    assert len(set(map(tuple, found.second.tolist()))) == 6


def test_many_labellings_are_drawn_evenly_and_keep_the_count_of_each_stratum() -> None:
    stratum = np.repeat([3, 8], [4, 6])
    second = np.array([True, False, False, False] + [True] * 3 + [False] * 3)
    found = labellings(stratum, second, 70, 1)
    assert not found.is_exhaustive
    assert len(found) == 71
    assert found.second[0].tolist() == second.tolist()
    assert (found.second[:, :4].sum(axis=1) == 1).all()
    assert (found.second[:, 4:].sum(axis=1) == 3).all()
    many = labellings(stratum, second, 79, 1)
    assert many.is_exhaustive
    assert np.allclose(many.second[:, :4].mean(axis=0), 1 / 4)


def test_shuffles_stay_in_their_stratum_and_are_uniform() -> None:
    found = shuffles(STRATUM, 6_000, 2)
    assert found[0].tolist() == list(range(6))
    assert (np.sort(found, axis=1) == np.arange(6)).all()
    assert (STRATUM[found] == STRATUM).all()
    assert np.allclose((found[1:, [0, 2]] == 0).mean(axis=0), 1 / 2, atol=0.03)
    assert np.allclose((found[1:, [1, 3, 4]] == 4).mean(axis=0), 1 / 3, atol=0.03)


def test_p_values_count_ties_that_rounding_hides() -> None:
    values = np.array([0.1 + 0.2, 0.3, 0.2, 0.1])
    assert p_value(values) == 2 / 4
    assert smallest_p(values) == 2 / 4
    assert p_value(np.zeros(5)) == 1
    assert p_value(np.array([[1.0, 5.0], [2.0, 4.0]])).tolist() == [1.0, 0.5]
