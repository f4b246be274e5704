import numpy as np

from fingerprint.base.keys import factorize, isin


def test_codes_give_the_names_back_in_their_order() -> None:
    names = np.array(["zhipu", "", "anthropic", "zhipu", "a longer name than all others"], object)
    found, code = factorize(names)
    assert found == ["", "a longer name than all others", "anthropic", "zhipu"]
    assert [found[c] for c in code] == names.tolist()


def test_codes_of_nothing() -> None:
    found, code = factorize([])
    assert found == []
    assert code.shape == (0,)


def test_among_tells_which_names_are_wanted() -> None:
    names = np.array(["a", "b", "a"], object)
    assert isin(names, ["a", "c"]).tolist() == [True, False, True]
    assert not isin(names, []).any()
