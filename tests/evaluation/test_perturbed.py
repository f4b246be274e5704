from __future__ import annotations

import pytest

from fingerprint.evaluation.protocols.perturbed import PERTURBATIONS

TEXT = "# Title\n\nA **bold** claim — “really”! 🎉 And a second sentence.\n- one item\n- two items"


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("markdown stripped", "**"),
        ("lower-cased", "T"),
        ("emoji and dashes removed", "🎉"),
        ("emoji and dashes removed", "—"),
        ("plain quotes", "“"),
    ],
)
def test_what_is_to_go_is_gone(name: str, gone: str) -> None:
    assert gone in TEXT
    assert gone not in PERTURBATIONS[name](TEXT)


def test_cuts_count_words_and_leave_shorter_texts_alone() -> None:
    long = " ".join(str(i) for i in range(300))
    assert PERTURBATIONS["cut to 50 words"](long).split() == long.split()[:50]
    assert PERTURBATIONS["cut to 200 words"](TEXT) == TEXT


def test_a_script_without_spaces_is_cut_by_characters() -> None:
    assert len(PERTURBATIONS["cut to 50 words"]("语言模型" * 100)) == 100


def test_half_of_the_sentences_stay_in_order_and_alike_each_time() -> None:
    text = " ".join(f"Sentence {i}." for i in range(10))
    half = PERTURBATIONS["half of the sentences"](text)
    kept = [s for s in text.split(". ") if s.rstrip(".") in half]
    assert half.count("Sentence") == 5
    assert [half.index(s.rstrip(".")) for s in kept] == sorted(half.index(s.rstrip(".")) for s in kept)
    assert PERTURBATIONS["half of the sentences"](text) == half
