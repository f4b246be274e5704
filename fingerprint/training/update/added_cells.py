"""New cells in a fitted PLDA, by sums: its basis and variances stay, and no old response is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import Config, PldaConfig
from fingerprint.loading import Loaded
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Cells, Floats, Indexed, Ints, Plda


@dataclass(frozen=True)
class NewResponses:
    """The n responses that an update learns from.

    Attributes:
        embedding: (rows, D) embeddings, of these responses among others.
        at: (n,) the row of each response.
        release: (n,) codes.
        corpus: (n,) codes.
    """

    embedding: NDArray[np.float32] | Indexed
    at: Ints
    release: Ints
    corpus: Ints

    def of(self, some: NDArray[np.bool_] | Ints) -> NewResponses:
        """Return some of the responses."""
        return NewResponses(self.embedding, self.at[some], self.release[some], self.corpus[some])

    def recoded(self, release: Ints, corpus: Ints) -> NewResponses:
        """Return the responses with other codes; release, corpus: the new code for each old one."""
        return replace(self, release=release[self.release], corpus=corpus[self.corpus])

    def cells(self) -> Cells:
        """Return the sums over the cells of the responses."""
        return Cells.of(self.embedding, self.release, self.corpus, self.at)


def in_domain(model: Loaded, responses: NewResponses, corpora: Ints, config: Config) -> NDArray[np.bool_]:
    """Test whether corpora that a model does not have are in-domain.

    In each corpus some responses of a release are one case. The corpus is in-domain if the domain distance of the
    median case is within a share of the domain limit.

    Args:
        model: The model.
        responses: All new responses.
        corpora: (C,) codes of the corpora in question.
        config: Of the model; its seed is that of the draws.

    Returns:
        (C,) whether each is in-domain; False where no release has enough responses to tell.
    """
    return np.array([_in_domain(model, responses.of(responses.corpus == code), config) for code in corpora], bool)


def _in_domain(model: Loaded, responses: NewResponses, config: Config) -> bool:
    rng, update = np.random.default_rng(config.seed), config.update
    releases = np.flatnonzero(np.bincount(responses.release) >= update.domain_cases)
    if not len(releases):
        return False
    cases: list[Ints] = [
        rng.permutation(responses.at[responses.release == release])[: update.domain_responses]
        for release in rng.permutation(releases)[: update.domain_most]
    ]
    means = np.stack([responses.embedding[rows].mean(axis=0) for rows in cases])
    distance = model.likelihood.evidence(means, np.array([len(rows) for rows in cases])).domain_distance
    return bool(np.median(distance) <= update.domain_share * model.calibration.domain_limit(update.domain_responses))


def add_cells(plda: Plda, responses: NewResponses, lab: Ints, new_in_domain: NDArray[np.bool_], config: Config) -> Plda:
    """Add responses to a fitted PLDA.

    The offset of a new corpus is estimated from what its releases write elsewhere (of a new release: what is expected
    of its lab). In-domain, the spread of the known offsets is its prior.

    Args:
        plda: The fitted PLDA.
        responses: The new responses. Their codes are those of `plda` and, from then on, new ones.
        lab: (R,) code of the lab of each release, the new releases included.
        new_in_domain: (C,) whether each new corpus is in-domain.
        config: Of the model.

    Returns:
        PLDA with the new cells; cells that were there and have more responses are merged.
    """
    first = len(plda.corpus_mean)
    spread = np.append(plda.corpus_spread, np.ones(len(new_in_domain)))
    updated = replace(
        plda,
        lab=lab,
        corpus_mean=np.pad(plda.corpus_mean, ((0, len(new_in_domain)), (0, 0))),
        in_domain=np.append(plda.in_domain, np.zeros(len(new_in_domain), bool)),
    )
    out_of_domain = first + np.flatnonzero(~new_in_domain)
    rest = ~np.isin(responses.corpus, out_of_domain)
    if rest.any():
        updated = _with_cells(updated, responses.of(rest).cells())
    for corpus in out_of_domain.tolist():
        cells = responses.of(responses.corpus == corpus).cells()
        spread[corpus] = _spread(plda, cells, config.update.corpus_prior)
        updated = _with_cells(updated, cells)
    updated = replace(updated, corpus_spread=spread)
    all_in_domain = np.append(plda.in_domain, new_in_domain)
    return replace(updated, corpus_mean=_offsets(updated, all_in_domain, config.plda), in_domain=all_in_domain)


def _spread(plda: Plda, cells: Cells, prior: int) -> float:
    """How widely responses spread around the means of `cells`, in units of `plda.within`; prior: responses' worth of
    the usual spread beside them."""
    ratio = (np.einsum("ij,ik,kj->j", plda.basis, cells.within, plda.basis) / plda.within).mean()
    # A response alone in its cell does not tell, and few tell little.
    freedom = cells.count.sum() - len(cells.count)
    return float((freedom * ratio + prior) / (freedom + prior))


def _with_cells(plda: Plda, added: Cells) -> Plda:
    """Every corpus of `added` is one of PLDA's."""
    width = len(plda.corpus_mean)
    key = np.concatenate([plda.cell_release * width + plda.cell_corpus, added.release * width + added.corpus])
    cells, at = np.unique(key, return_inverse=True)
    size = np.concatenate([plda.cell_count, added.count])
    count, total = np.zeros(len(cells), np.int64), np.zeros((len(cells), len(plda.within)))
    np.add.at(count, at, size)
    np.add.at(total, at, np.vstack([plda.cell_mean, plda.project(added.mean)]) * size[:, None])
    return replace(
        plda, cell_mean=total / count[:, None], cell_count=count, cell_release=cells // width, cell_corpus=cells % width
    )


def _offsets(plda: Plda, all_in_domain: NDArray[np.bool_], config: PldaConfig) -> Floats:
    """(C, K) the offset of each corpus; those out-of-domain in `plda` from where their releases are expected.

    all_in_domain: (C,) which corpora have the prior N(domain mean, plda.domain).
    """
    likelihood = Likelihood(plda, None, config)
    means = plda.corpus_mean.copy()
    for corpus in np.flatnonzero(~plda.in_domain).tolist():
        cells, mean, var = likelihood.expected(corpus)
        prior = all_in_domain[corpus] / plda.domain
        total = plda.domain_mean * prior + ((plda.cell_mean[cells] - mean) / var).sum(axis=0)
        means[corpus] = total / (prior + (1 / var).sum(axis=0))
    return means
