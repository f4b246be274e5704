"""Held-out cases of a question about candidates: which labs somebody asks about, and what the posterior then says.

Of each held-out case come four cases of such a question: the right lab is among the candidates or is not, and the
others are drawn at random or are those that resemble the case most. People name plausible labs, so the latter count by
themselves: a rate holds among both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import CalibrationConfig
from fingerprint.metrics.predictions import ClassNames
from fingerprint.model.calibration import LEVELS, NEVER, DecisionLimits, Expect, Limits
from fingerprint.model.candidates import CandidatePrior
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import Posterior
from fingerprint.model.thresholds import UNKNOWN, Judged, decision_limits, thresholds
from fingerprint.model.verdict import OUTSIDE

# Half of the candidate cases are drawn at random; the kind of the others ends with this.
_DRAWN, ALIKE = "", "/alike"
_SEED = 0


def _as_drawn(kinds: Sequence[str]) -> list[str]:
    return [kind + how for kind in kinds for how in (_DRAWN, ALIKE)]


def _pooled(kind: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array([one.removesuffix(ALIKE) for one in kind], object)


@dataclass(frozen=True)
class Shares:
    """The posterior of S cases by lab, as far as a question about labs needs it.

    Attributes:
        lab: (S, L) probabilities of the labs.
        family: (S, L) that of the most probable known family of each lab.
        release: (S, L) that of the most probable known release.
        new: (S, L) part of a lab's probability that falls on a new release.
        unknown: (S,) of an unknown lab.
        first_family: (S, L) code of that family.
        first_release: (S, L) code of that release.
    """

    lab: Floats
    family: Floats
    release: Floats
    new: Floats
    unknown: Floats
    first_family: Ints
    first_release: Ints

    @classmethod
    def of(cls, found: Posterior, names: ClassNames) -> Shares:
        """Return the shares of a recalibrated posterior; names: the classes."""
        labs = found.labs()
        families = found.families(names.family)
        lab_of_family = np.zeros(families.shape[1], np.int64)
        lab_of_family[names.family] = names.lab
        family, first_family = _best(families, lab_of_family, labs.shape[1])
        release, first_release = _best(found.release, found.lab, labs.shape[1])
        new = found.new / np.maximum(labs, np.finfo(float).tiny)
        return cls(labs, family, release, new, found.unknown, first_family, first_release)


def _best(shares: Floats, lab: Ints, labs: int) -> tuple[Floats, Ints]:
    """The greatest of each lab's own shares, and its code; 0 and -1 for a lab without any."""
    best, code = np.zeros((len(shares), labs)), np.full((len(shares), labs), -1)
    for one in np.unique(lab):
        own = np.flatnonzero(lab == one)
        at = shares[:, own].argmax(axis=1)
        best[:, one], code[:, one] = shares[np.arange(len(shares)), own[at]], own[at]
    return best, code


def draw(shares: Shares, lab: Ints, size: int, rng: np.random.Generator) -> dict[tuple[bool, str], NDArray[np.bool_]]:
    """Draw candidates for each of S cases.

    Args:
        shares: Of the cases. A lab without a probability is not known to the model of the case, and no candidate.
        lab: (S,) code of the right lab, -1 for an unknown one.
        size: Number of candidates; fewer where the model of the case knows fewer labs.
        rng: Draws the candidates.

    Returns:
        (S, L) whether a lab is a candidate, by whether the right one is among them and how the others were found.
    """
    rows, count = np.arange(len(lab)), shares.lab.shape[1]
    own = np.arange(count) == lab[:, None]
    free = (shares.lab > 0) & ~own
    out = {}
    for how, value in ((_DRAWN, rng.random(shares.lab.shape)), (ALIKE, shares.lab)):
        order = np.argsort(-np.where(free, value, -1.0), axis=1, kind="stable")
        rank = np.empty_like(order)
        rank[rows[:, None], order] = np.arange(count)
        out[False, how] = free & (rank < size)
        out[True, how] = (free & (rank < size - 1)) | own
    return out


def askable(allowed: NDArray[np.bool_], lab: Ints, inside: bool) -> Ints:
    """Return the cases that there are candidates for; with the right one among them, those of known labs alone.

    Args:
        allowed: (S, L) as of `draw`.
        lab: (S,) code of the right lab, -1 for an unknown one.
        inside: Whether the right lab is among the candidates.
    """
    return np.flatnonzero(allowed.any(axis=1) & ((lab >= 0) | (not inside)))


def candidate_limits(
    cases: Judged, shares: Shares, truth: Truth, expect: Expect, config: CalibrationConfig
) -> dict[str, DecisionLimits]:
    """Find what the probabilities of a question about candidates have to reach, by the number of candidates.

    Of cases whose right lab is among the candidates, at most a rate of the attributions is wrong. Of cases whose right
    lab is not, at most that rate is attributed at all. Both hold in each kind that is expected, for candidates that
    were drawn at random and for those that resemble the case.

    Args:
        cases: S held-out cases.
        shares: Of the same cases.
        truth: Of the same cases.
        expect: The case mixture.
        config: Numbers of candidates, the prior, rates, margin and pooling.

    Returns:
        The limits by number of candidates, for the numbers that there are labs for.
    """
    promised = config.promised(expect)
    inside = _as_drawn([kind for kind in promised if kind != UNKNOWN])
    alarms = _as_drawn([kind if kind == UNKNOWN else OUTSIDE + kind for kind in promised])
    labs = shares.lab.shape[1]
    out = {}
    for size in config.candidates:
        if size > labs:
            continue
        prior = CandidatePrior.of(config, expect)
        asked = candidate_cases(cases, shares, truth, size, prior)
        # Among few candidates most probabilities are close to 1. Thresholds are tried in even steps of what the
        # probability would be by the prior of all labs.
        odds = float(prior.odds(np.arange(labs)[None] < size)[0])
        plain = {level: _with_odds(of, 1 / odds) for level, of in asked.probability.items()}
        found = thresholds(replace(asked, probability=plain), [*inside, *alarms], config, alarms)
        limits = {level: _rescaled(of, odds) for level, of in found.items()}
        out[str(size)] = decision_limits(replace(asked, kind=_pooled(asked.kind)), limits, config)
    return out


def _with_odds(probability: Floats, factor: float) -> Floats:
    """The probabilities whose odds are `factor` times as high."""
    return np.asarray(probability * factor / (1 + (factor - 1) * probability))


def _rescaled(limits: Limits, odds: float) -> Limits:
    """The limits on probabilities whose odds are `odds` times as high; what nothing reaches stays so."""
    return Limits(
        limits.rates,
        {
            size: [NEVER if one >= NEVER else float(_with_odds(np.array(one), odds)) for one in values]
            for size, values in limits.limits.items()
        },
    )


@dataclass(frozen=True)
class Truth:
    """What S held-out cases are.

    Attributes:
        lab, family, release: (S,) codes of the right ones; the lab is -1 for an unknown one.
    """

    lab: Ints
    family: Ints
    release: Ints


def candidate_cases(
    cases: Judged, shares: Shares, truth: Truth, size: int, prior: CandidatePrior, seed: int = _SEED
) -> Judged:
    """Return held-out cases of a question about so many candidates.

    Args:
        cases: S held-out cases without such a question.
        shares: Of the same cases.
        truth: Of the same cases.
        size: Number of candidates.
        prior: Of the question.
        seed: Of the draws.

    Returns:
        The cases with the right lab among the candidates, and those without. `lab_known` says which. `unknown` is the
        probability of "none of these", and `own` that of the right lab if it is one of the candidates.
    """
    drawn = draw(shares, truth.lab, size, np.random.default_rng(seed))
    parts = [_asked(cases, shares, truth, allowed, how, prior) for how, allowed in drawn.items()]
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _PLAIN}
    return Judged(
        probability={level: np.concatenate([part.probability[level] for part in parts]) for level in LEVELS},
        right={level: np.concatenate([part.right[level] for part in parts]) for level in LEVELS},
        **joined,
    )


def _asked(
    cases: Judged,
    shares: Shares,
    truth: Truth,
    allowed: NDArray[np.bool_],
    how: tuple[bool, str],
    prior: CandidatePrior,
) -> Judged:
    """The cases with some candidates; those that nobody can be asked about are left out."""
    inside, drawn = how
    at = askable(allowed, truth.lab, inside)
    among = allowed[at]
    odds = prior.odds(among)
    together = np.where(among, shares.lab[at], 0.0).sum(axis=1)
    # The posterior over all labs sums to 1.
    scale = odds / (1 + (odds - 1) * together)
    first = {
        level: np.where(among, of[at], -1.0).argmax(axis=1)
        for level, of in (("lab", shares.lab), ("family", shares.family), ("release", shares.release))
    }
    named = {
        "lab": first["lab"],
        "family": shares.first_family[at, first["family"]],
        "release": shares.first_release[at, first["release"]],
    }
    kind = [(one if inside or one == UNKNOWN else OUTSIDE + one) + drawn for one in cases.kind[at]]
    own = shares.lab[at, np.maximum(truth.lab[at], 0)] / np.maximum(together, np.finfo(float).tiny)
    return Judged(
        probability={level: scale * getattr(shares, level)[at, first[level]] for level in LEVELS},
        right={level: inside & (named[level] == getattr(truth, level)[at]) for level in LEVELS},
        own=own if inside else 0 * own,
        new=shares.new[at, first["lab"]],
        unknown=1 - scale * together,
        lab_known=np.full(len(at), inside),
        kind=np.array(kind, object),
        **{name: getattr(cases, name)[at] for name in ("known", "count", "cluster", "cell", "distance", "in_domain")},
    )


_PLAIN = tuple(field.name for field in fields(Judged) if field.name not in ("probability", "right"))
