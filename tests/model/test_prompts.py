from __future__ import annotations

import numpy as np

from fingerprint.base.keys import prompt_digest
from fingerprint.model.prompts import PromptTable, codes_of


def table(prompts: list[str], corpora: list[str], answers: list[int], gain: list[float] | None = None) -> PromptTable:
    """A table of prompts, each in the corpus of the same place."""
    names = sorted(set(corpora))
    hashes, corpus = codes_of([prompt_digest(p) for p in prompts]), np.array([names.index(c) for c in corpora])
    n = len(prompts)
    made = PromptTable(
        tuple(names), (("chat", "en"),), hashes, corpus, np.zeros(n, np.int64),
        size=np.array([len(p) for p in prompts]), answer_size=100.0 * np.array(answers), answers=np.array(answers),
        releases=np.array(answers), whole=np.ones(n, bool), gain=np.array(gain or [1.0] * n),
    )  # fmt: skip
    return made.of(np.lexsort((corpus, hashes)))


def row(of: PromptTable, prompt: str, corpus: str) -> PromptTable:
    return of.of((of.hash == codes_of([prompt_digest(prompt)])[0]) & (of.corpus == of.corpora.index(corpus)))


def test_prompts_are_known_whatever_their_white_space() -> None:
    known = table(["What is\na cat?", "Caf\u00e9?"], ["a", "a"], [3, 3])
    asked = ["  What is a   cat?\n", "Cafe\u0301?", "What is a dog?", ""]
    assert known.knows([prompt_digest(one) for one in asked]).tolist() == [True, True, False, False]


def test_the_arrays_give_the_table_back() -> None:
    known = table(["one", "two", "two", "three"], ["a", "a", "b", "b"], [3, 4, 5, 6], [0.5, 1.0, 1.5, 2.0])
    again = PromptTable.from_parts(known.to_document(), known.arrays())
    assert (again.corpora, again.kinds) == (known.corpora, known.kinds)
    for name in ("hash", "corpus", "kind", "size", "answer_size", "answers", "releases", "whole", "gain"):
        np.testing.assert_array_equal(getattr(again, name), getattr(known, name))


def test_too_many_prompts_leave_each_corpus_its_most_answered() -> None:
    known = table([str(i) for i in range(8)], ["a"] * 6 + ["b"] * 2, [9, 8, 7, 6, 5, 4, 1, 2])
    kept = known.most_answered(4)
    assert sorted(kept.answers.tolist()) == [1, 2, 8, 9]
    assert (np.diff(kept.hash.astype(float)) > 0).all()
    assert known.most_answered(8) is known


def test_prompts_of_an_update_are_counted_with_those_before() -> None:
    before = table(["one", "two"], ["a", "b"], [4, 4], [1.0, 2.0])
    added = table(["one", "three", "two"], ["a", "a", "c"], [12, 2, 1], [3.0, 1.0, 1.0])
    new = np.array([{"one": 3, "three": 2, "two": 1}[p] for p in ("one", "three", "two")])
    order = np.argsort(codes_of([prompt_digest(p) for p in ("one", "three", "two")]))
    joined = before.joined(added, new[order])
    assert joined.corpora == ("a", "b", "c")
    assert len(joined) == 4
    one = row(joined, "one", "a")
    # Four answers of before and twelve new ones, by three releases more.
    assert (one.answers.tolist(), one.releases.tolist()) == ([16], [7])
    assert (one.gain.tolist(), one.answer_size.tolist()) == ([2.5], [1000.0])
    assert row(joined, "two", "b").gain.tolist() == [2.0]
    assert row(joined, "two", "c").answers.tolist() == [1]
    assert (joined.hash[1:] >= joined.hash[:-1]).all()
