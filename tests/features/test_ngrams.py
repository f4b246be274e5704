from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.features import ngrams
from fingerprint.features.ngrams import BUCKETS, GROUPS, Counts, count, occurrences


def row(counts: Counts, i: int) -> dict[int, int]:
    at = slice(counts.starts[i], counts.starts[i + 1])
    return dict(zip(counts.columns[at].tolist(), counts.counts[at].tolist(), strict=True))


def seen(text: str, group: str) -> int:
    """Different features of a group in a text."""
    return len(set(occurrences([text]).bucket[GROUPS.index(group)].tolist()))


anything = st.lists(st.text(st.characters(codec=None), max_size=60), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(anything)
def test_a_text_counts_the_same_alone_and_among_others(texts: list[str]) -> None:
    together = count(texts)
    assert [row(together, i) for i in range(len(texts))] == [row(count([text]), 0) for text in texts]


@settings(max_examples=40, deadline=None)
@given(anything)
def test_batches_do_not_show(texts: list[str]) -> None:
    before = ngrams.BATCH_CHARACTERS
    try:
        ngrams.BATCH_CHARACTERS = 5
        small = count(texts)
    finally:
        ngrams.BATCH_CHARACTERS = before
    assert [row(small, i) for i in range(len(texts))] == [row(count(texts), i) for i in range(len(texts))]


def test_character_ngrams_are_those_of_a_plain_loop() -> None:
    text = "The cat, the hat."
    for n in (1, 2, 3, 4):
        assert seen(text, f"character {n}") == len({text[i : i + n] for i in range(len(text) - n + 1)})


def test_words_forget_case_and_digits() -> None:
    assert row(count(["alpha 12"]), 0).keys() & row(count(["Alpha 77"]), 0).keys()
    assert seen("Alpha alpha ALPHA", "word 1") == 1
    assert seen("12 345 12", "word 1") == 2


def test_japanese_falls_apart_by_script() -> None:
    assert len(occurrences(["私はカメラです"]).bucket[GROUPS.index("word 1")]) == 4


def test_rhythm_knows_layout_and_counts_but_no_words() -> None:
    group = GROUPS.index("rhythm 5")
    one, other = (occurrences([t]).bucket[group].tolist() for t in ("- So it is, now.\n- Go", "- Na un et, tam.\n- Ro"))
    assert one == other
    longer = occurrences(["- So it is and was and will be, now.\n- Go"]).bucket[group].tolist()
    assert one != longer


def test_openings_are_of_the_first_words() -> None:
    group = GROUPS.index("opening 2")
    a, b, c = (
        occurrences([t]).bucket[group].tolist() for t in ("Sure thing, ok", "sure thing now", "Well, sure thing")
    )
    assert a == b != c


def test_columns_select_and_rename() -> None:
    whole = row(count(["abc abc"]), 0)
    wanted = sorted(whole)[:3]
    columns = np.full(BUCKETS, -1, np.int32)
    columns[wanted] = [2, 0, 1]
    assert row(count(["abc abc"], columns), 0) == {2: whole[wanted[0]], 0: whole[wanted[1]], 1: whole[wanted[2]]}


def test_nothing_gives_nothing() -> None:
    assert len(count([])) == 0
    assert len(count(["", ""]).columns) == 0
