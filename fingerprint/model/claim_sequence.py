"""When a claim may be settled while responses still come in, so that the error rates hold however early one stops.

A limit that holds a rate for one number of responses does not hold it for whoever looks again after each response: the
chances of several looks add up. So verdicts are given at a few numbers of responses only, the looks, and the looks
share the allowed rates: by Boole's inequality all of them together keep to these, whatever the log-likelihood ratios of
the looks have to do with each other, and whether or not they are true ones. False accepts are spent late (O'Brien and
Fleming): it takes many responses to confirm. False alarms are spent in proportion to the information: an impostor is
often seen at once.

References:
    Lan, K. K. G. and DeMets, D. L. (1983). Discrete sequential boundaries for clinical trials. Biometrika 70 (the
    spending of an error rate over looks).
    O'Brien, P. C. and Fleming, T. R. (1979). A multiple testing procedure for clinical trials. Biometrics 35.
    Wald, A. (1945). Sequential tests of statistical hypotheses. Annals of Mathematical Statistics 16 (the sequential
    test of true likelihood ratios).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import NormalDist

from fingerprint.model.calibration import rate_index
from fingerprint.model.claim_verdict import ClaimVerdict
from fingerprint.model.probe_information import effective_responses
from fingerprint.model.verdict import AllowedRates

# Sums of shares may miss a rate by their last digit.
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Look:
    """A number of responses at which a claim may be settled.

    Attributes:
        responses: The number.
        allowed: The part of the error rates that is spent there; 0 where nothing is.
    """

    responses: int
    allowed: AllowedRates


@dataclass(frozen=True, slots=True)
class ClaimStep:
    """A claim after some of the responses.

    Attributes:
        responses: Number of responses.
        log_likelihood_ratio: As in `ClaimVerdict`.
        look: Whether the claim could be settled there.
        consistent_from: The least log-likelihood ratio of the verdict `consistent` there; null where none is.
        inconsistent_below: Below it the verdict is `inconsistent` there; null where none is.
    """

    responses: int
    log_likelihood_ratio: float
    look: bool
    consistent_from: float | None
    inconsistent_below: float | None


@dataclass(frozen=True, slots=True)
class ClaimSequence:
    """What was found about a claim while responses came in.

    Attributes:
        verdict: At the look that settled the claim, else on all responses. Its error rates are those of all looks
            together. It has no figures of held-out claims: these are for one look.
        steps: One for each number of responses, from 1 on.
        looks: The numbers of responses at which the claim may be settled, ascending.
        settled: Whether it is.
    """

    verdict: ClaimVerdict
    steps: tuple[ClaimStep, ...]
    looks: tuple[int, ...]
    settled: bool

    @property
    def exhausted(self) -> bool:
        """Whether no look is left."""
        return not self.looks or len(self.steps) >= self.looks[-1]

    def to_dict(self) -> dict[str, object]:
        """Return the verdict as JSON values, with the looks and the steps."""
        return {
            **self.verdict.to_dict(),
            "looks": list(self.looks),
            "log_likelihood_ratios": [asdict(step) for step in self.steps],
        }


def spend(sizes: Iterable[int], rates: Sequence[float], allowed: AllowedRates, correlation: float) -> tuple[Look, ...]:
    """Share the allowed error rates among looks.

    Limits are kept for some rates only. A look gets the largest of these that is not above its share, and the rest goes
    to the next look.

    Args:
        sizes: The numbers of responses that limits are kept for.
        rates: The rates that limits are kept for, ascending.
        allowed: For all looks together.
        correlation: Of the responses of one model: a response tells the less, the more there are.

    Returns:
        The looks, ascending; only those at which something is spent.

    References:
        Lan & DeMets (1983), with the O'Brien-Fleming spending function for false accepts and the linear one for false
        alarms.
    """
    numbers = sorted(sizes)
    worth = [effective_responses(number, correlation) for number in numbers]
    fractions = [one / worth[-1] for one in worth]
    alarms = _kept(fractions, lambda fraction: allowed.false_alarms * fraction, rates)
    accepts = _kept(fractions, lambda fraction: _obrien_fleming(allowed.false_accepts, fraction), rates)
    looks = (Look(number, AllowedRates(*of)) for number, *of in zip(numbers, alarms, accepts, strict=True))
    return tuple(look for look in looks if look.allowed.false_alarms or look.allowed.false_accepts)


def _obrien_fleming(rate: float, fraction: float) -> float:
    """Return how much of a rate is spent when a fraction of the information is there."""
    normal = NormalDist()
    return 2 - 2 * normal.cdf(normal.inv_cdf(1 - rate / 2) / fraction**0.5)


def _kept(fractions: Sequence[float], spent: Callable[[float], float], rates: Sequence[float]) -> list[float]:
    """Return the kept rate of each look; what is left over goes to the next."""
    out, left = [], 0.0
    for before, now in pairwise([0.0, *map(spent, fractions)]):
        left += now - before
        at = rate_index(rates, left + _TINY)
        out.append(rates[at] if at >= 0 else 0.0)
        left -= out[-1]
    return out
