"""The calibration split: prompts, releases, labs and corpora that the first model of a training does not see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import isin
from fingerprint.config import SplitConfig
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Ints, Labels

# At most one corpus in so many is held out: the others have to stand for what the model will be trained on.
_CORPORA_FOR_EACH = 3


class CaseKind(StrEnum):
    """What of a case a model was not shown; the fields of `MixtureConfig`, in their order."""

    SAME = "same"
    OTHER = "other"
    UNSEEN = "unseen"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CalibrationSplit:
    """The split of n rows.

    Attributes:
        train: (n,) whether the first model sees a row.
        kind: (n,) the kind of case that a row is used for; None for a row that the first model sees.
    """

    train: NDArray[np.bool_]
    kind: NDArray[np.object_]


def split_for_calibration(data: Data, context: TrainingContext) -> CalibrationSplit:
    """Hold out prompts, releases with their groups, labs and corpora at random.

    Args:
        data: n rows.
        context: Shares and seed, labs, groups, and which releases can be predictions.

    Returns:
        The split.
    """
    config = context.config.splits
    rng = np.random.default_rng(context.config.seed)
    labels = data.labels
    size = np.bincount(labels.release[data.full], minlength=len(labels.releases))
    lab = np.unique([context.lab_of[name] for name in labels.releases], return_inverse=True)[1]
    large = context.candidate & (size >= config.held_out_responses)
    out_lab = np.isin(lab, _some(np.unique(lab[large]), config.labs, rng))
    drawn = np.flatnonzero(large & ~out_lab)
    drawn = drawn[rng.random(len(drawn)) < config.releases]
    gone = {name for i in drawn for name in context.groups[labels.releases[i]]}
    out_release = isin(labels.releases, gone) & ~out_lab
    prompts = np.unique(labels.prompt[labels.prompt >= 0])
    out_prompt = np.isin(labels.prompt, prompts[rng.random(len(prompts)) < config.prompts])
    out_corpus = np.isin(labels.corpus, _corpora(data, config))
    kind = np.full(len(labels.release), None, object)
    kind[out_prompt] = CaseKind.SAME
    kind[out_corpus] = CaseKind.OTHER
    kind[out_release[labels.release]] = CaseKind.UNSEEN
    kind[out_lab[labels.release]] = CaseKind.UNKNOWN
    held_out = out_prompt | out_corpus | (out_release | out_lab)[labels.release]
    return CalibrationSplit(~held_out, kind)


def draw(labels: Labels, use: NDArray[np.bool_], config: SplitConfig, seed: int) -> list[Ints]:
    """Draw cases: rows of one release in one corpus, and in all its corpora where there are several.

    Args:
        labels: Of n rows.
        use: (n,) the rows to draw from.
        config: Sizes, and cases of each.
        seed: Of the draws.

    Returns:
        The rows of each case, without repeats within a case.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(use)
    if not len(rows):
        return []
    release, corpus = labels.release, labels.corpus
    cells = _grouped(rows, release[rows] * (corpus.max() + 1) + corpus[rows])
    whole = [own for own in _grouped(rows, release[rows]) if len(np.unique(corpus[own])) > 1]
    return [
        rng.choice(some, n, replace=False)
        for some in [*cells, *whole]
        for n in config.sizes
        if len(some) >= n
        for _ in range(config.draws)
    ]


def _some(codes: Ints, share: float, rng: np.random.Generator) -> Ints:
    wanted = round(share * len(codes))
    return rng.choice(codes, wanted, replace=False) if wanted else codes[:0]


def _corpora(data: Data, config: SplitConfig) -> list[int]:
    """Corpora and their plain copies, up to a share of all rows; first those whose releases the others know best."""
    labels, full = data.labels, data.full
    codes, size = np.unique(labels.corpus[full], return_counts=True)
    if len(codes) < config.least_corpora:
        return []
    known = []
    for code in codes:
        elsewhere = np.unique(labels.release[full & (labels.corpus != code)])
        known.append(np.isin(labels.release[full & (labels.corpus == code)], elsewhere).mean())
    out: list[int] = []
    taken = 0
    for at in np.lexsort((size, -np.round(known, 2))):
        if taken + size[at] <= config.corpora * size.sum() and len(out) < len(codes) // _CORPORA_FOR_EACH:
            out.append(int(codes[at]))
            taken += size[at]
    names = {labels.corpora[code].corpus for code in out}
    return [code for code, domain in enumerate(labels.corpora) if domain.corpus in names]


def _grouped(rows: Ints, key: Ints) -> list[Ints]:
    order = np.argsort(key, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(key[order])) + 1)
