"""Labs, releases, domains and responses as one Gaussian hierarchy in the fingerprint space.

After the two-covariance PLDA of speaker recognition (Brummer & De Villiers 2010; Sizov et al. 2014), with a level
for the lab and one for the domain: a response of release r of lab l in corpus c is

    x = lab_l + release_r + corpus_c + session_rc + rest

and every term is Gaussian. The spreads are estimated from sums over cells (a release in a corpus); in a basis in
which the nuisance is white and the spread between releases diagonal, each is one variance a dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.parallel import MapFunction

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ITERATIONS = 10
_SHRINK = 0.02
_FLOOR = 1e-6
_FEW = 10
_BLOCK = 4_000


class Indexed(Protocol):
    """Rows that are read a few at a time. shape: how many, and D."""

    @property
    def shape(self) -> tuple[int, int]: ...
    def __getitem__(self, rows: Ints) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Cells:
    """Sums of the responses of each release in each corpus; all that the hierarchy is fitted on.

    mean: (cells, D); count, release, corpus: (cells,) codes from 0; within: (D, D) covariance around the means.
    """

    mean: Floats
    count: Ints
    release: Ints
    corpus: Ints
    within: Floats

    @classmethod
    def of(
        cls, rows: NDArray[np.float32] | Indexed, release: Ints, corpus: Ints, at: Ints | None = None,
        map_function: MapFunction = starmap,
    ) -> Cells:  # fmt: skip
        """rows: in the fingerprint space, D wide; at: (n,) which of them, None for all; release, corpus: (n,) codes;
        over: does the sums of some rows at a time."""
        at = np.arange(len(release)) if at is None else at
        code, cell = np.unique(release * (corpus.max() + 1) + corpus, return_inverse=True)
        count = np.bincount(cell)
        share = 1 / np.sqrt(count)
        total, within = np.zeros((len(code), rows.shape[1])), np.zeros((rows.shape[1],) * 2)
        blocks = (slice(i, i + _BLOCK) for i in range(0, len(at), _BLOCK))
        for cells, sums, products in map_function(_sums, ((rows[at[b]], cell[b], share[cell[b]]) for b in blocks)):
            total[cells] += sums
            within += products
        mean = total / count[:, None]
        # Products around the means are those around zero less those of the means.
        within -= (mean * (share * count)[:, None]).T @ mean
        freedom = share[cell].sum() - share.sum()
        width = corpus.max() + 1
        return cls(mean, count, code // width, code % width, within / max(freedom, 1e-9))


def _sums(rows: NDArray[np.float32], cell: Ints, share: Floats) -> tuple[Ints, Floats, Floats]:
    """Of some rows: the cells that they are of, (cells, D) their sums, and (D, D) weighted products."""
    exact = rows.astype(float)
    cells, of = np.unique(cell, return_inverse=True)
    sums = np.zeros((len(cells), rows.shape[1]))
    np.add.at(sums, of, exact)
    return cells, sums, (exact * share[:, None]).T @ exact


@dataclass(frozen=True)
class Plda:
    """A fitted hierarchy. K dimensions; R releases, L labs, C corpora; all means and variances in the basis.

    centre (D,), basis (D, K): x -> (x - centre) @ basis. cell_* as in `Cells`. corpus_mean (C, K).
    within, session, domain, between_labs, between_releases: (K,) variances. lab: (R,) code of each release's lab.
    in_domain: (C,) whether a corpus is training ground: the space was made on it, or it was brought later and lies there.
    corpus_spread: (C,) how widely responses spread in one that is none, in units of `within`; 1 for the others.
    """

    centre: Floats
    basis: Floats
    cell_mean: Floats
    cell_count: Ints
    cell_release: Ints
    cell_corpus: Ints
    corpus_mean: Floats
    within: Floats
    session: Floats
    domain: Floats
    between_labs: Floats
    between_releases: Floats
    lab: Ints
    in_domain: NDArray[np.bool_]
    corpus_spread: Floats

    @classmethod
    def fit(cls, cells: Cells, lab: Ints) -> Plda:
        """lab: (R,) code of the lab of each release that `cells.release` counts."""
        centre = np.average(cells.mean, axis=0, weights=cells.count)
        mean = cells.mean - centre
        corpus_mean = _corpus_means(mean, cells)
        centred = mean - corpus_mean[cells.corpus]
        within = cells.within
        session = _psd(_session(centred, cells))
        domain = np.cov(corpus_mean.T) if len(corpus_mean) > 1 else np.zeros_like(within)
        large = cells.count >= min(_FEW, int(np.median(cells.count)))
        total = centred[large].T @ centred[large] / max(large.sum(), 1)
        between = _psd(total - session - within * np.mean(1 / cells.count[large]))
        labs = _psd(_between_labs(centred, cells, lab))
        noise = within / 10 + session + domain
        noise += _SHRINK * np.trace(within) / len(within) * np.eye(len(within))
        values, vectors = np.linalg.eigh(noise)
        white = vectors / np.sqrt(np.maximum(values, 1e-9 * max(values.max(), _FLOOR)))
        values, vectors = np.linalg.eigh(white.T @ between @ white)
        basis = (white @ vectors)[:, ::-1]
        basis *= np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])

        def spread(covariance: Floats) -> Floats:
            return np.maximum(np.einsum("ij,ik,kj->j", basis, covariance, basis), _FLOOR)

        both = spread(between)
        of_labs = np.minimum(spread(labs), 0.9 * both)
        return cls(
            centre,
            basis,
            mean @ basis,
            cells.count,
            cells.release,
            cells.corpus,
            corpus_mean @ basis,
            spread(within),
            spread(session),
            spread(domain),
            of_labs,
            both - of_labs,
            lab,
            np.ones(len(corpus_mean), bool),
            np.ones(len(corpus_mean)),
        )

    @property
    def domain_mean(self) -> Floats:
        """(K,) where an unknown corpus is expected."""
        return np.asarray(self.corpus_mean[self.in_domain].mean(axis=0))

    def project(self, rows: NDArray[np.floating]) -> Floats:
        """(n, D) of the fingerprint space to (n, K) of this basis."""
        return (rows - self.centre) @ self.basis


def _corpus_means(mean: Floats, cells: Cells) -> Floats:
    """Corpus effects and release effects by alternating least squares, the latter shrunk."""
    weight = cells.count / (cells.count + 5.0)
    corpus = np.zeros((cells.corpus.max() + 1, mean.shape[1]))
    release = np.zeros((cells.release.max() + 1, mean.shape[1]))
    share = np.bincount(cells.release, weight)[:, None]
    for _ in range(_ITERATIONS):
        rest = mean - release[cells.release]
        for c in range(len(corpus)):
            of = cells.corpus == c
            corpus[c] = np.average(rest[of], axis=0, weights=weight[of])
        sums = np.zeros_like(release)
        np.add.at(sums, cells.release, (mean - corpus[cells.corpus]) * weight[:, None])
        release = sums / (share + 0.3)
    return corpus


def _session(centred: Floats, cells: Cells) -> Floats:
    """How far a release's cells lie from its mean over corpora, less what their sizes explain."""
    corpora = np.bincount(cells.release)
    mean = np.zeros((len(corpora), centred.shape[1]))
    np.add.at(mean, cells.release, centred)
    mean /= np.maximum(corpora, 1)[:, None]
    use = (corpora[cells.release] > 1) & (cells.count >= _FEW)
    if not use.any():
        return cells.within / 10
    away = (centred - mean[cells.release])[use]
    k = corpora[cells.release[use]]
    return (away * (k / (k - 1))[:, None]).T @ away / use.sum() - cells.within * np.mean(1 / cells.count[use])


def _between_labs(centred: Floats, cells: Cells, lab: Ints) -> Floats:
    """Cross products of different releases of one lab, small labs counting for more than their pairs."""
    weight = cells.count / (cells.count + 5.0)
    release = np.zeros((len(lab), centred.shape[1]))
    np.add.at(release, cells.release, centred * weight[:, None])
    release /= np.maximum(np.bincount(cells.release, weight, minlength=len(lab)), 1e-9)[:, None]
    out, total = np.zeros((centred.shape[1],) * 2), 0.0
    for code in np.unique(lab):
        of = release[lab == code]
        if len(of) > 1:
            share = 1 / (np.sqrt(len(of)) * (len(of) - 1))
            out += share * (np.outer(of.sum(0), of.sum(0)) - of.T @ of)
            total += share * len(of) * (len(of) - 1)
    return out / total if total else out


def _psd(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return (vectors * np.maximum(values, 0)) @ vectors.T
