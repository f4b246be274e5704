"""The likelihoods of a case under each hypothesis: a known release, a new release of a lab, an unknown lab.

The domain of a case is not known. Each known corpus and an unknown one are hypotheses of their own, and the likelihood
is the mean over them. In a known corpus, a release that has responses there is expected where these are.

Beside the densities stand two linear classifiers. The densities are honest about what is new, but they also depend on
directions that separate nobody; a discriminative layer beside a generative model is usual in speaker recognition.

References:
    Brümmer, N. and De Villiers, E. (2010). The speaker partitioning problem. Odyssey 2010.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import PldaConfig
from fingerprint.model.plda import Floats, Ints, Plda

# Cases that are scored at a time: each domain has its likelihoods of every release, 250 x 450 x 8 bytes x 20 domains.
_BLOCK = 250


@dataclass(frozen=True)
class Evidence:
    """Log-likelihoods (nats) and classifier scores of S cases. Likelihoods lack a constant that all have in common.

    Attributes:
        known: (S, R) of each known release.
        new: (S, L) of a new release of each lab.
        unknown: (S,) of an unknown lab.
        domain_distance: (S,) mean squared distance a dimension, in variances, from the nearest known release in a
            known domain. A domain that is not in-domain counts only for cases that a release with responses there
            explains.
        in_domain_llr: (S,) LLR in nats of the best known release in a known domain against the best in an unknown one.
        release_score: (S, R) of the release classifier; the best of each case is 0.
        lab_score: (S, L) of the lab classifier; the best of each case is 0.
        votes: (S, L) mean over the responses of the log-probability of the lab, by both classifiers together; the best
            of each case is 0.
    """

    known: Floats
    new: Floats
    unknown: Floats
    domain_distance: Floats
    in_domain_llr: Floats
    release_score: Floats
    lab_score: Floats
    votes: Floats

    def of(self, at: NDArray[np.bool_] | Ints) -> Evidence:
        """Return the evidence on some of the cases."""
        return Evidence(*(getattr(self, field.name)[at] for field in fields(self)))


@dataclass(frozen=True)
class LinearClassifiers:
    """Softmax regressions over releases and over labs, on points in PLDA's basis.

    Attributes:
        release: (K, R) weights.
        release_bias: (R,).
        lab: (K, L) weights.
        lab_bias: (L,).
    """

    release: Floats
    release_bias: Floats
    lab: Floats
    lab_bias: Floats

    def scores(self, point: Floats) -> tuple[Floats, Floats]:
        """Return the (S, R) and (S, L) logits of (S, K) points, less the best of each row."""
        return _below_best(point @ self.release + self.release_bias), _below_best(point @ self.lab + self.lab_bias)

    def log_probabilities(self, point: Floats) -> tuple[Floats, Floats]:
        """Return the (n, R) log-probabilities of releases and the (n, L) ones of labs for (n, K) points, each alone."""
        release, lab = self.scores(point)
        return _log_softmax(release), _log_softmax(lab)


@dataclass(frozen=True)
class _Domain:
    """One hypothesis about the domain of cases of n responses.

    offset: (K,) of the domain. extra: (K,) variance of the mean of n responses there. mean, var: (R, K) of each
    release there, less the offset.
    """

    offset: Floats
    extra: Floats
    mean: Floats
    var: Floats


class Likelihood:
    """Scores cases by PLDA and the linear classifiers.

    Args:
        plda: The fitted hierarchy.
        classifiers: The linear classifiers; without them (None) their scores are 0.
        config: The correlation of responses and the limits of domains that came with an update.

    Attributes:
        plda: As given.
        classifiers: As given.
        mean: (R, K) posterior mean of each release.
        var: (R, K) its posterior variance.
        lab_mean: (L, K) posterior mean of each lab.
        lab_var: (L, K) its posterior variance.
    """

    def __init__(self, plda: Plda, classifiers: LinearClassifiers | None, config: PldaConfig):
        self.plda = plda
        self.classifiers = classifiers
        self._config = config
        releases, labs, width = len(plda.lab), int(plda.lab.max()) + 1, len(plda.within)
        # The offset of a corpus that is not in-domain is estimated by its own releases alone, so that such a corpus
        # says nothing about them elsewhere.
        cells = plda.in_domain[plda.cell_corpus]
        seen = (plda.cell_mean - plda.corpus_mean[plda.cell_corpus])[cells]
        self._noise = plda.within * plda.corpus_spread[plda.cell_corpus][:, None] / plda.cell_count[:, None]
        noise = plda.session + self._noise[cells]
        precision, total = np.zeros((2, releases, width))
        np.add.at(precision, plda.cell_release[cells], 1 / noise)
        np.add.at(total, plda.cell_release[cells], seen / noise)
        share = 1 / (1 + precision * plda.between_releases)
        lab_precision, lab_total = np.zeros((2, labs, width))
        np.add.at(lab_precision, plda.lab, precision * share)
        np.add.at(lab_total, plda.lab, total * share)
        self.lab_var = 1 / (lab_precision + 1 / plda.between_labs)
        self.lab_mean = self.lab_var * lab_total
        prior = 1 / plda.between_releases
        sum_ = precision + prior
        self.mean = (total + self.lab_mean[plda.lab] * prior) / sum_
        self.var = 1 / sum_ + self.lab_var[plda.lab] * (prior / sum_) ** 2

    def evidence(self, mean: NDArray[np.float32], count: Ints, votes: Floats | None = None) -> Evidence:
        """Score cases.

        The mean of n responses of one model varies by `within * (rho + (1 - rho) / n)`, where rho is the correlation of
        responses that one model gives.

        Args:
            mean: (S, D) mean embedding of each case's responses.
            count: (S,) responses of each.
            votes: (S, L) as in `Evidence`, which means do not tell; None for none.

        Returns:
            The evidence on the S cases.

        References:
            Brümmer & De Villiers (2010) for the likelihoods; Kish, L. (1965), Survey Sampling, chapter 5, for the
            variance of a mean of correlated responses.
        """
        point = self.plda.project(mean)
        parts = []
        for n in np.unique(count):
            every = np.flatnonzero(count == n)
            for at in (every[i : i + _BLOCK] for i in range(0, len(every), _BLOCK)):
                parts.append((at, self._evidence(point[at], int(n))))
        order = np.argsort(np.concatenate([at for at, _ in parts]))
        joined = {f.name: np.concatenate([getattr(e, f.name) for _, e in parts]) for f in fields(Evidence)}
        found = Evidence(**joined).of(order)
        return found if votes is None else replace(found, votes=votes)

    def spread(self, count: Ints) -> Floats:
        """Return (S,) the variance of the mean of so many responses of one model, in units of `within`.

        References:
            Kish (1965, chapter 5).
        """
        rho = self._config.correlation
        return rho + (1 - rho) / count

    def in_corpus(self, corpus: int) -> tuple[Floats, Floats]:
        """Return the (R, K) mean of each release in a known corpus, less the corpus' offset, and its variance."""
        plda = self.plda
        mean, var = self.mean.copy(), self.var + plda.session
        at = np.flatnonzero(plda.cell_corpus == corpus)
        release = plda.cell_release[at]
        noise = self._noise[at]
        gain = plda.session / (plda.session + noise)
        mean[release] += gain * (plda.cell_mean[at] - plda.corpus_mean[corpus] - mean[release])
        var[release] = 1 / (1 / var[release] + 1 / noise)
        return mean, var

    def expected(self, corpus: int) -> tuple[NDArray[np.bool_], Floats, Floats]:
        """Predict the cells of a corpus from their releases' responses elsewhere.

        Returns:
            (cells,) which cells are the corpus', and for these (own cells, K) the predicted mean, less the corpus'
            offset, and its variance.
        """
        plda = self.plda
        cells = plda.cell_corpus == corpus
        release = plda.cell_release[cells]
        return cells, self.mean[release], self.var[release] + plda.session + self._noise[cells]

    def _evidence(self, point: Floats, n: int) -> Evidence:
        """Score (S, K) points of cases that all have n responses."""
        plda = self.plda
        wide = plda.between_labs + plda.between_releases + plda.session
        known, new, unknown = [], [], []
        distance, nearest, updated = np.full(len(point), np.inf), *np.full((2, len(point)), -np.inf)
        own = np.full(len(point), -1)
        for corpus in (None, *range(len(plda.corpus_mean))):
            domain = self._domain(corpus, n)
            z = point - domain.offset
            known.append(_log_density(z, domain.mean, domain.var + domain.extra))
            new_var = self.lab_var + plda.between_releases + plda.session + domain.extra
            new.append(_log_density(z, self.lab_mean, new_var))
            widest = (wide + domain.extra)[None]
            unknown.append(_log_density(z, np.zeros_like(widest), widest)[:, 0])
            if corpus is None:
                continue
            best = known[-1].argmax(axis=1) if plda.in_domain[corpus] else self._seen_there(z, corpus, domain, n)
            # A domain that came with an update is no hypothesis for cases that none of its releases explains.
            for densities in (known[-1], new[-1], unknown[-1]):
                densities[best < 0] = -np.inf
            away = ((z - domain.mean[best]) ** 2 / (domain.var + domain.extra)[best]).mean(axis=1)
            distance = np.minimum(distance, np.where(best < 0, np.inf, away))
            density = known[-1][np.arange(len(z)), best]
            nearest = np.maximum(nearest, density)
            if not plda.in_domain[corpus]:
                own, updated = np.where(density > updated, best, own), np.maximum(updated, density)
        release_score, lab_score = self._scores(point)
        # The classifiers were not trained on such a domain: they say nothing against the release that it speaks for.
        there = np.flatnonzero(own >= 0)
        release_score[there, own[there]] = 0
        lab_score[there, plda.lab[own[there]]] = 0
        return Evidence(
            known=_log_mean(known),
            new=_log_mean(new),
            unknown=_log_mean(unknown),
            domain_distance=distance,
            in_domain_llr=nearest - known[0].max(axis=1),
            release_score=release_score,
            lab_score=lab_score,
            votes=np.zeros_like(lab_score),
        )

    def _domain(self, corpus: int | None, n: int) -> _Domain:
        """Return the hypothesis of a known corpus, or of an unknown one (None)."""
        plda = self.plda
        spread = float(self.spread(np.array(n)))
        if corpus is None:
            return _Domain(plda.domain_mean, plda.within * spread + plda.domain, self.mean, self.var + plda.session)
        extra = plda.within * (plda.corpus_spread[corpus] * spread)
        return _Domain(plda.corpus_mean[corpus], extra, *self.in_corpus(corpus))

    def _seen_there(self, z: Floats, corpus: int, domain: _Domain, n: int) -> Ints:
        """Return for each case the release of a corpus from an update whose LLR exceeds the limit, or -1.

        The LLR is that of speaker verification by the two-covariance model: this release against any other one in the
        same domain. The offset and the spread of the domain are known no better than its releases tell.
        """
        plda, config = self.plda, self._config
        cells, _, each = self.expected(corpus)
        seen = np.unique(plda.cell_release[cells])
        rest = plda.within * (plda.corpus_spread[corpus] / n)
        another = plda.between_labs + plda.between_releases + plda.session + 1 / (1 / each).sum(axis=0) + rest
        llr = _log_density(z, domain.mean[seen], domain.var[seen] + rest)
        llr -= _log_density(z, np.zeros((1, z.shape[1])), another[None])
        limit = z.shape[1] * (config.known_domain_llr + config.known_domain_llr_by_size * np.log(len(seen)))
        return np.where(llr.max(axis=1) >= limit, seen[llr.argmax(axis=1)], -1)

    def _scores(self, point: Floats) -> tuple[Floats, Floats]:
        if self.classifiers:
            return self.classifiers.scores(point)
        return np.zeros((len(point), len(self.mean))), np.zeros((len(point), len(self.lab_mean)))


def _log_softmax(logits: Floats) -> Floats:
    """Return the logarithm of the softmax of each row."""
    below = _below_best(logits)
    return np.asarray(below - np.log(np.exp(below).sum(axis=1, keepdims=True)))


def _log_density(point: Floats, mean: Floats, var: Floats) -> Floats:
    """Return the (S, H) log-density of each point under each diagonal Gaussian, less a constant of the dimension."""
    weight = 1 / var
    distance = (point**2) @ weight.T - 2 * point @ (mean * weight).T + (mean**2 * weight + np.log(var)).sum(axis=1)
    return -0.5 * distance


def _log_mean(parts: list[Floats]) -> Floats:
    """Return the logarithm of the mean of densities that are given as logarithms."""
    stacked = np.stack(parts)
    top = stacked.max(axis=0)
    return top + np.log(np.exp(stacked - top).mean(axis=0))


def _below_best(logits: Floats) -> Floats:
    return np.asarray(logits - logits.max(axis=1, keepdims=True))
