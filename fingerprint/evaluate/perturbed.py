"""Asks a fold's model about the same suspects, their responses changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fingerprint.evaluate.answers import Names
from fingerprint.evaluate.fits import Asked, Fitted, answer, counted
from fingerprint.evaluate.folds import SAME
from fingerprint.evaluate.perturb import MIXED, MIXED_SHARE, PERTURBATIONS
from fingerprint.features.ngrams import count
from fingerprint.records.corpus import Corpus
from fingerprint.records.names import mask_names
from fingerprint.train.data import Data, Ints, Report
from fingerprint.train.space import Places

PERTURBED = "perturbed"
_BLOCK = 1_000


def ask_perturbed(
    data: Data, corpus: Corpus, fitted: Fitted, names: Names, asked: Asked, most: int, seed: int, progress: Report
) -> Asked:
    """The same-set suspects of `asked`, at most `most` of each size; their part is the perturbation."""
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for n in np.unique(asked.circumstances.count):
        chosen += rng.permutation(np.flatnonzero((asked.kind == SAME) & (asked.circumstances.count == n)))[
            :most
        ].tolist()
    suspects = [asked.rows[i] for i in chosen]
    true = [names.releases[asked.release[i]] for i in chosen]
    rows = np.unique(np.concatenate(suspects))
    texts = texts_of(corpus, rows)
    parts, original = [], None
    for done, (name, change) in enumerate(PERTURBATIONS.items()):
        places = _places(fitted, [change(text) for text in texts])
        original = original or places
        parts.append(_question(fitted, names, suspects, true, rows, places, name))
        progress("perturbations", done + 1, len(PERTURBATIONS) + 1)
    assert original is not None
    mixed = [_mixed(i, suspects, true, rng) for i in range(len(suspects))]
    parts.append(_question(fitted, names, mixed, true, rows, original, MIXED))
    progress("perturbations", len(parts), len(parts))
    return Asked.joined(parts)


def texts_of(corpus: Corpus, rows: Ints) -> list[str]:
    """Responses of some full rows, in the order given."""
    return [corpus.texts(int(row), int(row) + 1)[0] for row in rows]


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
