from __future__ import annotations

import numpy as np

from fingerprint.training.splits import SIZES, draw


def test_cases_are_of_one_corpus_and_of_all_together() -> None:
    release = np.repeat([0, 1], 40)
    corpus = np.concatenate([np.repeat([0, 1], 20), np.zeros(40, int)])
    of = np.ones(80, bool)
    of[0] = False
    drawn = draw(release, corpus, of, seed=0)
    mixed = [rows for rows in drawn if len(np.unique(corpus[rows])) > 1]
    for rows in drawn:
        assert len(np.unique(release[rows])) == 1
        assert len(np.unique(rows)) == len(rows)
        assert len(rows) in SIZES
        assert 0 not in rows
    # Only the release that is in two corpora can be mixed, and it alone has no 25 rows in one of them.
    assert mixed
    assert {int(release[rows[0]]) for rows in mixed} == {0}
    assert max(len(rows) for rows in mixed) == 25
    assert not [
        rows for rows in drawn if len(rows) == 25 and release[rows[0]] == 0 and len(np.unique(corpus[rows])) < 2
    ]


def test_nothing_held_out_gives_no_cases() -> None:
    assert draw(np.zeros(5, int), np.zeros(5, int), np.zeros(5, bool), seed=0) == []
