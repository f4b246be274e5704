"""What each fold leaves out of the training of its model: a corpus, some labs, some groups of releases, some prompts.

One fold serves four protocols, and each corpus, lab and group of releases is left out of exactly one fold. What a fold
leaves out for one protocol makes the others a little harder. So a release is left out where its corpora and its lab
are not, as far as that is possible. Responses of a left-out release or lab in a left-out corpus are no test cases,
because they would ask two questions at once. The calibration of a fold comes from the other folds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize
from fingerprint.evaluation.config import EvaluationConfig
from fingerprint.metrics.predictions import Bools, Ints
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data
from fingerprint.training.splits import CaseKind


@dataclass(frozen=True)
class Fold:
    """What one model is trained and tested on.

    Attributes:
        train: (n,) the rows that the model may be trained on.
        tested: For each kind (n,) the rows that its test cases are drawn from.
        prompts: Which part of the prompts is left out.
        releases: Names of the left-out releases, those of left-out labs included.
    """

    train: Bools
    tested: Mapping[CaseKind, Bools]
    prompts: int
    releases: frozenset[str]


def leave_out(context: TrainingContext, data: Data, config: EvaluationConfig) -> list[Fold]:
    """Decide what each fold leaves out, by the seed of `context.config`.

    Args:
        context: Labs, groups and candidates. Releases that are no candidates are in no fold.
        data: The n rows.
        config: The number of folds and of parts of the prompts.

    Returns:
        The folds; their number is at most that of the corpora, with each corpus and its plain copy as one.
    """
    rng = np.random.default_rng(context.config.seed)
    labels, candidate = data.labels, context.candidate
    lab = factorize([context.lab_of[name] for name in labels.releases])[1]
    group = factorize([min(context.groups[name]) for name in labels.releases])[1]
    size = np.bincount(labels.release[data.full], minlength=len(lab))
    folds = min(config.folds, _corpora(data)[1].max() + 1)
    fold_of_corpus = _folds_of_corpora(data, folds)
    lost = np.zeros((len(lab), folds))
    np.add.at(lost, (labels.release[data.full], fold_of_corpus[labels.corpus[data.full]]), 1)
    fold_of_lab = _assign(lab, size, lost, candidate, config.most_lost, rng)
    # A release is no test case of its own where its lab is left out.
    lost[fold_of_lab[:, None] == np.arange(folds)] = np.inf
    fold_of_group = _assign(group, size, lost, candidate, config.most_lost, rng)
    prompts = np.unique(labels.prompt)
    part = rng.permutation(len(prompts)) % config.prompt_parts
    part_of = np.where(labels.prompt >= 0, part[np.searchsorted(prompts, labels.prompt)], -1)
    out = []
    for fold in range(folds):
        no_lab, no_release = fold_of_lab == fold, fold_of_group == fold
        left_out = {
            CaseKind.SAME: part_of == fold % config.prompt_parts,
            CaseKind.OTHER: fold_of_corpus[labels.corpus] == fold,
            CaseKind.UNSEEN: no_release[labels.release],
            CaseKind.UNKNOWN: no_lab[labels.release],
        }
        train = candidate[labels.release] & ~np.logical_or.reduce(list(left_out.values()))
        two_questions = left_out[CaseKind.OTHER] & (left_out[CaseKind.UNSEEN] | left_out[CaseKind.UNKNOWN])
        testable = candidate[labels.release] & data.full & ~two_questions
        tested = {}
        # The last kind that a row is left out for is its own: a release of a left-out lab is of an unknown lab.
        for kind in reversed(left_out):
            tested[kind] = testable & left_out[kind]
            testable = testable & ~left_out[kind]
        names = [name for name, gone in zip(labels.releases, no_lab | no_release, strict=True) if gone]
        out.append(Fold(train, tested, fold % config.prompt_parts, frozenset(names)))
    return out


def _assign(
    code: Ints, size: Ints, lost: NDArray[np.float64], candidate: Bools, most_lost: float, rng: np.random.Generator
) -> Ints:
    """(releases,) the fold of each class, the large classes apart, in folds where little is lost if there are any.

    code, size: (releases,) the class of each release and its responses; lost: (releases, folds) responses that would be
    no test cases in each fold, infinite if none would be; candidate: (releases,) others have no fold (-1).
    """
    found, at = np.unique(code[candidate], return_inverse=True)
    total = np.bincount(at, size[candidate])
    gone = np.zeros((len(found), lost.shape[1]))
    np.add.at(gone, at, lost[candidate])
    order = np.lexsort((rng.random(len(found)), -total))
    load, fold_of = np.zeros(lost.shape[1]), np.full(code.max() + 1, -1)
    for i in order:
        fold = int(np.lexsort((load, gone[i] > most_lost * total[i], np.isinf(gone[i])))[0])
        fold_of[found[i]] = fold
        load[fold] += total[i]
    return fold_of[code]


def _corpora(data: Data) -> tuple[list[str], Ints]:
    """(names, (corpora,) code of each) with a corpus and its plain copy as one."""
    return factorize([domain.corpus for domain in data.labels.corpora])


def _folds_of_corpora(data: Data, folds: int) -> Ints:
    """(corpora,) the fold of each, the large corpora apart."""
    names, code = _corpora(data)
    rows = np.bincount(data.labels.corpus, minlength=len(code))
    total = np.bincount(code, rows)
    load, fold_of = np.zeros(folds), np.zeros(len(names), np.int64)
    for i in np.argsort(-total, kind="stable"):
        fold_of[i] = load.argmin()
        load[fold_of[i]] += total[i]
    return fold_of[code]
