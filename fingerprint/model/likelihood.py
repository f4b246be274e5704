"""What a suspect's responses say for each hypothesis: a known release, a new release of a lab, an unknown lab.

The domain of a suspect is not known: each known corpus and an unknown one are hypotheses of their own, and the
likelihood is their mean. In a known corpus a release that was seen there is expected where it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.plda import Floats, Ints, Plda

# Responses of one suspect are not independent: this share of the spread of one does not average out.
CORRELATION = 0.15
_BLOCK = 250
# In nats a dimension: by how much a release seen in a domain off the ground has to explain a suspect better than
# another's being there does, for one seen there and for e times as many. Of other releases' suspects one in forty
# gets that far, on four corpora that a model was made without (docs/decisions.md).
_LEAD, _LEAD_BY_SEEN = 0.1, 0.1


@dataclass(frozen=True)
class Evidence:
    """Log-likelihoods of S suspects: known (S, R), new (S, L), unknown (S,).

    domain_distance: (S,) mean squared distance a dimension, in variances, from the nearest release in a known domain; a domain
    off the training ground is known only to suspects that one of the releases seen there explains.
    in_domain_llr: (S,) by how much (nats) the best explanation in a known domain beats the best in an unknown one.
    release_score (S, R), lab_score (S, L): of the linear heads.
    """

    known: Floats
    new: Floats
    unknown: Floats
    domain_distance: Floats
    in_domain_llr: Floats
    release_score: Floats
    lab_score: Floats

    def of(self, at: NDArray[np.bool_] | Ints) -> Evidence:
        """The evidence of some suspects."""
        return Evidence(*(getattr(self, name)[at] for name in Evidence.__annotations__))


@dataclass(frozen=True)
class LinearClassifiers:
    """Over the K dimensions of a hierarchy's basis. release: (K, R), lab: (K, L), each with its bias."""

    release: Floats
    release_bias: Floats
    lab: Floats
    lab_bias: Floats

    def scores(self, point: Floats) -> tuple[Floats, Floats]:
        """(S, R) and (S, L) logits of (S, K) points, the highest of each row 0."""
        return _below_best(point @ self.release + self.release_bias), _below_best(point @ self.lab + self.lab_bias)

    def release_logs(self, point: Floats) -> Floats:
        """(n, R) log-probabilities of the releases for (n, K) points, each by itself."""
        logits = _below_best(point @ self.release + self.release_bias)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


class Likelihood:
    """Posterior means and variances of labs and releases, ready to score suspects; without heads their scores
    are 0."""

    def __init__(self, plda: Plda, classifiers: LinearClassifiers | None = None):
        self.plda = h = plda
        self.classifiers = classifiers
        releases, labs = len(h.lab), int(h.lab.max()) + 1
        # What a corpus off the ground does to responses is told by its releases alone, so that it tells nothing of
        # these elsewhere.
        cells = h.in_domain[h.cell_corpus]
        seen = (h.cell_mean - h.corpus_mean[h.cell_corpus])[cells]
        self._noise = h.within * h.corpus_spread[h.cell_corpus][:, None] / h.cell_count[:, None]
        noise = h.session + self._noise[cells]
        precision, total = np.zeros((2, releases, len(h.within)))
        np.add.at(precision, h.cell_release[cells], 1 / noise)
        np.add.at(total, h.cell_release[cells], seen / noise)
        share = 1 / (1 + precision * h.between_releases)
        lab_precision, lab_total = np.zeros((2, labs, len(h.within)))
        np.add.at(lab_precision, h.lab, precision * share)
        np.add.at(lab_total, h.lab, total * share)
        self.lab_var = 1 / (lab_precision + 1 / h.between_labs)
        self.lab_mean = self.lab_var * lab_total
        prior = 1 / h.between_releases
        sum_ = precision + prior
        self.mean = (total + self.lab_mean[h.lab] * prior) / sum_
        self.var = 1 / sum_ + self.lab_var[h.lab] * (prior / sum_) ** 2

    def evidence(self, mean: NDArray[np.float32], count: Ints) -> Evidence:
        """mean: (S, D) mean of each suspect's responses in the fingerprint space; count: (S,) how many."""
        point = self.plda.project(mean)
        parts = []
        # A few at a time: each domain has its likelihoods of every release.
        for n in np.unique(count):
            every = np.flatnonzero(count == n)
            for at in (every[i : i + _BLOCK] for i in range(0, len(every), _BLOCK)):
                parts.append((at, self._evidence(point[at], int(n))))
        order = np.argsort(np.concatenate([at for at, _ in parts]))
        joined = [np.concatenate([getattr(e, name) for _, e in parts]) for name in Evidence.__annotations__]
        return Evidence(*joined).of(order)

    def _evidence(self, point: Floats, n: int) -> Evidence:
        h = self.plda
        spread = CORRELATION + (1 - CORRELATION) / n
        whole = h.between_labs + h.between_releases + h.session
        known, new, unknown = [], [], []
        ground, nearest, later = np.full(len(point), np.inf), *np.full((2, len(point)), -np.inf)
        own = np.full(len(point), -1)
        for corpus in range(-1, len(h.corpus_mean)):
            if corpus < 0:
                offset, extra = h.domain_mean, h.within * spread + h.domain
                mean, var = self.mean, self.var + h.session
            else:
                offset, extra = h.corpus_mean[corpus], h.within * (h.corpus_spread[corpus] * spread)
                mean, var = self.in_corpus(corpus)
            z = point - offset
            known.append(_log_density(z, mean, var + extra))
            new_var = self.lab_var + h.between_releases + h.session + extra
            new.append(_log_density(z, self.lab_mean, new_var))
            wide = (whole + extra)[None]
            unknown.append(_log_density(z, np.zeros_like(wide), wide)[:, 0])
            if corpus >= 0:
                best = known[-1].argmax(axis=1) if h.in_domain[corpus] else self._near(z, corpus, mean, var, n)
                # A domain off the ground is none for those of whom nothing is known there.
                for densities in (known[-1], new[-1], unknown[-1]):
                    densities[best < 0] = -np.inf
                away = ((z - mean[best]) ** 2 / (var + extra)[best]).mean(axis=1)
                ground = np.minimum(ground, np.where(best < 0, np.inf, away))
                density = known[-1][np.arange(len(z)), best]
                nearest = np.maximum(nearest, density)
                if not h.in_domain[corpus]:
                    own, later = np.where(density > later, best, own), np.maximum(later, density)
        in_domain_llr = nearest - known[0].max(axis=1)
        scores = (
            self.classifiers.scores(point) if self.classifiers else (np.zeros_like(known[0]), np.zeros_like(new[0]))
        )
        # The heads do not know such a domain: they do not speak against whom it speaks for.
        there = np.flatnonzero(own >= 0)
        scores[0][there, own[there]] = 0
        scores[1][there, h.lab[own[there]]] = 0
        return Evidence(_mean(known), _mean(new), _mean(unknown), ground, in_domain_llr, *scores)

    def expected(self, corpus: int) -> tuple[NDArray[np.bool_], Floats, Floats]:
        """(cells,) which are a corpus', and of these (own cells, K) where their mean is expected by what is known of
        their release from elsewhere, less the corpus' own mean, and the variance of that."""
        h = self.plda
        cells = h.cell_corpus == corpus
        release = h.cell_release[cells]
        return cells, self.mean[release], self.var[release] + h.session + self._noise[cells]

    def _near(self, z: Floats, corpus: int, mean: Floats, var: Floats, n: int) -> Ints:
        """(S,) in a domain off the ground, the release seen there that explains suspects of n responses far better than
        another's being there does; -1 for others, of whom nothing is known there.

        That is speaker verification by a two-covariance model (Brummer & De Villiers 2010), in which the domain's own
        mean and the spread of responses in it are known no better than the releases seen there tell.
        """
        h = self.plda
        cells, _, each = self.expected(corpus)
        seen = np.unique(h.cell_release[cells])
        rest = h.within * (h.corpus_spread[corpus] / n)
        another = h.between_labs + h.between_releases + h.session + 1 / (1 / each).sum(axis=0) + rest
        lead = _log_density(z, mean[seen], var[seen] + rest) - _log_density(z, np.zeros((1, z.shape[1])), another[None])
        enough = z.shape[1] * (_LEAD + _LEAD_BY_SEEN * np.log(len(seen)))
        return np.where(lead.max(axis=1) >= enough, seen[lead.argmax(axis=1)], -1)

    def in_corpus(self, corpus: int) -> tuple[Floats, Floats]:
        """(R, K) where each release lies in a known corpus, less the corpus' own mean, and the variances of that."""
        h = self.plda
        mean, var = self.mean.copy(), self.var + h.session
        at = np.flatnonzero(h.cell_corpus == corpus)
        release = h.cell_release[at]
        noise = self._noise[at]
        gain = h.session / (h.session + noise)
        mean[release] += gain * (h.cell_mean[at] - h.corpus_mean[corpus] - mean[release])
        var[release] = 1 / (1 / var[release] + 1 / noise)
        return mean, var


def _log_density(point: Floats, mean: Floats, var: Floats) -> Floats:
    """(S, H) log-density of each point under each diagonal Gaussian, but for a constant of the dimension."""
    weight = 1 / var
    distance = (point**2) @ weight.T - 2 * point @ (mean * weight).T + (mean**2 * weight + np.log(var)).sum(axis=1)
    return -0.5 * distance


def _mean(parts: list[Floats]) -> Floats:
    stacked = np.stack(parts)
    top = stacked.max(axis=0)
    return top + np.log(np.exp(stacked - top).mean(axis=0))


def _below_best(logits: Floats) -> Floats:
    return np.asarray(logits - logits.max(axis=1, keepdims=True))
