from __future__ import annotations

from collections import Counter

import numpy as np

from fingerprint.config import ProbingConfig
from fingerprint.model.probe_information import InformationGain
from fingerprint.probing.choice import Choice, Left, firm

CONFIG = ProbingConfig()
KINDS = [("chat", "en"), ("code", "en"), ("creative", "en")]


def information() -> InformationGain:
    """Code tells the first two labs apart, creative the last two, chat a little of everything."""
    gain = np.full((3, 3, 3), 0.3, np.float32)
    gain[1:] = 0.0
    for kind, (a, b) in ((1, (0, 1)), (2, (1, 2))):
        gain[kind, a, b] = gain[kind, b, a] = 4.0
    gain[:, range(3), range(3)] = 0
    return InformationGain(tuple(KINDS), ("ash", "birch", "cedar"), gain, 0.15)


def test_the_labs_in_question_decide() -> None:
    choice = Choice(information())
    assert choice.next(Left(KINDS, Counter()), np.array([0.5, 0.5, 0.0])) == 1
    assert choice.next(Left(KINDS, Counter()), np.array([0.0, 0.5, 0.5])) == 2
    assert choice.next(Left(KINDS, Counter()), np.array([0.5, 0.0, 0.5])) == 0


def test_what_was_asked_often_makes_room() -> None:
    choice = Choice(information())
    share = np.array([0.5, 0.5, 0.0])
    assert choice.next(Left(KINDS, Counter({("code", "en"): 60})), share) == 0


def test_of_a_kind_the_prompt_that_is_worth_most_comes_first() -> None:
    choice, share = Choice(information()), np.array([0.5, 0.5, 0.0])
    kinds = [("code", "en"), ("chat", "en"), ("code", "en")]
    assert choice.next(Left(kinds, Counter(), worth=[1.0, 1.0, 2.0]), share) == 2
    # What a kind tells counts beside it: a hundred times cheaper is enough.
    assert choice.next(Left(kinds, Counter(), worth=[1.0, 100.0, 2.0]), share) == 1
    assert choice.nats(("code", "en"), share) > choice.nats(("chat", "en"), share) > 0
    assert Choice(None).nats(("code", "en"), share) == 1


def test_without_a_table_every_kind_has_its_turn() -> None:
    choice = Choice(None)
    left, asked, order = KINDS * 2, Counter[tuple[str, str]](), []
    while left:
        at = choice.next(Left(left, asked), np.ones(3))
        order.append(left.pop(at))
        asked[order[-1]] += 1
    assert order == KINDS * 2
    assert choice.left_to_learn(Left(KINDS, Counter()), np.ones(3)) == np.inf


def test_nothing_is_left_to_learn_of_one_lab_or_after_very_many() -> None:
    choice = Choice(information())
    assert choice.left_to_learn(Left(KINDS, Counter()), np.array([1.0, 0, 0])) < CONFIG.least_nats
    even = np.ones(3)
    assert choice.left_to_learn(Left(KINDS, Counter()), even) > CONFIG.least_nats
    assert choice.left_to_learn(Left(KINDS, Counter({("chat", "en"): 300})), even) < CONFIG.least_nats
    assert choice.left_to_learn(Left([], Counter()), even) == 0


def test_one_look_above_the_threshold_is_not_firm() -> None:
    assert not firm([], 0, CONFIG)
    assert not firm([None, None, "ash"], 3, CONFIG)
    assert not firm(["ash", "birch"], 8, CONFIG)
    assert not firm(["ash", "ash"], 2, CONFIG)
    assert firm([None, "ash", "ash"], 3, CONFIG)


def test_a_claim_is_asked_about_in_its_own_way() -> None:
    choice, even = Choice(information()), np.array([0.5, 0.25, 0.25])
    assert choice.next(Left(KINDS, Counter()), even, claimed=0) == 1
    assert choice.next(Left(KINDS, Counter()), even, claimed=2) == 2
