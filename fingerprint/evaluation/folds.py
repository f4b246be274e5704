"""What each fold leaves out of its model's training: corpora, some labs, some groups of releases, some prompts.

One fold serves five protocols, and each corpus, lab and group of releases is left out of exactly one fold. What a fold
leaves out for one protocol makes the others a little harder. Corpora of one repository are left out together: they
share prompts, layouts and often releases. The calibration of a fold comes from the other folds, and from one model of
an earlier time: no fold leaves out all that was released after a month.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from fingerprint.base.keys import factorize
from fingerprint.evaluation.config import EvaluationConfig
from fingerprint.metrics.predictions import Bools, Ints
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.splits import CalibrationSplit, CaseKind, calibration_splits

_NO_PROMPTS = -1


@dataclass(frozen=True)
class Fold:
    """What one model is trained and tested on.

    Attributes:
        train: (n,) the rows that the model may be trained on.
        tested: For each kind (n,) the rows that its test cases are drawn from.
        prompts: Which part of the prompts is left out; -1 for none.
        releases: Names of the left-out releases, those of left-out labs included.
    """

    train: Bools
    tested: Mapping[CaseKind, Bools]
    prompts: int = _NO_PROMPTS
    releases: frozenset[str] = frozenset()

    @classmethod
    def of(cls, split: CalibrationSplit, testable: Bools) -> Fold:
        """Return what a model to calibrate on is trained and tested on; testable: (n,) rows that may be tested."""
        return cls(split.train, {kind: testable & np.asarray(split.kind == kind, bool) for kind in CaseKind})


def leave_out(context: TrainingContext, data: Data, related: Mapping[str, str], config: EvaluationConfig) -> list[Fold]:
    """Decide what each fold leaves out, by the seed of `context.config`.

    Args:
        context: Labs, groups and candidates. Releases that are no candidates are in no fold.
        data: The n rows.
        related: By corpus, a name that corpora share which are left out together; a corpus that is not here is alone.
        config: The number of folds and of parts of the prompts.

    Returns:
        The folds; there are at most as many as there are corpora that are not related.
    """
    rng = np.random.default_rng(context.config.seed)
    labels, candidate = data.labels, context.candidate
    lab = factorize([context.lab_of[name] for name in labels.releases])[1]
    group = factorize([min(context.groups[name]) for name in labels.releases])[1]
    size = np.bincount(labels.release[data.full], minlength=len(lab))
    corpus = factorize([related.get(domain.corpus, domain.corpus) for domain in labels.corpora])[1]
    folds = min(config.folds, int(corpus.max()) + 1)
    of_corpus = np.bincount(labels.corpus, minlength=len(corpus))
    fold_of_corpus = _assign(corpus, of_corpus, np.zeros((len(corpus), folds), bool), rng)[labels.corpus]
    fold_of_lab = np.full(len(lab), -1)
    fold_of_lab[candidate] = _assign(
        lab[candidate], size[candidate], np.zeros((int(candidate.sum()), folds), bool), rng
    )
    # Where its lab is left out too, a release would be no test case of its own.
    with_lab = fold_of_lab[:, None] == np.arange(folds)
    fold_of_group = np.full(len(lab), -1)
    fold_of_group[candidate] = _assign(group[candidate], size[candidate], with_lab[candidate], rng)
    prompts = np.unique(labels.prompt)
    part = rng.permutation(len(prompts)) % config.prompt_parts
    part_of = np.where(labels.prompt >= 0, part[np.searchsorted(prompts, labels.prompt)], _NO_PROMPTS)
    testable = candidate[labels.release] & data.full
    out = []
    for number in range(folds):
        prompt_part = number % config.prompt_parts
        no_lab, no_release, other = fold_of_lab == number, fold_of_group == number, fold_of_corpus == number
        split = CalibrationSplit.of(labels.release, part_of == prompt_part, other, no_release, no_lab)
        names = frozenset(name for name, gone in zip(labels.releases, no_lab | no_release, strict=True) if gone)
        fold = Fold.of(split, testable)
        train = fold.train & candidate[labels.release]
        out.append(dataclasses.replace(fold, train=train, prompts=prompt_part, releases=names))
    return out


def earlier(context: TrainingContext, data: Data, related: Mapping[str, str]) -> list[Fold]:
    """Return what a model of an earlier time is trained on, with the later releases as its cases.

    The time is `SplitConfig.later`, the first of them. This fold leaves out no release on purpose: whoever calibrates
    on it has to drop the releases of his own.

    Args:
        context: Months and candidates.
        data: The n rows.
        related: As of `leave_out`.

    Returns:
        One such fold; none if too few releases came before that time or after it.
    """
    config = context.config
    splits = replace(config.splits, later=config.splits.later[:1])
    own = dataclasses.replace(context, config=replace(config, splits=splits))
    candidate = context.candidate[data.labels.release]
    found = [Fold.of(split, candidate & data.full) for split in calibration_splits(data, own, related)]
    return [
        dataclasses.replace(fold, train=fold.train & candidate) for fold in found if fold.tested[CaseKind.LATER].any()
    ]


def _assign(code: Ints, size: Ints, not_there: NDArray[np.bool_], rng: np.random.Generator) -> Ints:
    """(items,) the fold of the class of each item, the large classes apart.

    code, size: (items,) class and responses of each; not_there: (items, folds) folds that a class avoids if it can.
    """
    found, at = np.unique(code, return_inverse=True)
    total = np.bincount(at, size)
    avoided = np.zeros((len(found), not_there.shape[1]), bool)
    np.logical_or.at(avoided, at, not_there)
    load, fold_of = np.zeros(not_there.shape[1]), np.zeros(len(found), np.int64)
    for i in np.lexsort((rng.random(len(found)), -total)):
        fold = int(np.lexsort((load, avoided[i]))[0])
        fold_of[i] = fold
        load[fold] += total[i]
    return fold_of[at]
