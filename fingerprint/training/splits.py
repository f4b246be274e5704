"""What a first model is not shown, so that the calibration can be fitted on it: prompts, releases, labs, corpora."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.covariates import MOST_CALIBRATED
from fingerprint.training.data import PLAIN, Data, Ints

PROMPTS, RELEASES, LABS, CORPORA = 0.10, 0.12, 0.08, 0.15
SIZES = (1, 3, 5, 10, MOST_CALIBRATED)
_FEWEST_ROWS = 30
_FEWEST_CORPORA = 4
_DRAWS = 2


class CaseKind(StrEnum):
    """What of a case a model was not shown; the fields of `MixtureConfig`, in their order."""

    SAME = "same"
    OTHER = "other"
    UNSEEN = "unseen"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CalibrationSplit:
    """What a first model is shown, and what it is not.

    Attributes:
        train: (n,) whether a row is shown.
        kind: (n,) the kind of case that a row is used for; None for a row that is shown.
    """

    train: NDArray[np.bool_]
    kind: NDArray[np.object_]


def split_for_calibration(
    data: Data,
    lab_of: Mapping[str, str],
    groups: Mapping[str, frozenset[str]],
    candidate: NDArray[np.bool_],
    seed: int,
) -> CalibrationSplit:
    """Chooses by seed. candidate: (releases,) whether a release can be an answer; groups: what goes with each."""
    rng = np.random.default_rng(seed)
    labels = data.labels
    size = np.bincount(labels.release[data.full], minlength=len(labels.releases))
    names = np.array(labels.releases)
    labs = np.array([lab_of[r] for r in labels.releases])
    large = candidate & (size >= _FEWEST_ROWS)
    unknown = _some(np.unique(labs[large]), LABS, rng)
    out_lab = np.isin(labs, unknown)
    chosen = names[large & ~out_lab][rng.random((large & ~out_lab).sum()) < RELEASES]
    out_release = np.isin(names, sorted({r for name in chosen for r in groups[name]})) & ~out_lab
    prompts = np.unique(labels.prompt[labels.prompt >= 0])
    out_prompt = np.isin(labels.prompt, prompts[rng.random(len(prompts)) < PROMPTS])
    out_corpus = np.isin(labels.corpus, _corpora(data))
    kind = np.full(len(labels.release), None, object)
    kind[out_prompt] = CaseKind.SAME
    kind[out_corpus] = CaseKind.OTHER
    kind[out_release[labels.release]] = CaseKind.UNSEEN
    kind[out_lab[labels.release]] = CaseKind.UNKNOWN
    shown = ~(out_prompt | out_corpus | (out_release | out_lab)[labels.release])
    return CalibrationSplit(shown, kind)


def _some(names: NDArray[np.str_], share: float, rng: np.random.Generator) -> NDArray[np.str_]:
    wanted = round(share * len(names))
    return rng.choice(names, wanted, replace=False) if wanted else names[:0]


def _corpora(data: Data) -> list[int]:
    """Whole corpora, up to a share of all rows, those first whose releases the others know best."""
    labels, full = data.labels, data.full
    codes, size = np.unique(labels.corpus[full], return_counts=True)
    if len(codes) < _FEWEST_CORPORA:
        return []
    known = []
    for code in codes:
        elsewhere = np.unique(labels.release[full & (labels.corpus != code)])
        known.append(np.isin(labels.release[full & (labels.corpus == code)], elsewhere).mean())
    out: list[int] = []
    taken = 0
    for at in np.lexsort((size, -np.round(known, 2))):
        if taken + size[at] <= CORPORA * size.sum() and len(out) < len(codes) // 3:
            out.append(int(codes[at]))
            taken += size[at]
    names = {labels.corpora[c] + PLAIN for c in out}
    return out + [i for i, name in enumerate(labels.corpora) if name in names]


def draw(labels_release: Ints, labels_corpus: Ints, of: NDArray[np.bool_], seed: int) -> list[Ints]:
    """Suspects: rows of one release in one corpus, and in all of them where there are several, SIZES at a time,
    without repeats within a suspect."""
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(of)
    if not len(rows):
        return []
    cells = _grouped(rows, labels_release[rows] * (labels_corpus.max() + 1) + labels_corpus[rows])
    whole = [all_ for all_ in _grouped(rows, labels_release[rows]) if len(np.unique(labels_corpus[all_])) > 1]
    return [
        rng.choice(some, n, replace=False)
        for some in [*cells, *whole]
        for n in SIZES
        if len(some) >= n
        for _ in range(_DRAWS)
    ]


def _grouped(rows: Ints, key: Ints) -> list[Ints]:
    order = np.argsort(key, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(key[order])) + 1)
