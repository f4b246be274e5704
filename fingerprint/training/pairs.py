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
from fingerprint.model.plda import Ints
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
    at = [np.searchsorted(fitted.rows, side.rows) for side in sides]
    embeddings = [fitted.embeddings.rows[some] for some in at]
    read = Sides.read(fitted.likelihood, embeddings, [fitted.embeddings.size[some] for some in at])
    code = {name: i for i, name in enumerate(names.releases)}
    release = np.array([code[labels.releases[side.release]] for side in sides], np.int64)
    corpus = np.array([side.corpus for side in sides], np.int64)
    lab_known = np.isin(names.lab[release], [code for code, lab in enumerate(names.labs) if lab in fitted.known.labs])
    rng = np.random.default_rng(config.seed)
    chosen, kinds = [], []
    for size in config.pairs.sizes:
        own = np.flatnonzero(read.count == size)
        one, other = np.triu_indices(len(own), 1)
        first, second = own[one], own[other]
        kind = _kinds(names, release, corpus, lab_known, (first, second))
        free = _free(sides, kind, (first, second))
        for name in PairKind:
            of = free & (kind == name)
            for within in (True, False):
                where = np.flatnonzero(of & ((corpus[first] == corpus[second]) == within))
                kept = rng.permutation(where)[: _share(name, config.pairs)]
                chosen.append(np.stack([first[kept], second[kept]], axis=1))
                kinds.append(kind[kept])
    pair = np.concatenate(chosen) if chosen else np.zeros((0, 2), np.int64)
    key = np.sort(release[pair] * (len(labels.corpora) + 1) + corpus[pair] + 1, axis=1)
    return Trials(
        features=pair_features(fitted.likelihood, read, pair[:, 0], pair[:, 1]),
        count=read.count[pair[:, 0]],
        kind=np.concatenate(kinds) if kinds else np.zeros(0, object),
        group=names.group[release[pair]],
        in_domain=np.all(read.in_domain[pair], axis=1),
        cell=np.unique(key, axis=0, return_inverse=True)[1].reshape(-1),
    )


def _kinds(
    names: ClassNames,
    release: Ints,
    corpus: Ints,
    lab_known: NDArray[np.bool_],
    pair: tuple[Ints, Ints],
) -> NDArray[np.object_]:
    """The kind of each pair of sides."""
    first, second = pair
    out = np.full(len(first), PairKind.OTHER, object)
    out[~(lab_known[first] & lab_known[second])] = PairKind.UNKNOWN
    for level, kind in ((names.lab, PairKind.LAB), (names.family, PairKind.SIBLING), (names.group, PairKind.VARIANT)):
        out[level[release[first]] == level[release[second]]] = kind
    same = release[first] == release[second]
    out[same] = PairKind.TARGET
    out[same & (corpus[first] != corpus[second])] = PairKind.ACROSS
    return out


def _free(sides: Sequence[SideRows], kind: NDArray[np.object_], pair: tuple[Ints, Ints]) -> NDArray[np.bool_]:
    """Whether the sides of a pair have no row in common; only those of one release can have any."""
    out = np.ones(len(kind), bool)
    for i in np.flatnonzero((kind == PairKind.TARGET) | (kind == PairKind.ACROSS)).tolist():
        out[i] = not np.isin(sides[pair[0][i]].rows, sides[pair[1][i]].rows).any()
    return out


def _share(kind: PairKind, config: PairConfig) -> int:
    """Pairs of a kind in one place: targets in one corpus and in two are kinds of their own already."""
    return config.pairs if kind in (PairKind.TARGET, PairKind.ACROSS) else config.pairs // _WHERE
