"""Pairs of cases that answer the same prompts, and that a model was not shown.

A pair of one release needs two answers of it to each prompt. Some corpora have them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import Config
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.pair_calibration import PairKind
from fingerprint.model.pairs import SHARED_FEATURES, shared_pair_features
from fingerprint.model.pairs_fit import Trials
from fingerprint.model.plda import Ints
from fingerprint.training.data import Labels
from fingerprint.training.fitted import Fitted
from fingerprint.training.pairs import SideLabels, SideRows, read_sides

# Releases of one corpus that are paired with each other: all of some labs, so that many are related.
_TOGETHER = 10

Answers = Mapping[int, Sequence[int]]
"""The rows of one release to each prompt of a corpus."""


@dataclass(frozen=True)
class SharedPair:
    """Two sides of one corpus that answer the same prompts in the same order, once each."""

    first: SideRows
    second: SideRows


@dataclass(frozen=True)
class _Corpus:
    """The rows of one kind of case in one corpus, by release and prompt."""

    number: int
    answers: Mapping[int, Answers]

    def repeated(self, size: int) -> Iterator[SharedPair]:
        """Give the pairs of one release that answered so many prompts twice."""
        for release, found in self.answers.items():
            twice = [prompt for prompt in sorted(found) if len(found[prompt]) > 1][:size]
            if len(twice) == size:
                rows = np.array([found[prompt][:2] for prompt in twice], np.int64)
                first, second = (SideRows(rows[:, side], release, self.number) for side in (0, 1))
                yield SharedPair(first, second)

    def different(self, size: int, rank: Mapping[int, float]) -> Iterator[SharedPair]:
        """Give the pairs of the first releases by `rank`, at the first prompts that both answered."""
        able = [release for release, found in self.answers.items() if len(found) >= size]
        for pair in combinations(sorted(able, key=lambda release: rank[release])[:_TOGETHER], 2):
            both = sorted(self.answers[pair[0]].keys() & self.answers[pair[1]].keys())[:size]
            if len(both) == size:
                rows = [np.array([self.answers[release][prompt][0] for prompt in both], np.int64) for release in pair]
                first, second = (SideRows(*of, self.number) for of in zip(rows, pair, strict=True))
                yield SharedPair(first, second)


def draw_shared_pairs(
    labels: Labels, use: NDArray[np.bool_], kind: NDArray[np.object_], names: ClassNames, config: Config
) -> list[SharedPair]:
    """Draw pairs of sides that answer the same prompts of one corpus.

    Args:
        labels: Of n rows.
        use: (n,) the rows to draw from.
        kind: (n,) the kind of case that each of these is used for; both sides of a pair are of one.
        names: The classes; they hold the releases of all these rows.
        config: The seed, and the numbers of responses and cells.

    Returns:
        The pairs. All of one corpus answer its prompts in one order, so that they have rows in common.
    """
    rng = np.random.default_rng(config.seed)
    lab_of = dict(zip(names.releases, names.lab.tolist(), strict=True))
    of_kind = _by_kind(labels, use, kind, rng)
    out: list[SharedPair] = []
    for size in (size for size in config.pairs.sizes if size > 1):
        for corpora in of_kind.values():
            repeated = [pair for corpus in corpora for pair in corpus.repeated(size)]
            out += [repeated[i] for i in rng.permutation(len(repeated))[: config.pairs.cells].tolist()]
            cells: set[tuple[int, int]] = set()
            for number in rng.permutation(len(corpora)).tolist():
                of_lab = rng.random(len(names.labs))
                rank = {release: float(of_lab[lab_of[labels.releases[release]]]) for release in corpora[number].answers}
                found = list(corpora[number].different(size, rank))
                out += found
                cells |= {(side.release, side.corpus) for pair in found for side in (pair.first, pair.second)}
                if len(cells) >= config.pairs.cells:
                    break
    return out


def _by_kind(
    labels: Labels, use: NDArray[np.bool_], kind: NDArray[np.object_], rng: np.random.Generator
) -> dict[str, list[_Corpus]]:
    """The corpora of each kind of case; their prompts have other numbers, at random."""
    order = rng.permutation(int(labels.prompt.max(initial=-1)) + 1)
    found: dict[tuple[str, int], dict[int, dict[int, list[int]]]] = defaultdict(lambda: defaultdict(dict))
    for row in rng.permutation(np.flatnonzero(use & (labels.prompt >= 0))).tolist():
        of_release = found[str(kind[row]), int(labels.corpus[row])][int(labels.release[row])]
        of_release.setdefault(int(order[labels.prompt[row]]), []).append(row)
    out: dict[str, list[_Corpus]] = defaultdict(list)
    for (name, corpus), answers in sorted(found.items()):
        out[name].append(_Corpus(corpus, dict(sorted(answers.items()))))
    return out


def collect_shared_trials(
    fitted: Fitted, names: ClassNames, labels: Labels, pairs: Sequence[SharedPair], config: Config
) -> Trials:
    """Compute the features of pairs that share their prompts, by a model that was not shown them.

    Args:
        fitted: The model.
        names: The classes.
        labels: Of the rows that the pairs index.
        pairs: As `draw_shared_pairs` returns them.
        config: The seed, and the number of pairs.

    Returns:
        The trials: of each number of responses and kind at most `pairs.pairs`.
    """
    sides = _sides(_some_of_each_kind(fitted, names, labels, pairs, config))
    if not sides:
        return Trials.none(len(SHARED_FEATURES))
    read = read_sides(fitted, sides)
    rows = [fitted.embeddings.rows[np.searchsorted(fitted.rows, side.rows)] for side in sides]
    differences = [np.asarray(one - other, np.float64) for one, other in zip(rows[::2], rows[1::2], strict=True)]
    pair = np.arange(len(sides)).reshape(-1, 2)
    features = shared_pair_features(fitted.likelihood, read, pair[:, 0], pair[:, 1], differences)
    return SideLabels.of(fitted, names, labels, sides).trials(pair, features, read)


def _sides(pairs: Sequence[SharedPair]) -> list[SideRows]:
    return [side for pair in pairs for side in (pair.first, pair.second)]


def _some_of_each_kind(
    fitted: Fitted, names: ClassNames, labels: Labels, pairs: Sequence[SharedPair], config: Config
) -> list[SharedPair]:
    first: Ints = 2 * np.arange(len(pairs))
    kind = SideLabels.of(fitted, names, labels, _sides(pairs)).kinds(first, first + 1)
    size = np.array([len(pair.first.rows) for pair in pairs], np.int64)
    rng = np.random.default_rng(config.seed)
    return [
        pairs[i]
        for number in config.pairs.sizes
        for name in PairKind
        for i in rng.permutation(np.flatnonzero((size == number) & (kind == name)))[: config.pairs.pairs].tolist()
    ]
