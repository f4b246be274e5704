from __future__ import annotations

from dataclasses import replace

import numpy as np

from fingerprint.config import CalibrationConfig
from fingerprint.model.calibration import NEVER, Limits
from fingerprint.model.decision import most_probable
from fingerprint.model.shortlist import Lists, shortlist_limits, with_lists
from fingerprint.model.thresholds import Judged, figures
from tests.model.test_thresholds import made

CONFIG = CalibrationConfig(rates=(0.05, 0.25), margin=0.5, pooling=10.0)
NOBODY = Limits(CONFIG.rates, {"10": [NEVER, NEVER]})


def some_labs(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows, 12) probabilities of labs, and the right ones, which are drawn from them."""
    rng = np.random.default_rng(seed)
    labs = rng.dirichlet(np.full(12, 0.3), rows)
    return labs, np.array([rng.choice(12, p=own) for own in labs])


def unnamed(size: int) -> Judged:
    return made(size, probability=dict.fromkeys(("lab", "family", "release"), np.full(size, 0.3)))


def test_a_list_has_the_most_probable_labs_in_their_order_and_is_never_all_of_them() -> None:
    labs = np.array([[0.1, 0.4, 0.2, 0.3], [0.25, 0.25, 0.25, 0.25]])
    assert most_probable(labs, 3).tolist() == [[1, 3, 2], [0, 1, 2]]
    assert most_probable(labs, 4).shape == (2, 0)
    lists = Lists.of(labs, np.array([3, -1]), 2)
    np.testing.assert_allclose(lists.together, [0.7, 0.5])
    assert lists.right.tolist() == [True, False]
    everybody = Lists.of(labs, np.array([3, 0]), 4)
    assert everybody.together.tolist() == [0, 0]
    assert not everybody.right.any()


def test_lists_hold_their_rate_in_other_cases_of_each_kind() -> None:
    labs, lab = some_labs(4_000, 0)
    kind = np.where(np.arange(4_000) % 2, "same", "both").astype(object)
    # One kind is worse than its probabilities say: every fifth right lab is none of the first.
    lab = np.where((kind == "both") & (np.arange(4_000) % 5 == 0), labs.argmin(axis=1), lab)
    half = np.arange(4_000) < 2_000
    lists = Lists.of(labs, lab, 3)
    cases = replace(unnamed(4_000), kind=kind)

    def part(at: np.ndarray) -> tuple[Judged, Lists]:
        few = replace(unnamed(int(at.sum())), kind=kind[at])
        return few, Lists(lists.together[at], lists.right[at])

    limits = shortlist_limits(*part(half), NOBODY, ["same", "both"], CONFIG)
    shown = lists.together >= limits.limit(10, 0.25)
    for one in ("same", "both"):
        at = ~half & shown & (cases.kind == one)
        assert at.sum() > 100
        # Half of all cases lie above their bound; 150 lists say a share to within 0.07 on top of that.
        assert np.mean(~lists.right[at]) < 0.25 + 0.07
    # A lower rate needs more, and where nothing holds it there is no list.
    assert limits.limit(10, 0.05) >= limits.limit(10, 0.25)


def test_cases_in_which_a_lab_is_named_tell_nothing_of_lists() -> None:
    labs, lab = some_labs(600, 1)
    lists = Lists.of(labs, lab, 3)
    alone = shortlist_limits(unnamed(600), lists, NOBODY, ["same"], CONFIG)
    # As many cases with a named lab, whose lists would all be right.
    sure = np.full(1_200, 0.3)
    sure[600:] = 0.9
    cases = made(1_200, probability=dict.fromkeys(("lab", "family", "release"), sure))
    both = Lists(np.concatenate([lists.together, np.ones(600)]), np.concatenate([lists.right, np.ones(600, bool)]))
    named = Limits(CONFIG.rates, {"10": [0.8, 0.8]})
    assert shortlist_limits(cases, both, named, ["same"], CONFIG).limits == alone.limits


def test_of_unknown_labs_few_are_named_or_listed() -> None:
    labs, lab = some_labs(2_000, 2)
    unknown = np.arange(2_000) % 2 == 0
    lists = Lists.of(labs, np.where(unknown, -1, lab), 5)
    cases = replace(unnamed(2_000), kind=np.where(unknown, "unknown", "same").astype(object), lab_known=~unknown)
    limit = shortlist_limits(cases, lists, NOBODY, ["same", "unknown"], CONFIG).limit(10, 0.25)
    assert 0.1 < np.mean(lists.together[unknown] >= limit) <= 0.25
    # Where a fifth of them is named, a twentieth is left for lists.
    probability = np.where(unknown & (np.arange(2_000) % 10 == 0), 0.9, 0.3)
    some = replace(cases, probability=dict.fromkeys(("lab", "family", "release"), probability))
    named = Limits(CONFIG.rates, {"10": [0.8, 0.8]})
    limit = shortlist_limits(some, lists, named, ["same", "unknown"], CONFIG).limit(10, 0.25)
    listed = (lists.together >= limit) & (probability < 0.8)
    assert np.mean(listed[unknown]) <= 0.05


def test_figures_count_the_lists_that_are_shown() -> None:
    probability = np.array([0.9, 0.3, 0.3, 0.3])
    cases = made(4, probability=dict.fromkeys(("lab", "family", "release"), probability))
    lists = Lists(np.array([1.0, 0.8, 0.7, 0.2]), np.array([True, True, False, False]))
    named, limits = Limits(CONFIG.rates, {"10": [0.8, 0.8]}), Limits(CONFIG.rates, {"10": [NEVER, 0.7]})
    found = with_lists(figures(cases, named, CONFIG), cases, lists, named, limits)["10"]["same"]
    assert (found.listed, found.list_error) == ([0.0, 0.5], [0.0, 0.5])
    assert found.coverage == [0.25, 0.25]
    assert found.lists_at(CONFIG.rates, 0.3) == (0.5, 0.5)
    assert found.lists_at(CONFIG.rates, 0.01) == (0.0, 0.0)
    # A model without lists has none, and keeps none.
    old = figures(cases, named, CONFIG)["10"]["same"]
    assert old.lists_at(CONFIG.rates, 0.25) == (0.0, 0.0)
    assert "listed" not in old.to_dict()
    assert "listed" in found.to_dict()
