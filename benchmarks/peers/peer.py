"""What every peer is: a classifier of releases by single responses, and how its scores rank labs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

SEED = 0
# A grid search over all releases would take hours; 60 have enough rows to rank the settings.
TUNED_RELEASES = 60
FOLDS = 3
# The least probability whose logarithm is taken: below it, one response would outvote all others of its case.
LEAST_PROBABILITY = 1e-9


@dataclass
class Borrowed:
    """The cost of work that an earlier run did and kept.

    Attributes:
        seconds: Its time.
        megabytes: Peak memory of its process.
    """

    seconds: float = 0.0
    megabytes: float = 0.0


class Peer:
    """A peer; `releases` (sorted) and `chosen` (settings found by tuning) exist after `fit`."""

    name: ClassVar[str]
    # The package that it needs beyond the training extra: its import name and its name for pip.
    needs: ClassVar[tuple[str, str] | None] = None
    # `sum`: a lab has the sum of its releases' probabilities. `best`: a lab has the score of its best release.
    lab_by: ClassVar[Literal["sum", "best"]]
    # No answer if the two best probabilities of a case differ by less.
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
        """Return (texts, releases) log-probabilities if lab_by is `sum`, else any values that are higher if nearer."""
        raise NotImplementedError


def logs(probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.log(np.maximum(probabilities, LEAST_PROBABILITY))


def tuning_rows(releases: Sequence[str]) -> NDArray[np.int64]:
    """Return all rows of some releases: the regularisation depends on the number of rows of a release."""
    names = np.asarray(releases)
    known = np.unique(names)
    some = np.random.default_rng(SEED).permutation(known)[:TUNED_RELEASES]
    return np.flatnonzero(np.isin(names, some))


def folds(prompts: Sequence[str]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return splits in which no prompt is on both sides."""
    count = min(FOLDS, len(set(prompts)))
    return list(GroupKFold(count).split(np.zeros(len(prompts)), groups=np.asarray(prompts)))
