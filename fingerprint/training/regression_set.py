"""The regression set: responses that no training sees, kept in the model as features for the model comparison.

The prompts alone decide which responses these are. So two models that are trained on much the same corpora leave out
the same responses, and neither has learned what both are compared on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize, text_hash
from fingerprint.config import SplitConfig
from fingerprint.data.corpus import Corpus
from fingerprint.model.plda import Ints

# The largest number of an int8: a number takes one byte, with one scale for each response.
_LARGEST = 127


@dataclass(frozen=True)
class RegressionSet:
    """The n responses of a regression set.

    Attributes:
        embedding: (n, D) float32.
        size: (n,) features of the vocabulary that each response has.
        release: (n,) codes of the releases, ascending.
    """

    embedding: NDArray[np.float32]
    size: Ints
    release: Ints

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the model folder, one byte a number."""
        scale = np.abs(self.embedding).max(axis=1, initial=0, keepdims=True) / _LARGEST
        rows = np.rint(self.embedding / np.where(scale > 0, scale, 1)).astype(np.int8)
        return {
            "regression_embedding": rows,
            "regression_scale": scale[:, 0].astype(np.float32),
            "regression_features": self.size.astype(np.int32),
            "regression_release": self.release.astype(np.int32),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> RegressionSet:
        """Return the regression set in the arrays of a model folder, as `arrays` returns them, among others."""
        rows, scale = arrays["regression_embedding"].astype(np.float32), arrays["regression_scale"]
        size, release = (arrays[name].astype(np.int64) for name in ("regression_features", "regression_release"))
        return cls(rows * scale[:, None], size, release)

    def joined(self, other: RegressionSet) -> RegressionSet:
        """Return both sets as one, sorted by release."""
        release = np.concatenate([self.release, other.release])
        order = np.argsort(release, kind="stable")
        return RegressionSet(
            np.concatenate([self.embedding, other.embedding])[order],
            np.concatenate([self.size, other.size])[order],
            release[order],
        )


def leave_out(corpus: Corpus, use: NDArray[np.bool_], config: SplitConfig) -> tuple[NDArray[np.bool_], Ints]:
    """Choose the responses that go to the regression set: of each release the few prompts with the lowest hashes.

    Args:
        corpus: The responses.
        use: (rows,) whether a row may be chosen.
        config: How many prompts a release gives, and from how many.

    Returns:
        (rows,) whether a row answers a chosen prompt, so that no training may see it; and the first row of each chosen
        prompt of each release, which is kept in the model.
    """
    out = np.zeros(len(corpus), bool)
    kept: list[int] = []
    rows = np.flatnonzero(use)
    names, release = factorize(corpus.release[rows])
    hashes = _prompt_hashes(corpus, rows)
    for code in range(len(names)):
        own = rows[release == code]
        prompts, first, of = np.unique(hashes[release == code], return_index=True, return_inverse=True)
        enough = len(prompts) >= config.regression_least
        count = min(config.regression_prompts, len(prompts) // config.regression_share) if enough else 0
        out[own[of < count]] = True
        kept += own[first[:count]].tolist()
    return out, np.array(kept, np.int64)


def _prompt_hashes(corpus: Corpus, rows: Ints) -> NDArray[np.uint64]:
    """(rows,) the hash of each prompt, or of the response where the prompt is not known."""
    found: dict[str, int] = {}
    hashes = np.zeros(len(rows), np.uint64)
    for i, row in enumerate(rows.tolist()):
        prompt = str(corpus.prompt[row])
        if not prompt:
            hashes[i] = text_hash(corpus.texts(row, row + 1)[0])
        else:
            hashes[i] = found[prompt] if prompt in found else found.setdefault(prompt, text_hash(prompt))
    return hashes
