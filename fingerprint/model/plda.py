"""Labs, releases, domains, sessions and responses as one Gaussian hierarchy of embeddings (PLDA).

The two-covariance model of speaker recognition, with a level more for the lab and one for the domain: the embedding of
a response by release r of lab l in corpus c is

    x = lab_l + release_r + domain_c + session_rc + residual

and every term is Gaussian. The covariances are estimated by moments of cells (a release in a corpus). In a basis that
whitens the nuisance and diagonalises the covariance between releases, each is one variance for each dimension.

References:
    Brümmer, N. and De Villiers, E. (2010). The speaker partitioning problem. Odyssey 2010 (the two-covariance model).
    Sizov, A., Lee, K. A. and Kinnunen, T. (2014). Unifying probabilistic linear discriminant analysis variants in
    biometric authentication. S+SSPR 2014.
    Searle, S. R., Casella, G. and McCulloch, C. E. (1992). Variance Components. Wiley (estimation by moments).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.parallel import MapFunction
from fingerprint.config import PldaConfig

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Numerical floors: of a variance in the basis, and of an eigenvalue as a share of the largest one.
_FLOOR = 1e-6
_EIGENVALUE_FLOOR = 1e-9
# Rows that are summed at a time: 8 MB of 256 float64 dimensions. Another size gives other last digits.
_BLOCK = 4_000


class Indexed(Protocol):
    """Rows that are read a few at a time, such as an array on disk. shape: rows and D."""

    @property
    def shape(self) -> tuple[int, int]: ...
    def __getitem__(self, rows: Ints) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Cells:
    """The sufficient statistics of PLDA: mean and count of each cell (a release in a corpus).

    Attributes:
        mean: (cells, D) mean embedding.
        count: (cells,) responses.
        release: (cells,) code of the release, from 0.
        corpus: (cells,) code of the corpus, from 0.
        within: (D, D) covariance of responses around the mean of their cell, pooled.
    """

    mean: Floats
    count: Ints
    release: Ints
    corpus: Ints
    within: Floats

    @classmethod
    def of(
        cls,
        rows: NDArray[np.float32] | Indexed,
        release: Ints,
        corpus: Ints,
        at: Ints | None = None,
        map_function: MapFunction = starmap,
    ) -> Cells:
        """Sum embeddings by cell.

        A cell of n responses counts 1/sqrt(n) for each of them in `within`, so that large cells do not decide alone.

        Args:
            rows: (rows, D) embeddings.
            release: (n,) code of each release.
            corpus: (n,) code of each corpus.
            at: (n,) which of the rows; None for all.
            map_function: Sums some rows at a time, in order.

        Returns:
            The cells, in the order of releases and then corpora.
        """
        at = np.arange(len(release)) if at is None else at
        width = corpus.max() + 1
        code, cell = np.unique(release * width + corpus, return_inverse=True)
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
        # Without a second response in any cell there is no freedom; the floor avoids a division by 0.
        freedom = max(share[cell].sum() - share.sum(), 1e-9)
        return cls(mean, count, code // width, code % width, within / freedom)


def _sums(rows: NDArray[np.float32], cell: Ints, share: Floats) -> tuple[Ints, Floats, Floats]:
    """Return the cells of some rows, their (cells, D) sums, and the (D, D) weighted products of the rows."""
    exact = rows.astype(float)
    cells, of = np.unique(cell, return_inverse=True)
    sums = np.zeros((len(cells), rows.shape[1]))
    np.add.at(sums, of, exact)
    return cells, sums, (exact * share[:, None]).T @ exact


@dataclass(frozen=True)
class Plda:
    """A fitted hierarchy with K dimensions, R releases, L labs and C corpora. Means and variances are in its basis.

    Attributes:
        centre: (D,) mean embedding; `(x - centre) @ basis` is a point in the basis.
        basis: (D, K).
        cell_mean: (cells, K), as in `Cells`.
        cell_count: (cells,), as in `Cells`.
        cell_release: (cells,), as in `Cells`.
        cell_corpus: (cells,), as in `Cells`.
        corpus_mean: (C, K) offset of each corpus.
        within: (K,) variance of a response around its cell.
        session: (K,) variance of a release in one corpus around the release.
        domain: (K,) variance of the offsets of corpora.
        between_labs: (K,) variance of labs.
        between_releases: (K,) variance of releases around their lab.
        lab: (R,) code of each release's lab.
        in_domain: (C,) whether the embedding was trained on a corpus, or an update found it in-domain.
        corpus_spread: (C,) variance of responses in a corpus, in units of `within`; 1 for the in-domain ones.
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
    def fit(cls, cells: Cells, lab: Ints, config: PldaConfig) -> Plda:
        """Estimate the covariances by moments, and the basis in which they are diagonal.

        Args:
            cells: The sufficient statistics.
            lab: (R,) code of the lab of each release that `cells.release` counts.
            config: Priors, shrinkage and limits.

        Returns:
            The hierarchy; all corpora are in-domain.

        References:
            Brümmer & De Villiers (2010); Searle et al. (1992); for the basis, Fukunaga, K. (1990), Introduction to
            Statistical Pattern Recognition, chapter 2 (simultaneous diagonalisation).
        """
        centre = np.average(cells.mean, axis=0, weights=cells.count)
        mean = cells.mean - centre
        corpus_mean = _corpus_means(mean, cells, config)
        centred = mean - corpus_mean[cells.corpus]
        within = cells.within
        session = _positive(_session(centred, cells, config))
        domain = np.cov(corpus_mean.T) if len(corpus_mean) > 1 else np.zeros_like(within)
        large = cells.count >= min(config.cell_responses, int(np.median(cells.count)))
        total = centred[large].T @ centred[large] / max(large.sum(), 1)
        between = _positive(total - session - within * np.mean(1 / cells.count[large]))
        labs = _positive(_between_labs(centred, cells, lab, config))
        noise = within * config.nuisance_within + session + domain
        noise += config.shrinkage * np.trace(within) / len(within) * np.eye(len(within))
        values, vectors = np.linalg.eigh(noise)
        white = vectors / np.sqrt(np.maximum(values, _EIGENVALUE_FLOOR * max(values.max(), _FLOOR)))
        values, vectors = np.linalg.eigh(white.T @ between @ white)
        basis = (white @ vectors)[:, ::-1]
        # The sign of an eigenvector is arbitrary; one rule gives the same bytes everywhere.
        basis *= np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])

        def variance(covariance: Floats) -> Floats:
            return np.maximum(np.einsum("ij,ik,kj->j", basis, covariance, basis), _FLOOR)

        both = variance(between)
        of_labs = np.minimum(variance(labs), config.lab_share * both)
        return cls(
            centre=centre,
            basis=basis,
            cell_mean=mean @ basis,
            cell_count=cells.count,
            cell_release=cells.release,
            cell_corpus=cells.corpus,
            corpus_mean=corpus_mean @ basis,
            within=variance(within),
            session=variance(session),
            domain=variance(domain),
            between_labs=of_labs,
            between_releases=both - of_labs,
            lab=lab,
            in_domain=np.ones(len(corpus_mean), bool),
            corpus_spread=np.ones(len(corpus_mean)),
        )

    @property
    def domain_mean(self) -> Floats:
        """(K,) the expected offset of an unknown corpus: the mean offset of the in-domain ones."""
        return np.asarray(self.corpus_mean[self.in_domain].mean(axis=0))

    def project(self, rows: NDArray[np.floating]) -> Floats:
        """Return the (n, K) points of (n, D) embeddings."""
        return (rows - self.centre) @ self.basis


def _corpus_means(mean: Floats, cells: Cells, config: PldaConfig) -> Floats:
    """Estimate corpus effects beside shrunk release effects by alternating least squares."""
    weight = cells.count / (cells.count + config.cell_prior)
    corpus = np.zeros((cells.corpus.max() + 1, mean.shape[1]))
    release = np.zeros((cells.release.max() + 1, mean.shape[1]))
    share = np.bincount(cells.release, weight)[:, None]
    for _ in range(config.iterations):
        rest = mean - release[cells.release]
        for c in range(len(corpus)):
            of = cells.corpus == c
            corpus[c] = np.average(rest[of], axis=0, weights=weight[of])
        sums = np.zeros_like(release)
        np.add.at(sums, cells.release, (mean - corpus[cells.corpus]) * weight[:, None])
        release = sums / (share + config.release_ridge)
    return corpus


def _session(centred: Floats, cells: Cells, config: PldaConfig) -> Floats:
    """Estimate the covariance of a release's cells around its mean over corpora, less what their counts explain."""
    corpora = np.bincount(cells.release)
    mean = np.zeros((len(corpora), centred.shape[1]))
    np.add.at(mean, cells.release, centred)
    mean /= np.maximum(corpora, 1)[:, None]
    use = (corpora[cells.release] > 1) & (cells.count >= config.cell_responses)
    if not use.any():
        return cells.within * config.session_within
    away = (centred - mean[cells.release])[use]
    k = corpora[cells.release[use]]
    return (away * (k / (k - 1))[:, None]).T @ away / use.sum() - cells.within * np.mean(1 / cells.count[use])


def _between_labs(centred: Floats, cells: Cells, lab: Ints, config: PldaConfig) -> Floats:
    """Estimate the covariance of labs by cross products of different releases of one lab.

    A lab of n releases has n (n - 1) pairs but counts as sqrt(n), so that large labs do not decide alone.
    """
    weight = cells.count / (cells.count + config.cell_prior)
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


def _positive(covariance: Floats) -> Floats:
    """Return the nearest positive semi-definite matrix: negative eigenvalues become 0."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return (vectors * np.maximum(values, 0)) @ vectors.T
