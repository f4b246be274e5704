"""Cases compared with each other by a trained model: did one release write both, or two?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fingerprint.comparison.model_free import model_free
from fingerprint.comparison.shared_prompts import SharedPrompts, shared_prompts
from fingerprint.data.response import Case, Response
from fingerprint.errors import FingerprintError, InputError
from fingerprint.loading import Loaded
from fingerprint.model.covariates import read_cases
from fingerprint.model.decision import support_of
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.pair_calibration import PairCalibration, PairDomain, PairKind, PairLimits
from fingerprint.model.pairs import Sides, pair_features, shared_domain, shared_pair_features
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.verdict import AllowedRates
from fingerprint.verification.comparison import ComparedCase, ComparedPair, Comparison, MeasuredKind, PairRates

# With fewer responses a side, nearly every verdict is inconclusive.
_FEW = 5
# Below this probability of one domain, the kind of prompts differs as well, which resembles another release.
_ONE_DOMAIN = 0.05


def compare_cases(model: Loaded, cases: Sequence[Case], allowed: AllowedRates) -> Comparison:
    """Compare each case with each other.

    Args:
        model: With a calibration of pairs.
        cases: Two or more.
        allowed: The error rates.

    Returns:
        All pairs.

    Raises:
        FingerprintError: For a model without a calibration of pairs, or for fewer than two cases.
        InputError: For a case without a response that can be judged.
    """
    if model.pairs is None:
        raise FingerprintError("this model cannot compare: it has no calibration of pairs; train it anew")
    if len(cases) < 2:
        raise FingerprintError("expected two cases or more to compare")
    for case in cases:
        if not case.n_used:
            raise InputError(case.file, "no response is left to judge; add responses")
    read = [_Read(case, *model.read([record.response for record in case.records])) for case in cases]
    embeddings, sizes = [one.embeddings for one in read], [one.sizes for one in read]
    sides = Sides.read(model.likelihood, embeddings, sizes)
    two_source_llr = read_cases(model.likelihood, embeddings, sizes)[1].two_source_llr
    return Comparison(
        cases=tuple(
            ComparedCase(
                file=case.file,
                n_responses=case.n_responses,
                n_used=case.n_used,
                in_domain=bool(inside),
                summary=case.summary,
                warnings=(*case.warnings, *_mixed(ratio, model.calibration.two_source_limit(case.n_used))),
            )
            for case, inside, ratio in zip(cases, sides.in_domain, two_source_llr.tolist(), strict=True)
        ),
        pairs=tuple(
            _pair(_Pairs(model.likelihood, model.pairs, sides, read, allowed), pair)
            for pair in combinations(range(len(cases)), 2)
        ),
        model=model.info,
    )


@dataclass(frozen=True)
class _Read:
    """A case with the embeddings and the numbers of features of its responses."""

    case: Case
    embeddings: NDArray[np.float32]
    sizes: Ints

    def at_prompts(self, prompts: Sequence[Sequence[Response]]) -> tuple[NDArray[np.float32], Floats]:
        """Return the means over the answers to each prompt: (prompts, D) embeddings, and (prompts,) numbers."""
        number = {id(record): i for i, record in enumerate(self.case.records)}
        rows = [[number[id(answer)] for answer in answers] for answers in prompts]
        return (
            np.stack([self.embeddings[some].mean(axis=0) for some in rows]),
            np.array([self.sizes[some].mean() for some in rows]),
        )


@dataclass(frozen=True)
class _Pairs:
    """What all pairs of a comparison have in common."""

    likelihood: Likelihood
    calibration: PairCalibration
    sides: Sides
    read: Sequence[_Read]
    allowed: AllowedRates

    def judged(self, pair: tuple[int, int], shared: SharedPrompts) -> tuple[PairCalibration, Sides, Floats]:
        """What applies to a pair, what is known of its two sides, and their (1, F) features.

        Where both answered enough prompts in common, these answers alone count, if any limit is kept for such pairs.
        """
        one, other = np.array([0]), np.array([1])
        own = self.calibration.shared
        if own is not None and shared.are_most and len(shared.prompts) >= min(map(int, own.limits)):
            answers = ([prompt.first for prompt in shared.prompts], [prompt.second for prompt in shared.prompts])
            found = [self.read[i].at_prompts(of) for i, of in zip(pair, answers, strict=True)]
            sides = Sides.read(self.likelihood, [rows for rows, _ in found], [sizes for _, sizes in found])
            limits = _limits(own, sides)
            if {*limits.same, *limits.different} != {None}:
                differences = [np.asarray(found[0][0] - found[1][0], np.float64)]
                return own, sides, shared_pair_features(self.likelihood, sides, one, other, differences)
        sides = self.sides.of(list(pair))
        return self.calibration, sides, pair_features(self.likelihood, sides, one, other)


def _where(calibration: PairCalibration, sides: Sides) -> tuple[str, PairDomain]:
    """The number of responses and the domain whose limits apply to two sides."""
    return calibration.nearest(int(sides.count.min())), PairDomain.IN if sides.in_domain.all() else PairDomain.OUT


def _limits(calibration: PairCalibration, sides: Sides) -> PairLimits:
    size, domain = _where(calibration, sides)
    return calibration.limits[size][domain]


def _pair(of: _Pairs, pair: tuple[int, int]) -> ComparedPair:
    first, second = (of.read[i].case.records for i in pair)
    shared, allowed = shared_prompts(first, second), of.allowed
    calibration, sides, features = of.judged(pair, shared)
    score = float(calibration.score(features)[0])
    size, domain = _where(calibration, sides)
    limits = calibration.limits[size][domain]
    llr = calibration.llr(score)
    one_domain = float(shared_domain(sides, np.array([0]), np.array([1]))[0])
    return ComparedPair(
        first=pair[0],
        second=pair[1],
        verdict=calibration.verdict(score, limits, allowed.false_alarms, allowed.false_accepts),
        log_likelihood_ratio=round(llr, 3),
        support=support_of(llr),
        rates=PairRates(
            false_alarms=allowed.false_alarms,
            false_accepts=allowed.false_accepts,
            responses=int(size),
            domain=domain,
            shared_prompts=calibration is of.calibration.shared,
            kinds=tuple(_kinds(calibration, size, domain, allowed)),
        ),
        warnings=tuple(_warnings(int(sides.count.min()), domain, one_domain)),
        model_free=model_free(first, second, shared),
    )


def _kinds(
    calibration: PairCalibration, size: str, domain: PairDomain, allowed: AllowedRates
) -> Iterator[MeasuredKind]:
    figures = calibration.figures[size][domain]
    for kind in PairKind:
        if kind in figures:
            of = figures[kind]
            same, different = (
                calibration.at(shares, rate) or 0.0
                for shares, rate in ((of.same, allowed.false_accepts), (of.different, allowed.false_alarms))
            )
            eer = None if of.eer is None else round(of.eer, 4)
            yield MeasuredKind(kind, of.pairs, eer, round(same, 4), round(different, 4))


def _warnings(count: int, domain: PairDomain, shared: float) -> Iterator[str]:
    if count < _FEW:
        yield f"few responses: {count} on the smaller side; with {_FEW} or more the answer is far surer"
    if domain is PairDomain.OUT:
        yield "out-of-domain: the rates are those of cases that are, and whose kind may be another"
    if shared < _ONE_DOMAIN:
        yield "the cases are of different domains: use answers to the same prompts, or to prompts of one kind"


def _mixed(two_source_llr: float, limit: float) -> Iterator[str]:
    if two_source_llr > limit:
        yield (
            f"may be by two models: two releases explain it better than one, by {two_source_llr:.1f} nats a response; "
            "compare parts of it"
        )
