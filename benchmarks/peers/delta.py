"""Burrows' Delta by the package faststylometry.

Its `calculate_burrows_delta` counts the training texts again for each question, so its parts are called one by one and
the training side is kept.

References:
    Burrows, "'Delta': a Measure of Stylistic Difference and a Guide to Likely Authorship", 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Peer, folds, tuning_rows

# The package's own pattern takes Latin letters only; a third of the bench is Japanese, Russian or Chinese.
WORD = r"^[^\W\d_]+$"
SIZES = (50, 150, 500)


class Delta(Peer):
    name = "Burrows' Delta (faststylometry)"
    needs = ("faststylometry", "faststylometry")
    lab_by = "best"
    score = "-Delta, standardised over the releases for each response"

    def fit(
        self, texts: Sequence[str], prompts: Sequence[str], corpora: Sequence[str], releases: Sequence[str]
    ) -> Self:
        from faststylometry import tokenise_remove_pronouns_en

        tokens = [tokenise_remove_pronouns_en(text) for text in texts]
        rows = tuning_rows(releases)
        cuts = [(rows[a], rows[b]) for a, b in folds([prompts[i] for i in rows])]
        right = {size: sum(self._right(tokens, releases, a, b, size) for a, b in cuts) for size in SIZES}
        self.chosen = {"vocab_size": max(right, key=right.__getitem__)}
        self._learn(tokens, releases, self.chosen["vocab_size"])
        return self

    def _right(
        self, tokens: list[list[str]], releases: Sequence[str], learn: NDArray[Any], ask: NDArray[Any], size: int
    ) -> int:
        self._learn([tokens[i] for i in learn], [releases[i] for i in learn], size)
        found = self._deltas([tokens[i] for i in ask]).argmin(axis=1)
        return sum(self.releases[best] == releases[i] for best, i in zip(found, ask, strict=True))

    def _learn(self, tokens: list[list[str]], releases: Sequence[str], size: int) -> None:
        from faststylometry import Corpus, burrows_delta

        known = Corpus(list(releases), [str(i) for i in range(len(tokens))], tokens)
        burrows_delta.get_top_tokens(known, size, set(), WORD)
        burrows_delta.get_token_counts(known)
        burrows_delta.get_token_counts_by_author(known)
        burrows_delta.get_token_proportions(known)
        burrows_delta.get_author_z_scores(known)
        # A user who saves this would not save the training texts with it.
        known.tokens, known.token_counts = [], None
        self.known, self.releases = known, known.all_unique_authors

    def _deltas(self, tokens: list[list[str]]) -> NDArray[np.floating]:
        """(texts, releases). A text without a word is equally far from all releases."""
        from faststylometry import Corpus, burrows_delta

        # The package sorts by name.
        questioned = Corpus(["?"] * len(tokens), [f"{i:09}" for i in range(len(tokens))], tokens)
        burrows_delta.set_top_tokens(questioned, self.known.top_tokens)
        burrows_delta.get_token_counts(questioned)
        burrows_delta.get_token_counts_by_author_and_book(questioned)
        questioned.total_token_counts_by_author = np.maximum(questioned.total_token_counts_by_author, 1)
        burrows_delta.get_token_proportions(questioned)
        burrows_delta.get_author_z_scores(questioned, self.known)
        found = []
        for z in questioned.author_z_scores.T:
            found.append(np.abs(self.known.author_z_scores - z[:, None]).mean(axis=0))
        return np.nan_to_num(np.stack(found))

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        from faststylometry import tokenise_remove_pronouns_en

        found = -self._deltas([tokenise_remove_pronouns_en(text) for text in texts])
        # A short response is far from all releases and would otherwise outvote the others of its case.
        return (found - found.mean(axis=1, keepdims=True)) / np.maximum(found.std(axis=1, keepdims=True), 1e-9)
