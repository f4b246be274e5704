"""What every peer is: a classifier of releases by single responses, and how a case is read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

SEED = 0
TUNED_RELEASES = 60
FOLDS = 3


@dataclass
class Borrowed:
    """What work that an earlier run kept had cost: seconds, and the peak in megabytes of the process that did it."""

    seconds: float = 0.0
    megabytes: float = 0.0


class Peer:
    """`releases` (sorted) and `chosen` (settings found by tuning) are there after fit."""

    name: ClassVar[str]
    # The package that it needs beyond the training extra, as it is imported and as pip knows it.
    needs: ClassVar[tuple[str, str] | None] = None
    # `sum`: a lab has its releases' probabilities together. `best`: a lab is as near as its best release.
    lab_by: ClassVar[Literal["sum", "best"]]
    # No answer where the two best probabilities of a case lie within this.
    unknown_within: ClassVar[float | None] = None
    score: ClassVar[str]

    releases: list[str]
    chosen: dict[str, Any]
    borrowed: Borrowed

    def __init__(self) -> None:
        self.chosen, self.borrowed = {}, Borrowed()

    def fit(
        self, texts: Sequence[str], prompts: Sequence[str], corpora: Sequence[str], releases: Sequence[str]
    ) -> Self:
        raise NotImplementedError

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """(texts, releases): log-probabilities where lab_by is `sum`, else any values of which higher is nearer."""
        raise NotImplementedError


def logs(probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.log(np.maximum(probabilities, 1e-9))


def tuning_rows(releases: Sequence[str]) -> NDArray[np.int64]:
    """All rows of some releases: as many a release as the final fit has, which is what regularisation depends on."""
    names = np.asarray(releases)
    known = np.unique(names)
    some = np.random.default_rng(SEED).permutation(known)[:TUNED_RELEASES]
    return np.flatnonzero(np.isin(names, some))


def folds(prompts: Sequence[str]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Splits in which no prompt is on both sides."""
    count = min(FOLDS, len(set(prompts)))
    return list(GroupKFold(count).split(np.zeros(len(prompts)), groups=np.asarray(prompts)))
