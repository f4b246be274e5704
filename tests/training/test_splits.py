from __future__ import annotations

import numpy as np

from fingerprint.config import Config, SplitConfig
from fingerprint.features.text_forms import TextForm
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Domain, Labels
from fingerprint.training.splits import CaseKind, draw, split_for_calibration

CONFIG = SplitConfig()


def labelled(release: np.ndarray, corpus: np.ndarray) -> Labels:
    return Labels(release, np.full(len(release), -1), corpus, ["a", "b"], [Domain("c"), Domain("d")])


def test_cases_are_of_one_corpus_and_of_all_together() -> None:
    release = np.repeat([0, 1], 40)
    corpus = np.concatenate([np.repeat([0, 1], 20), np.zeros(40, int)])
    of = np.ones(80, bool)
    of[0] = False
    drawn = draw(labelled(release, corpus), of, CONFIG, seed=0)
    mixed = [rows for rows in drawn if len(np.unique(corpus[rows])) > 1]
    for rows in drawn:
        assert len(np.unique(release[rows])) == 1
        assert len(np.unique(rows)) == len(rows)
        assert len(rows) in CONFIG.sizes
        assert 0 not in rows
    # Only the release that is in two corpora can be mixed, and it alone has no 25 rows in one of them.
    assert mixed
    assert {int(release[rows[0]]) for rows in mixed} == {0}
    assert max(len(rows) for rows in mixed) == 25
    assert not [
        rows for rows in drawn if len(rows) == 25 and release[rows[0]] == 0 and len(np.unique(corpus[rows])) < 2
    ]


def test_nothing_held_out_gives_no_cases() -> None:
    assert draw(labelled(np.zeros(5, int), np.zeros(5, int)), np.zeros(5, bool), CONFIG, seed=0) == []


def test_what_is_held_out_is_held_out_whole() -> None:
    grid = [(r, p, c) for c in range(8) for r in range(40) for p in range(12)]
    release, prompt, corpus = (np.array(part) for part in zip(*grid, strict=True))
    prompt = prompt + 12 * corpus
    both = [np.concatenate([code, code[::2]]) for code in (release, prompt)]
    domains = [Domain(name, form) for name in "abcdefgh" for form in TextForm]
    labels = Labels(
        both[0], both[1], np.concatenate([2 * corpus, 2 * corpus[::2] + 1]), [f"r{i:02}" for i in range(40)], domains
    )
    full = np.arange(len(labels.release)) < len(release)
    config = Config()
    data = Data(labels, full, np.ones(len(full), bool), (None, None), config.features)  # type: ignore[arg-type]
    names = labels.releases
    lab_of = {name: f"lab{i // 3}" for i, name in enumerate(names)}
    groups = {name: frozenset({name, names[i ^ 1]}) for i, name in enumerate(names)}
    split = split_for_calibration(data, TrainingContext(lab_of, groups, np.ones(40, bool), config))
    assert set(split.kind) == {None, *CaseKind}
    assert (split.train == np.array([kind is None for kind in split.kind])).all()
    of_kind = {kind: split.kind == kind for kind in CaseKind}
    lab = np.array([lab_of[name] for name in names])[labels.release]
    unknown, unseen = (of_kind[kind] for kind in (CaseKind.UNKNOWN, CaseKind.UNSEEN))
    assert not set(lab[unknown]) & set(lab[~unknown])
    gone = set(labels.release[unseen])
    assert not gone & set(labels.release[~unseen])
    # With a release its group goes, but for what is gone with its lab.
    assert all(r ^ 1 in gone or r ^ 1 in set(labels.release[unknown]) for r in gone)
    corpora = {labels.corpora[c].corpus for c in labels.corpus[of_kind[CaseKind.OTHER]]}
    assert not corpora & {labels.corpora[c].corpus for c in labels.corpus[split.train]}
    assert not set(labels.prompt[of_kind[CaseKind.SAME]]) & set(labels.prompt[split.train])
