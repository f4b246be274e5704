"""Asks a fold's model about the same suspects, their responses changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingerprint.data.corpus import Corpus
from fingerprint.data.names import mask_names
from fingerprint.evaluation.fits import CaseSet, Fitted, answer, counted
from fingerprint.evaluation.folds import SAME
from fingerprint.evaluation.perturb import AS_IT_IS, MIXED, MIXED_SHARE, PERTURBATIONS
from fingerprint.evaluation.predictions import Names
from fingerprint.features.ngrams import count
from fingerprint.training.data import Ints
from fingerprint.training.embedding import Embeddings

PERTURBED = "perturbed"
_BLOCK = 1_000


@dataclass(frozen=True)
class Perturbed:
    """Asks a model about same-set suspects, at most `most` of each size; their part is the perturbation."""

    corpus: Corpus
    names: Names
    most: int
    seed: int

    def __call__(self, fitted: Fitted, asked: CaseSet) -> CaseSet:
        """The same-set suspects are taken from `asked`."""
        rng = np.random.default_rng(self.seed)
        chosen: list[int] = []
        for n in np.unique(asked.covariates.count):
            of = np.flatnonzero((asked.kind == SAME) & (asked.covariates.count == n))
            chosen += rng.permutation(of)[: self.most].tolist()
        cases = [asked.rows[i] for i in chosen]
        true = [self.names.releases[asked.release[i]] for i in chosen]
        rows = np.unique(np.concatenate(cases))
        texts = texts_of(self.corpus, rows)
        original = _places(fitted, texts)
        parts = [_question(fitted, self.names, cases, true, rows, original, AS_IT_IS)]
        for name, change in PERTURBATIONS.items():
            embeddings = _places(fitted, [change(text) for text in texts])
            parts.append(_question(fitted, self.names, cases, true, rows, embeddings, name))
        mixed = [_mixed(i, cases, true, rng) for i in range(len(cases))]
        return CaseSet.joined([*parts, _question(fitted, self.names, mixed, true, rows, original, MIXED)])


def texts_of(corpus: Corpus, rows: Ints) -> list[str]:
    """Responses of some full rows, in the order given."""
    return corpus.of(rows).texts(0, len(rows))


def _places(fitted: Fitted, texts: Sequence[str]) -> Embeddings:
    masked = [mask_names(text) for text in texts]
    blocks = [
        counted(fitted, count(masked[i : i + _BLOCK], fitted.space.vocabulary.features))
        for i in range(0, len(masked), _BLOCK)
    ]
    return Embeddings(np.concatenate([b.rows for b in blocks]), np.concatenate([b.size for b in blocks]))


def _question(
    fitted: Fitted, names: Names, cases: list[Ints], true: list[str], rows: Ints, embeddings: Embeddings, part: str
) -> CaseSet:
    at = [np.searchsorted(rows, some) for some in cases]
    return answer(
        fitted.likelihood, fitted.known, names, [embeddings.rows[i] for i in at], [embeddings.size[i] for i in at],
        cases, PERTURBED, [part] * len(cases), true,
    )  # fmt: skip


def _mixed(i: int, cases: list[Ints], true: list[str], rng: np.random.Generator) -> Ints:
    """The suspect's responses with a fifth (at 3 or more, one at least) replaced by some of another release."""
    own = cases[i]
    other = [j for j in rng.permutation(len(cases)) if true[j] != true[i] and len(cases[j]) == len(own)]
    replaced = max(round(MIXED_SHARE * len(own)), int(len(own) > 2))
    if not replaced or not other:
        return own
    return np.concatenate([own[replaced:], cases[other[0]][:replaced]])
