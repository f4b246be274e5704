"""What each fold's model is not shown: a corpus, some labs, some releases with their groups, some prompts.

One fold serves four protocols, and each corpus, lab and group of releases is left out of one fold exactly: what a
fold leaves out for one protocol only makes the others harder. Its calibration comes from the other folds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.train.data import PLAIN, Data, Ints, Labels, few_of_each

Bools = NDArray[np.bool_]

SAME, OTHER, UNSEEN, UNKNOWN = "same-set", "other-set", "unseen-release", "unknown-lab"
# Prompts are left out in so many parts, a fold one of them: enough of them for 25 responses of a release.
PROMPT_PARTS = 5


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
    fold_of_lab = _spread(labs[candidate], size[candidate], folds, rng)
    fold_of_group = _spread(group[candidate], size[candidate], folds, rng)
    fold_of_corpus = _corpora(data, folds)
    prompts = np.unique(labels.prompt)
    part = rng.permutation(len(prompts)) % PROMPT_PARTS
    part_of = np.where(labels.prompt >= 0, part[np.searchsorted(prompts, labels.prompt)], -1)
    asked = candidate[labels.release]
    out = []
    for fold in range(folds):
        kind = np.full(len(labels.release), "train", dtype="<U14")
        kind[part_of == fold % PROMPT_PARTS] = SAME
        kind[fold_of_corpus[labels.corpus] == fold] = OTHER
        no_lab = np.array([fold_of_lab.get(name) == fold for name in labs])
        no_release = np.array([fold_of_group.get(name) == fold for name in group])
        kind[no_release[labels.release]] = UNSEEN
        kind[no_lab[labels.release]] = UNKNOWN
        train = (kind == "train") & asked
        kind[train | ~asked | ~data.full] = ""
        names = np.array(labels.releases)[no_lab | no_release]
        out.append(Fold(train, kind, fold % PROMPT_PARTS, frozenset(names.tolist())))
    return out


def _spread(names: NDArray[np.str_], size: Ints, folds: int, rng: np.random.Generator) -> dict[str, int]:
    """A fold for each name, the large ones apart from each other."""
    found, at = np.unique(names, return_inverse=True)
    total = np.bincount(at, size)
    order = np.lexsort((rng.random(len(found)), -total))
    load, out = np.zeros(folds), {}
    for i in order:
        fold = int(load.argmin())
        out[str(found[i])] = fold
        load[fold] += total[i]
    return out


def _corpora(data: Data, folds: int) -> Ints:
    """(corpora,) the fold of each, a corpus and its plain forms together, the large ones apart."""
    names = data.labels.corpora
    bare = [name.removesuffix(PLAIN) for name in names]
    rows = np.bincount(data.labels.corpus, minlength=len(names))
    found, at = np.unique(bare, return_inverse=True)
    total = np.bincount(at, rows)
    load, fold_of = np.zeros(folds), np.zeros(len(found), np.int64)
    for i in np.argsort(-total, kind="stable"):
        fold_of[i] = load.argmin()
        load[fold_of[i]] += total[i]
    return fold_of[at]


def thinned(labels: Labels, of: Bools, most: int, seed: int) -> Bools:
    """Of the rows that `of` (n,) marks, at most `most` a release and corpus, drawn by seed."""
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(of)
    out = np.zeros(len(of), bool)
    out[rows[few_of_each(labels.release[rows] * len(labels.corpora) + labels.corpus[rows], most, rng)]] = True
    return out
