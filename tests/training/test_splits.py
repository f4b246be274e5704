from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from fingerprint.config import Config, MixtureConfig, SplitConfig
from fingerprint.data.corpus import Source
from fingerprint.features.text_forms import TextForm
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Domain, Labels
from fingerprint.training.splits import CalibrationSplit, CaseKind, calibration_splits, draw, related_corpora

CONFIG = SplitConfig()
CORPORA = "abcdefghij"
RELEASES, PROMPTS = 40, 12


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


def test_kinds_are_the_fields_of_the_mixture() -> None:
    assert tuple(map(str, CaseKind)) == MixtureConfig.__struct_fields__


def made(many: int = len(CORPORA), prompts: int = PROMPTS, **splits: Any) -> tuple[Data, TrainingContext]:
    """Forty releases in pairs (a group each) of ten labs answer all prompts of each corpus; released by month."""
    grid = [(r, p, c) for c in range(many) for r in range(RELEASES) for p in range(prompts)]
    release, prompt, corpus = (np.array(part) for part in zip(*grid, strict=True))
    both = [np.concatenate([code, code[::2]]) for code in (release, prompt + prompts * corpus)]
    labels = Labels(
        both[0],
        both[1],
        np.concatenate([2 * corpus, 2 * corpus[::2] + 1]),
        [f"r{i:02}" for i in range(RELEASES)],
        [Domain(name, form) for name in CORPORA[:many] for form in TextForm],
    )
    full = np.arange(len(labels.release)) < len(release)
    config = Config(splits=msgspec.structs.replace(CONFIG, **splits))
    data = Data(labels, full, np.ones(len(full), bool), np.full(len(full), "", object), (None, None), config.features)  # type: ignore[arg-type]
    names = labels.releases
    context = TrainingContext(
        {name: f"lab{i // 4:02}" for i, name in enumerate(names)},
        {name: frozenset({name, names[i ^ 1]}) for i, name in enumerate(names)},
        np.arange(RELEASES) != 7,
        np.where(np.arange(RELEASES) == 9, -1, np.arange(RELEASES)),
        config,
    )
    return data, context


def of(split: CalibrationSplit, *kinds: CaseKind) -> np.ndarray:
    return np.isin(split.kind.astype(str), kinds)


def lab_of(labels: Labels, context: TrainingContext) -> np.ndarray:
    return np.array([context.lab_of[name] for name in labels.releases], object)[labels.release]


def corpus_of(labels: Labels) -> np.ndarray:
    return np.array([domain.corpus for domain in labels.corpora], object)[labels.corpus]


def test_what_a_model_is_not_shown_it_is_not_shown_at_all() -> None:
    data, context = made(later=())
    labels = data.labels
    lab, corpus = lab_of(labels, context), corpus_of(labels)
    splits = calibration_splits(data, context, {})
    assert len(splits) == CONFIG.folds
    for split in splits:
        assert {kind for kind in split.kind if kind} == set(CaseKind) - {CaseKind.LATER}
        assert (split.train == np.array([kind is None for kind in split.kind])).all()
        unknown = of(split, CaseKind.UNKNOWN)
        assert not set(lab[unknown]) & set(lab[~unknown])
        new = of(split, CaseKind.UNSEEN, CaseKind.BOTH)
        gone = set(labels.release[new].tolist())
        assert not gone & set(labels.release[~new].tolist())
        # With a release its group goes.
        assert {r ^ 1 for r in gone} == gone
        left_out = set(corpus[of(split, CaseKind.OTHER)])
        assert left_out == set(corpus[of(split, CaseKind.BOTH)])
        assert not left_out & set(corpus[split.train])
        assert not left_out & set(corpus[of(split, CaseKind.UNSEEN, CaseKind.SAME)])
        # Other corpora have releases that the model knows; in other kinds than these nothing is new.
        shown = set(labels.release[split.train].tolist())
        for kind in (CaseKind.SAME, CaseKind.OTHER):
            assert set(labels.release[of(split, kind)].tolist()) == shown
        assert not set(labels.prompt[of(split, CaseKind.SAME)]) & set(labels.prompt[split.train])
        assert set(corpus[of(split, CaseKind.SAME)]) <= set(corpus[split.train])


def test_each_corpus_lab_and_group_is_left_out_of_one_model_at_most() -> None:
    data, context = made(later=())
    labels = data.labels
    found: dict[str, list[Any]] = {"corpus": [], "lab": [], "group": [], "prompt": []}
    for split in calibration_splits(data, context, {}):
        found["corpus"] += set(corpus_of(labels)[of(split, CaseKind.OTHER)])
        found["lab"] += set(lab_of(labels, context)[of(split, CaseKind.UNKNOWN)])
        found["group"] += {int(r) // 2 for r in labels.release[of(split, CaseKind.UNSEEN)]}
        found["prompt"] += set(labels.prompt[of(split, CaseKind.SAME)].tolist())
    for name, wanted in (("corpus", 4), ("lab", 4), ("group", 8), ("prompt", 40)):
        assert max(Counter(found[name]).values()) == 1, name
        assert len(found[name]) >= wanted * 0.7, name


def test_corpora_of_one_repository_are_left_out_together() -> None:
    sources = {
        "a": "hub/x",
        "b": "",
        "c": "hub/x",
        "d": "",
        "e": "hub/x (git history; removed from HEAD)",
        "fork": "another/X",
        "one": "https://example.org/x",
        "two": "https://example.org/y/x",
    }
    found = related_corpora([Source(name, 9, "", "", source) for name, source in sources.items()])
    assert {name for name, of in found.items() if of == "a"} == {"a", "c", "e", "fork"}
    assert {name for name, of in found.items() if of == name} == {"a", "b", "d", "one", "two"}
    data, context = made(later=(), corpora=0.5)
    together = dict.fromkeys("bcd", "a")
    for split in calibration_splits(data, context, together):
        left_out = set(corpus_of(data.labels)[of(split, CaseKind.OTHER)])
        assert len(left_out & set("abcd")) in (0, 4)
    assert any(
        "a" in set(corpus_of(data.labels)[of(split, CaseKind.OTHER)])
        for split in calibration_splits(data, context, together)
    )


def test_no_corpus_or_lab_is_left_out_that_is_too_large_a_part() -> None:
    data, context = made(5, later=())
    # Each of five corpora is a fifth of the rows, each of ten labs a tenth.
    for split in calibration_splits(data, context, {}):
        assert not of(split, CaseKind.OTHER, CaseKind.BOTH).any()
        assert of(split, CaseKind.UNKNOWN).any()
    large = calibration_splits(*made(5, later=(), labs=0.2), {})
    assert any(of(split, CaseKind.UNKNOWN).any() for split in large)


def test_a_model_of_a_month_knows_what_was_released_by_then_and_is_asked_about_what_came_next() -> None:
    data, context = made(folds=1)
    labels, released = data.labels, context.released
    _, *monthly = calibration_splits(data, context, {})
    assert len(monthly) == len(CONFIG.later)
    for split, ago in zip(monthly, CONFIG.later, strict=True):
        cut = released.max() - ago
        shown = set(labels.release[split.train].tolist())
        assert shown == {r for r in range(RELEASES) if 0 <= released[r] <= cut}
        assert 9 not in shown
        assert {kind for kind in split.kind if kind} == {CaseKind.LATER}
        asked = set(labels.release[of(split, CaseKind.LATER)].tolist())
        # Of a group that spans the cut, nothing is asked; nor what is no candidate, or came long after.
        assert asked == {r for r in range(RELEASES) if cut < released[r] <= cut + CONFIG.months and r ^ 1 not in shown}
        assert asked
        assert not asked & shown


def test_what_is_no_candidate_or_has_no_month_is_never_asked_about_later() -> None:
    data, context = made(folds=1, later=(34,), months=40)
    # Too few came before.
    assert len(calibration_splits(data, context, {})) == 1
    data, context = made(folds=1, later=(18,), months=40)
    candidate = context.candidate.copy()
    candidate[30] = False
    _, monthly = calibration_splits(data, replace(context, candidate=candidate), {})
    asked = set(data.labels.release[of(monthly, CaseKind.LATER)].tolist())
    assert 30 not in asked
    assert 31 in asked


@pytest.mark.parametrize(("many", "prompts"), [(1, 12), (2, 3), (4, 2)])
def test_tiny_corpora_leave_out_what_they_can(many: int, prompts: int) -> None:
    data, context = made(many, prompts, held_out_responses=3)
    for split in calibration_splits(data, context, {})[: CONFIG.folds]:
        assert split.train.any()
        assert not of(split, CaseKind.OTHER, CaseKind.BOTH).any()
        assert of(split, CaseKind.UNSEEN).any()
