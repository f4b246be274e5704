from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.config import FeatureConfig
from fingerprint.features import ngrams
from fingerprint.features.ngrams import Counts, Family, Vocabulary, columns_of, count, occurrences, salt
from tests.features import golden

DEFAULT = FeatureConfig()


def row(counts: Counts, i: int) -> dict[int, int]:
    at = slice(counts.starts[i], counts.starts[i + 1])
    return dict(zip(counts.columns[at].tolist(), counts.counts[at].tolist(), strict=True))


def buckets(text: str, family: Family, order: int) -> list[int]:
    """The bucket of each occurrence."""
    return [int(bucket) for bucket in occurrences([text], DEFAULT).bucket[family, order]]


def seen(text: str, family: Family, order: int) -> int:
    """Different features of a family and order in a text."""
    return len(set(buckets(text, family, order)))


anything = st.lists(st.text(st.characters(codec=None), max_size=60), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(anything)
def test_a_text_counts_the_same_alone_and_among_others(texts: list[str]) -> None:
    together = count(texts, DEFAULT)
    assert [row(together, i) for i in range(len(texts))] == [row(count([text], DEFAULT), 0) for text in texts]


@settings(max_examples=40, deadline=None)
@given(anything)
def test_batches_do_not_show(texts: list[str]) -> None:
    before = ngrams.BATCH_CHARACTERS
    try:
        ngrams.BATCH_CHARACTERS = 5
        small = count(texts, DEFAULT)
    finally:
        ngrams.BATCH_CHARACTERS = before
    assert [row(small, i) for i in range(len(texts))] == [row(count(texts, DEFAULT), i) for i in range(len(texts))]


def test_character_ngrams_are_those_of_a_plain_loop() -> None:
    text = "The cat, the hat."
    for n in (1, 2, 3, 4):
        assert seen(text, Family.CHARACTER, n) == len({text[i : i + n] for i in range(len(text) - n + 1)})


def test_words_forget_case_and_digits() -> None:
    assert row(count(["alpha 12"], DEFAULT), 0).keys() & row(count(["Alpha 77"], DEFAULT), 0).keys()
    assert seen("Alpha alpha ALPHA", Family.WORD, 1) == 1
    assert seen("12 345 12", Family.WORD, 1) == 2


def test_japanese_falls_apart_by_script() -> None:
    assert len(buckets("私はカメラです", Family.WORD, 1)) == 4


def test_shapes_hold_layout_and_counts_but_no_words() -> None:
    one, other = (buckets(t, Family.SHAPE, 5) for t in ("- So it is, now.\n- Go", "- Na un et, tam.\n- Ro"))
    assert one == other
    assert one != buckets("- So it is and was and will be, now.\n- Go", Family.SHAPE, 5)


def test_openings_are_of_the_first_words() -> None:
    a, b, c = (buckets(t, Family.OPENING, 2) for t in ("Sure thing, ok", "sure thing now", "Well, sure thing"))
    assert a == b != c


def test_columns_select_and_rename() -> None:
    whole = row(count(["abc abc"], DEFAULT), 0)
    wanted = sorted(whole)[:3]
    columns = np.full(DEFAULT.buckets, -1, np.int32)
    columns[wanted] = [2, 0, 1]
    assert row(count(["abc abc"], DEFAULT, columns), 0) == {
        2: whole[wanted[0]],
        0: whole[wanted[1]],
        1: whole[wanted[2]],
    }


def test_nothing_gives_nothing() -> None:
    assert len(count([], DEFAULT)) == 0
    assert len(count(["", ""], DEFAULT).columns) == 0


def test_the_counts_of_these_texts_never_change() -> None:
    assert row(count([golden.SHORT_TEXT], DEFAULT), 0) == golden.SHORT
    for text, (counted, families) in golden.TEXTS.items():
        counts = count([text], DEFAULT)
        data = counts.columns.astype("<i4").tobytes() + counts.counts.astype("<u2").tobytes()
        found = {name_of(*key): own for key, own in occurrences([text], DEFAULT).bucket.items()}
        assert {name: (len(own), sha(own.astype("<u4").tobytes(), 12)) for name, own in found.items()} == families
        assert sha(data, 16) == counted


def test_the_order_in_which_families_are_counted_does_not_matter() -> None:
    backwards = FeatureConfig(
        character_orders=(4, 3, 2, 1), word_orders=(3, 2, 1), shape_orders=(5, 4, 3, 2, 1), line_start_orders=(2, 1)
    )
    for text in golden.TEXTS:
        assert row(count([text], backwards), 0) == row(count([text], DEFAULT), 0)


def test_every_order_of_every_family_has_a_salt_of_its_own() -> None:
    salts = [salt(family, order) for family in Family for order in range(1, 17)]
    assert len(set(salts)) == len(salts)


def test_the_configuration_says_what_is_counted() -> None:
    few = FeatureConfig(
        hash_bits=12, character_orders=(3,), word_orders=(), shape_orders=(), line_start_orders=(), edge_words=0
    )
    found = occurrences(["Hello, world."], few).bucket
    assert {key for key, own in found.items() if len(own)} == {(Family.CHARACTER, 3)}
    counts = count(["Hello, world."], few)
    assert counts.counts.sum() == 11
    assert counts.columns.max() < 1 << 12
    # The same hashes, of which fewer bits are left.
    assert set(found[Family.CHARACTER, 3]) == {b >> 8 for b in buckets("Hello, world.", Family.CHARACTER, 3)}
    assert [row(count(["a b"] * 5_000, few), i) for i in (0, 4_999)] == [row(count(["a b"], few), 0)] * 2


def test_the_columns_of_a_vocabulary() -> None:
    vocabulary = Vocabulary(np.array([3, 200], np.int32), np.ones(2, np.float32), FeatureConfig(hash_bits=8))
    assert len(vocabulary) == 2
    assert np.flatnonzero(vocabulary.columns() >= 0).tolist() == [3, 200]
    assert vocabulary.columns()[[3, 200]].tolist() == [0, 1]
    assert (columns_of(vocabulary.buckets, vocabulary.features) == vocabulary.columns()).all()


def name_of(family: Family, order: int) -> str:
    return family if family is Family.SENTENCE_START else f"{family} {order}"


def sha(data: bytes, digits: int) -> str:
    return hashlib.sha256(data).hexdigest()[:digits]
