"""What each fold's model is not shown: a corpus, some labs, some releases with their groups, some prompts.

One fold serves four protocols, and each corpus, lab and group of releases is left out of one fold exactly. What a fold
leaves out for one protocol makes the others a little harder, so a release is left out where its corpora and its lab
are not, as far as that can be, and what is left of it in a left-out corpus is not asked about: that would be two
questions at once. The fold's calibration comes from the other folds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.training.data import Data, Ints, Labels, few_of_each

Bools = NDArray[np.bool_]

SAME, OTHER, UNSEEN, UNKNOWN = "same-set", "other-set", "unseen-release", "unknown-lab"
# Prompts are left out in so many parts, a fold one of them: enough of them for 25 responses of a release.
PROMPT_PARTS = 5
# Of its responses, what a release or lab may lose to a corpus that is left out of the same fold.
_LOST = 0.1


@dataclass(frozen=True)
class Fold:
    """Of n rows. train: (n,) shown; kind: (n,) the protocol that the others are asked in, empty where in none;
    prompts: which part of the prompts is left out; groups: releases left out with all their labs' and groups'."""

    train: Bools
    kind: NDArray[np.str_]
    prompts: int
    groups: frozenset[str]


def leave_out(
    data: Data, lab_of: Mapping[str, str], groups: Mapping[str, frozenset[str]], candidate: Bools, folds: int, seed: int
) -> list[Fold]:
    """candidate: (releases,) whether a release can be an answer; the others are neither shown nor asked about.

    groups: what the registry groups with each release.
    """
    rng = np.random.default_rng(seed)
    labels = data.labels
    labs = np.array([lab_of[name] for name in labels.releases])
    group = np.array([min(groups[name]) for name in labels.releases])
    size = np.bincount(labels.release[data.full], minlength=len(labs))
    fold_of_corpus = _corpora(data, folds)
    lost = np.zeros((len(labs), folds))
    np.add.at(lost, (labels.release[data.full], fold_of_corpus[labels.corpus[data.full]]), 1)
    fold_of_lab = _spread(labs[candidate], size[candidate], lost[candidate], rng)
    of_lab = np.array([fold_of_lab.get(name, -1) for name in labs])
    # With its lab a release is gone altogether.
    lost[of_lab[:, None] == np.arange(folds)] = np.inf
    fold_of_group = _spread(group[candidate], size[candidate], lost[candidate], rng)
    prompts = np.unique(labels.prompt)
    part = rng.permutation(len(prompts)) % PROMPT_PARTS
    part_of = np.where(labels.prompt >= 0, part[np.searchsorted(prompts, labels.prompt)], -1)
    asked = candidate[labels.release]
    out = []
    for fold in range(folds):
        kind = np.full(len(labels.release), "train", dtype="<U14")
        kind[part_of == fold % PROMPT_PARTS] = SAME
        out_corpus = fold_of_corpus[labels.corpus] == fold
        kind[out_corpus] = OTHER
        no_lab = of_lab == fold
        no_release = np.array([fold_of_group.get(name) == fold for name in group])
        kind[no_release[labels.release]] = UNSEEN
        kind[no_lab[labels.release]] = UNKNOWN
        train = (kind == "train") & asked
        both = out_corpus & (no_lab | no_release)[labels.release]
        kind[train | both | ~asked | ~data.full] = ""
        names = np.array(labels.releases)[no_lab | no_release]
        out.append(Fold(train, kind, fold % PROMPT_PARTS, frozenset(names.tolist())))
    return out


def _spread(
    names: NDArray[np.str_], size: Ints, lost: NDArray[np.float64], rng: np.random.Generator
) -> dict[str, int]:  # fmt: skip
    """A fold for each name, the large ones apart from each other; where there are any, of the folds in which little is
    lost. names, size: (n,) some may be the same name; lost: (n, folds) how many of the responses would not be asked
    about in each fold, infinite where none would be."""
    found, at = np.unique(names, return_inverse=True)
    total = np.bincount(at, size)
    gone = np.zeros((len(found), lost.shape[1]))
    np.add.at(gone, at, lost)
    order = np.lexsort((rng.random(len(found)), -total))
    load, out = np.zeros(lost.shape[1]), {}
    for i in order:
        fold = int(np.lexsort((load, gone[i] > _LOST * total[i], np.isinf(gone[i])))[0])
        out[str(found[i])] = fold
        load[fold] += total[i]
    return out


def _corpora(data: Data, folds: int) -> Ints:
    """(corpora,) the fold of each, a corpus and its plain forms together, the large ones apart."""
    names = data.labels.corpora
    bare = [domain.corpus for domain in names]
    rows = np.bincount(data.labels.corpus, minlength=len(names))
    found, at = np.unique(bare, return_inverse=True)
    total = np.bincount(at, rows)
    load, fold_of = np.zeros(folds), np.zeros(len(found), np.int64)
    for i in np.argsort(-total, kind="stable"):
        fold_of[i] = load.argmin()
        load[fold_of[i]] += total[i]
    return fold_of[at]


def subsample(labels: Labels, of: Bools, most: int, seed: int) -> Bools:
    """Of the rows that `of` (n,) marks, at most `most` a release and corpus, drawn by seed."""
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(of)
    out = np.zeros(len(of), bool)
    out[rows[few_of_each(labels.release[rows] * len(labels.corpora) + labels.corpus[rows], most, rng)]] = True
    return out
