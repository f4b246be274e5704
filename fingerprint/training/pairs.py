"""Pairs of cases that a model was not shown: what the comparison of two cases is calibrated on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import Config, PairConfig
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.pair_calibration import PairKind
from fingerprint.model.pairs import Sides, pair_features
from fingerprint.model.pairs_fit import Trials
from fingerprint.model.plda import Floats, Ints
from fingerprint.training.data import Labels
from fingerprint.training.fitted import Fitted

# Stands for the corpus of a side whose responses come from several.
_SEVERAL = -1
# Pairs within one corpus, and across two: as many of each, as far as there are.
_WHERE = 2


@dataclass(frozen=True)
class SideRows:
    """The rows of one side of pairs.

    Attributes:
        rows: All of one release, each to another prompt than those of the release's other sides in the corpus.
        release: Their code.
        corpus: Their code, -1 for several.
    """

    rows: Ints
    release: int
    corpus: int


def draw_sides(labels: Labels, use: NDArray[np.bool_], kind: NDArray[np.object_], config: Config) -> list[SideRows]:
    """Draw the sides of pairs: of a release in a corpus two sets of rows to different prompts, if there are enough.

    Args:
        labels: Of n rows.
        use: (n,) the rows to draw from.
        kind: (n,) the kind of case that each of these is used for.
        config: The seed, and the numbers of responses and cells.

    Returns:
        The sides. Those of all corpora of a release together may share rows with those of single corpora.
    """
    rng = np.random.default_rng(config.seed)
    cells: dict[tuple[str, int], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in np.flatnonzero(use).tolist():
        cells[str(kind[row]), int(labels.release[row])][int(labels.corpus[row])].append(row)
    of_kind: dict[str, list[tuple[int, int, Ints]]] = defaultdict(list)
    for (name, release), corpora in sorted(cells.items()):
        of_kind[name] += [(release, corpus, np.array(rows)) for corpus, rows in sorted(corpora.items())]
        if len(corpora) > 1:
            of_kind[name].append((release, _SEVERAL, np.concatenate([np.array(rows) for rows in corpora.values()])))
    out = []
    for size in config.pairs.sizes:
        for found in of_kind.values():
            enough = [cell for cell in found if len(cell[2]) >= size]
            for number in rng.permutation(len(enough))[: config.pairs.cells]:
                release, corpus, rows = enough[number]
                out += [SideRows(some, release, corpus) for some in _halves(labels, rows, size, rng)]
    return out


def _halves(labels: Labels, rows: Ints, size: int, rng: np.random.Generator) -> list[Ints]:
    """One or two sets of `size` of the rows, without a prompt that both have."""
    rows = rng.permutation(rows)
    prompt = np.where(labels.prompt[rows] >= 0, labels.prompt[rows], -1 - rows)
    # All answers to one prompt stand together, so that they go to one half.
    first = np.unique(prompt, return_index=True, return_inverse=True)
    rows, prompt = (values[np.argsort(first[1][first[2]], kind="stable")] for values in (rows, prompt))
    one, rest = rows[:size], rows[size:][~np.isin(prompt[size:], prompt[:size])]
    return [one, rest[:size]] if len(rest) >= size else [one]


def collect_trials(
    fitted: Fitted, names: ClassNames, labels: Labels, sides: Sequence[SideRows], config: Config
) -> Trials:
    """Pair the sides, and compute the features of the pairs by a model that was not shown them.

    Args:
        fitted: The model.
        names: The classes.
        labels: Of the rows that the sides index.
        sides: As `draw_sides` returns them.
        config: The seed, and the number of pairs.

    Returns:
        The trials: of each number of responses and kind at most `pairs.pairs`.
    """
    read = read_sides(fitted, sides)
    of = SideLabels.of(fitted, names, labels, sides)
    pair = draw_pairs(sides, of, config)
    return of.trials(pair, pair_features(fitted.likelihood, read, pair[:, 0], pair[:, 1]), read)


def draw_pairs(sides: Sequence[SideRows], of: SideLabels, config: Config) -> Ints:
    """Draw pairs of sides that have as many responses and no row in common.

    Args:
        sides: S sides.
        of: What they are.
        config: The seed, and the numbers of responses and pairs.

    Returns:
        (P, 2) numbers of sides: of each number of responses and kind at most `pairs.pairs`.
    """
    rng = np.random.default_rng(config.seed)
    count = np.array([len(side.rows) for side in sides], np.int64)
    chosen = [np.zeros((0, 2), np.int64)]
    for size in config.pairs.sizes:
        own = np.flatnonzero(count == size)
        one, other = np.triu_indices(len(own), 1)
        first, second = own[one], own[other]
        kind = of.kinds(first, second)
        free = _free(sides, kind, (first, second))
        for name in PairKind:
            for within in (True, False):
                where = np.flatnonzero(free & (kind == name) & ((of.corpus[first] == of.corpus[second]) == within))
                kept = rng.permutation(where)[: _share(name, config.pairs)]
                chosen.append(np.stack([first[kept], second[kept]], axis=1))
    return np.concatenate(chosen)


def read_sides(fitted: Fitted, sides: Sequence[SideRows]) -> Sides:
    """Return what pairs need to know of sides, by a model whose rows hold theirs."""
    at = [np.searchsorted(fitted.rows, side.rows) for side in sides]
    embeddings, sizes = fitted.embeddings.rows, fitted.embeddings.size
    return Sides.read(fitted.likelihood, [embeddings[some] for some in at], [sizes[some] for some in at])


@dataclass(frozen=True)
class SideLabels:
    """What S sides of pairs are.

    Attributes:
        names: The classes.
        release: (S,) codes of the releases.
        corpus: (S,) codes of the corpora, -1 for several.
        lab_known: (S,) whether the model knows a release of the lab.
    """

    names: ClassNames
    release: Ints
    corpus: Ints
    lab_known: NDArray[np.bool_]

    @classmethod
    def of(cls, fitted: Fitted, names: ClassNames, labels: Labels, sides: Sequence[SideRows]) -> SideLabels:
        """Return what sides are to a model; `labels` are those of their rows."""
        code = {name: i for i, name in enumerate(names.releases)}
        release = np.array([code[labels.releases[side.release]] for side in sides], np.int64)
        known = [code for code, lab in enumerate(names.labs) if lab in fitted.known.labs]
        corpus = np.array([side.corpus for side in sides], np.int64)
        return cls(names, release, corpus, np.isin(names.lab[release], known))

    def kinds(self, first: Ints, second: Ints) -> NDArray[np.object_]:
        """Return (P,) the kind of each pair of the sides `first` (P,) and `second` (P,)."""
        names, release = self.names, self.release
        out = np.full(len(first), PairKind.OTHER, object)
        out[~(self.lab_known[first] & self.lab_known[second])] = PairKind.UNKNOWN
        for level, kind in (
            (names.lab, PairKind.LAB),
            (names.family, PairKind.SIBLING),
            (names.group, PairKind.VARIANT),
        ):
            out[level[release[first]] == level[release[second]]] = kind
        same = release[first] == release[second]
        out[same] = PairKind.TARGET
        out[same & (self.corpus[first] != self.corpus[second])] = PairKind.ACROSS
        return out

    def trials(self, pair: Ints, features: Floats, read: Sides) -> Trials:
        """Return (P, 2) pairs of sides as trials, with their (P, F) features."""
        corpora = int(self.corpus.max(initial=_SEVERAL)) + 2
        key = np.sort(self.release[pair] * corpora + self.corpus[pair] + 1, axis=1)
        return Trials(
            features=features,
            count=read.count[pair[:, 0]],
            kind=self.kinds(pair[:, 0], pair[:, 1]),
            group=self.names.group[self.release[pair]],
            in_domain=np.all(read.in_domain[pair], axis=1),
            cell=np.unique(key, axis=0, return_inverse=True)[1].reshape(-1),
        )


def _free(sides: Sequence[SideRows], kind: NDArray[np.object_], pair: tuple[Ints, Ints]) -> NDArray[np.bool_]:
    """Whether the sides of a pair have no row in common; only those of one release can have any."""
    out = np.ones(len(kind), bool)
    for i in np.flatnonzero((kind == PairKind.TARGET) | (kind == PairKind.ACROSS)).tolist():
        out[i] = not np.isin(sides[pair[0][i]].rows, sides[pair[1][i]].rows).any()
    return out


def _share(kind: PairKind, config: PairConfig) -> int:
    """Pairs of a kind in one place: targets in one corpus and in two are kinds of their own already."""
    return config.pairs if kind in (PairKind.TARGET, PairKind.ACROSS) else config.pairs // _WHERE
