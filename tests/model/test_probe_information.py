from __future__ import annotations

import itertools

import numpy as np
import pytest

from fingerprint.config import Config
from fingerprint.model.probe_information import InformationGain, expected_claim_gain, expected_gain


def measured() -> InformationGain:
    """Code tells three labs apart, chat tells nothing; the third lab never wrote code."""
    rng = np.random.default_rng(0)
    lab = np.repeat([0, 1, 0, 1, 2], 40)
    kind = [("code", "en")] * 80 + [("chat", "en")] * 120
    shares = np.full((len(lab), 3), 1 / 3)
    shares[:80] = 0.02
    shares[np.arange(80), lab[:80]] = 0.96
    shares[80:] += rng.uniform(-0.01, 0.01, (120, 3))
    return InformationGain.measure(
        shares / shares.sum(axis=1, keepdims=True), lab, kind, ["ash", "birch", "cedar"], Config()
    )


def test_telling_prompts_are_worth_more() -> None:
    information = measured()
    even = np.full(3, 1 / 3)
    code, chat = (expected_gain(even, information.of(domain, "en"), 1.0) for domain in ("code", "chat"))
    assert code > 0.8
    assert chat < 0.1


def test_no_lab_is_told_by_having_been_absent() -> None:
    gain = measured().of("code", "en")
    assert gain[0, 2] == pytest.approx(gain[0, 1], rel=0.1)


def test_expected_information_is_bounded_by_what_is_open() -> None:
    gain = measured().of("code", "en")
    assert expected_gain(np.array([1.0, 0.0, 0.0]), gain, 1.0) == pytest.approx(0, abs=1e-9)
    half = expected_gain(np.array([0.5, 0.5, 0.0]), gain, 1.0)
    assert 0.5 < half <= np.log(2)
    assert expected_gain(np.array([0.95, 0.05, 0.0]), gain, 1.0) < half


def test_the_same_again_brings_ever_less() -> None:
    information = measured()
    new = [information.new_share(n) for n in range(30)]
    assert new[0] == 1
    assert all(a > b > 0 for a, b in itertools.pairwise(new))


def test_kinds_that_no_corpus_has() -> None:
    information = measured()
    assert (information.of("everyday", "en") == information.of("chat", "en")).all()
    between = information.of("tool-use", "en")
    assert information.of("chat", "en")[0, 1] < between[0, 1] < information.of("code", "en")[0, 1]
    # Style does not carry over to a language that nobody has seen.
    assert not information.of("code", "sw").any()


def test_labs_that_were_left_out_of_the_measure_are_as_far_as_others() -> None:
    wider = measured().for_labs(["zelkova", "birch", "ash"])
    at = wider.kinds.index(("code", "en"))
    assert wider.gain[at, 2, 1] == measured().gain[at, 0, 1]
    assert wider.gain[at, 0, 1] == pytest.approx(wider.gain[at, 2, 1], rel=0.2)
    assert not np.diagonal(wider.gain, axis1=1, axis2=2).any()


def test_what_is_stored_is_read_again_and_checked() -> None:
    information = measured()
    kept = information.gain.astype(np.float16)
    again = InformationGain.from_parts(information.to_document(), kept, information.labs, 0.15)
    assert again.kinds == information.kinds
    for wrong in (kept[:1], -kept):
        with pytest.raises(ValueError, match="does not fit"):
            InformationGain.from_parts(information.to_document(), wrong, information.labs, 0.15)


def test_information_about_a_claim_leaves_out_which_other_lab_it_is() -> None:
    gain = np.array([[0, 0.1, 0.1], [0.1, 0, 9], [0.1, 9, 0]], np.float32)
    even = np.full(3, 1 / 3)
    # The response tells the second lab from the third, and next to nothing about the first.
    assert expected_gain(even, gain, 1.0) > 0.3
    assert 0 < expected_claim_gain(even, 0, gain, 1.0) < 0.05
    assert expected_claim_gain(even, 1, gain, 1.0) > 0.2
    # Of two labs both questions are the same.
    two = np.array([0.5, 0.5, 0.0])
    assert expected_claim_gain(two, 0, gain, 1.0) == pytest.approx(expected_gain(two, gain, 1.0))
    assert expected_claim_gain(np.array([1.0, 0.0, 0.0]), 0, gain, 1.0) == pytest.approx(0, abs=1e-9)
