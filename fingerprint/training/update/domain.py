"""Whether a corpus that the model did not have lies on its training ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fingerprint.loading import Loaded
from fingerprint.model.plda import Ints
from fingerprint.training.update.rows import Rows

# With fewer responses the distance does not tell the ground from what is foreign to it; the limit is that of the most
# (docs/decisions.md).
_FEWEST, _RESPONSES = 15, 25
# So many releases are enough to tell.
_MOST = 100
# In distances that known releases hardly ever exceed. One foreign release in three stays below one of these, next to
# none below so much, where most lie that answer prompts of the ground.
_NEAR = 0.75


def on_ground(loaded: Loaded, rows: Rows, corpora: list[str], seed: int) -> NDArray[np.bool_]:
    """(corpora,) whether half of the releases there lie as near the ground as known ones mostly do; not where none has
    enough responses to tell. corpora: names; seed: of the responses and releases that are asked."""
    return np.array([_on_ground(loaded, rows, rows.corpora.index(name), seed) for name in corpora], bool)


def _on_ground(loaded: Loaded, rows: Rows, corpus: int, seed: int) -> bool:
    rng = np.random.default_rng(seed)
    at = np.flatnonzero(rows.corpus == corpus)
    releases = np.flatnonzero(np.bincount(rows.release[at]) >= _FEWEST)
    if not len(releases):
        return False
    asked: list[Ints] = [
        rng.permutation(at[rows.release[at] == release])[:_RESPONSES] for release in rng.permutation(releases)[:_MOST]
    ]
    means = np.stack([rows.embedding[rows.at[some]].mean(axis=0) for some in asked])
    ground = loaded.likelihood.evidence(means, np.array([len(some) for some in asked])).domain_distance
    return bool(np.median(ground) <= _NEAR * loaded.calibration.domain_limit(_RESPONSES))
