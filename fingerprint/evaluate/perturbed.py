"""Asks a fold's model about the same suspects, their responses changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingerprint.evaluate.answers import Names
from fingerprint.evaluate.fits import Asked, Fitted, answer, counted
from fingerprint.evaluate.folds import SAME
from fingerprint.evaluate.perturb import AS_IT_IS, MIXED, MIXED_SHARE, PERTURBATIONS
from fingerprint.features.ngrams import count
from fingerprint.records.corpus import Corpus
from fingerprint.records.names import mask_names
from fingerprint.train.data import Ints
from fingerprint.train.space import Places

PERTURBED = "perturbed"
_BLOCK = 1_000


@dataclass(frozen=True)
class Perturbed:
    """Asks a model about same-set suspects, at most `most` of each size; their part is the perturbation."""

    corpus: Corpus
    names: Names
    most: int
    seed: int

    def __call__(self, fitted: Fitted, asked: Asked) -> Asked:
        """The same-set suspects are taken from `asked`."""
        rng = np.random.default_rng(self.seed)
        chosen: list[int] = []
        for n in np.unique(asked.circumstances.count):
            of = np.flatnonzero((asked.kind == SAME) & (asked.circumstances.count == n))
            chosen += rng.permutation(of)[: self.most].tolist()
        suspects = [asked.rows[i] for i in chosen]
        true = [self.names.releases[asked.release[i]] for i in chosen]
        rows = np.unique(np.concatenate(suspects))
        texts = texts_of(self.corpus, rows)
        original = _places(fitted, texts)
        parts = [_question(fitted, self.names, suspects, true, rows, original, AS_IT_IS)]
        for name, change in PERTURBATIONS.items():
            places = _places(fitted, [change(text) for text in texts])
            parts.append(_question(fitted, self.names, suspects, true, rows, places, name))
        mixed = [_mixed(i, suspects, true, rng) for i in range(len(suspects))]
        return Asked.joined([*parts, _question(fitted, self.names, mixed, true, rows, original, MIXED)])


def texts_of(corpus: Corpus, rows: Ints) -> list[str]:
    """Responses of some full rows, in the order given."""
    return corpus.of(rows).texts(0, len(rows))


def _places(fitted: Fitted, texts: Sequence[str]) -> Places:
    masked = [mask_names(text) for text in texts]
    blocks = [counted(fitted, count(masked[i : i + _BLOCK])) for i in range(0, len(masked), _BLOCK)]
    return Places(np.concatenate([b.rows for b in blocks]), np.concatenate([b.size for b in blocks]))


def _question(
    fitted: Fitted, names: Names, suspects: list[Ints], true: list[str], rows: Ints, places: Places, part: str
) -> Asked:
    at = [np.searchsorted(rows, some) for some in suspects]
    return answer(
        fitted.likelihood, fitted.known, names, [places.rows[i] for i in at], [places.size[i] for i in at],
        suspects, PERTURBED, [part] * len(suspects), true,
    )  # fmt: skip


def _mixed(i: int, suspects: list[Ints], true: list[str], rng: np.random.Generator) -> Ints:
    """The suspect's responses with a fifth (at 3 or more, one at least) replaced by some of another release."""
    own = suspects[i]
    other = [j for j in rng.permutation(len(suspects)) if true[j] != true[i] and len(suspects[j]) == len(own)]
    replaced = max(round(MIXED_SHARE * len(own)), int(len(own) > 2))
    if not replaced or not other:
        return own
    return np.concatenate([own[replaced:], suspects[other[0]][:replaced]])
