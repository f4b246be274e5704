from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.base.keys import BottomK, digest, factorize, isin, text_hash


def test_codes_give_the_names_back_in_their_order() -> None:
    names = np.array(["zhipu", "", "anthropic", "zhipu", "a longer name than all others"], object)
    found, code = factorize(names)
    assert found == ["", "a longer name than all others", "anthropic", "zhipu"]
    assert [found[c] for c in code] == names.tolist()


def test_codes_of_nothing() -> None:
    found, code = factorize([])
    assert found == []
    assert code.shape == (0,)


def test_isin_says_which_names_are_wanted() -> None:
    names = np.array(["a", "b", "a"], object)
    assert isin(names, ["a", "c"]).tolist() == [True, False, True]
    assert not isin(names, []).any()


@settings(deadline=None)
@given(st.permutations(range(20)), st.integers(1, 25))
def test_the_lowest_hashes_whatever_the_order_and_values_in_the_order_given(order: list[int], size: int) -> None:
    sample = BottomK[int](size)
    for value in order:
        sample.add(value, value)
    assert sample.values() == tuple(value for value in order if value < size)
    assert sample.left_out == 20 - min(size, 20)


def test_hashes_never_change() -> None:
    # Models, counts caches and samples depend on them.
    assert text_hash("a") == 3405396810240292928
    assert digest("a") == "ca978112ca1bbdca"
    assert text_hash("\ud800") == text_hash("?")
