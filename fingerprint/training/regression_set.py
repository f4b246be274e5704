"""The responses that no fit sees, kept in the model as features: what a later model is compared with it on.

Which they are is settled by the prompts alone, so that two models trained on much the same corpora hold back the same
and neither has learned what both are judged on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.factorize import factorize
from fingerprint.data.corpus import Corpus
from fingerprint.data.response import text_hash
from fingerprint.model.plda import Ints

MOST = 4
# A release keeps nine tenths of its prompts to be learned from, and nothing is taken from one with few.
_SHARE = 10
_FEWEST_PROMPTS = 20
_STEPS = 127


@dataclass(frozen=True)
class RegressionSet:
    """n responses. place: (n, D) float32 in the fingerprint space; size: (n,) features of each; release: (n,) codes,
    ascending."""

    embedding: NDArray[np.float32]
    size: Ints
    release: Ints

    def arrays(self) -> dict[str, np.ndarray]:
        """For the model folder, a byte a number."""
        scale = np.abs(self.embedding).max(axis=1, initial=0, keepdims=True) / _STEPS
        rows = np.rint(self.embedding / np.where(scale > 0, scale, 1)).astype(np.int8)
        return {
            "regression_embedding": rows,
            "regression_scale": scale[:, 0].astype(np.float32),
            "regression_features": self.size.astype(np.int32),
            "regression_release": self.release.astype(np.int32),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> RegressionSet:
        """The set that a model folder's arrays hold."""
        rows, scale = arrays["regression_embedding"].astype(np.float32), arrays["regression_scale"]
        size, release = (arrays[name].astype(np.int64) for name in ("regression_features", "regression_release"))
        return cls(rows * scale[:, None], size, release)

    def joined(self, other: RegressionSet) -> RegressionSet:
        """Both, sorted by release."""
        release = np.concatenate([self.release, other.release])
        order = np.argsort(release, kind="stable")
        return RegressionSet(
            np.concatenate([self.embedding, other.embedding])[order],
            np.concatenate([self.size, other.size])[order],
            release[order],
        )


def hold_back(corpus: Corpus, use: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Ints]:
    """Of each release the few prompts whose hashes are lowest: all rows (rows,) that answer them, and the first row
    of each, to be kept. use: (rows,) those in question."""
    out = np.zeros(len(corpus), bool)
    kept: list[int] = []
    rows = np.flatnonzero(use)
    release = factorize(corpus.release[rows])[1]
    key = _keys(corpus, rows)
    for code in range(int(release.max(initial=-1)) + 1):
        own = rows[release == code]
        prompts, first, of = np.unique(key[release == code], return_index=True, return_inverse=True)
        many = min(MOST, len(prompts) // _SHARE) if len(prompts) >= _FEWEST_PROMPTS else 0
        out[own[of < many]] = True
        kept += own[first[:many]].tolist()
    return out, np.array(kept, np.int64)


def _keys(corpus: Corpus, rows: Ints) -> NDArray[np.uint64]:
    """(rows,) a hash of each prompt, or of the response where the prompt is not known."""
    found: dict[str, int] = {}
    keys = np.zeros(len(rows), np.uint64)
    for i, row in enumerate(rows.tolist()):
        prompt = str(corpus.prompt[row])
        if not prompt:
            keys[i] = text_hash(corpus.texts(row, row + 1)[0])
        else:
            keys[i] = found[prompt] if prompt in found else found.setdefault(prompt, text_hash(prompt))
    return keys
