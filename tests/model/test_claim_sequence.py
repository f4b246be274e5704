"""Looks at a claim: how the rates are shared, and that they hold for whoever stops as early as possible."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprint.model.claim_sequence import Look, spend
from fingerprint.model.claims import ClaimTable
from fingerprint.model.verdict import AllowedRates

RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5)
SIZES = (1, 3, 5, 10, 25)
ALLOWED = AllowedRates(0.01, 0.05)
CORRELATION = 0.15


def test_looks_share_the_rates() -> None:
    assert spend(SIZES, RATES, ALLOWED, CORRELATION) == (
        Look(5, AllowedRates(0.005, 0.005)),
        Look(10, AllowedRates(0.0, 0.02)),
        Look(25, AllowedRates(0.005, 0.02)),
    )


@pytest.mark.parametrize("alarms", [0.004, 0.01, 0.03, 0.1, 0.5])
@pytest.mark.parametrize("accepts", [0.004, 0.05, 0.2, 0.7])
def test_never_more_is_spent_than_allowed(alarms: float, accepts: float) -> None:
    looks = spend((25, 1, 10, 3), RATES, AllowedRates(alarms, accepts), CORRELATION)
    spent = [look.allowed for look in looks]
    assert [look.responses for look in looks] == sorted({look.responses for look in looks})
    for rate, parts in (
        (alarms, [one.false_alarms for one in spent]),
        (accepts, [one.false_accepts for one in spent]),
    ):
        assert sum(parts) <= rate + 1e-12
        assert set(parts) <= {0.0, *RATES}
        # What a kept rate can hold is spent by the last look.
        assert rate - sum(parts) < max(RATES[0], 0.5 * rate)


def test_nothing_is_spent_below_the_least_kept_rate() -> None:
    assert spend(SIZES, RATES, AllowedRates(0.001, 0.001), CORRELATION) == ()


def paths(shift: float, number: int, seed: int) -> NDArray[np.float64]:
    """(number, 25) scores after each response: no likelihood ratios, and correlated as one model's responses are."""
    rng = np.random.default_rng(seed)
    of_model = rng.normal(shift, 0.8, (number, 1))
    scores = of_model + rng.standard_t(4, (number, 25))
    return np.asarray(np.cumsum(scores, axis=1) / np.sqrt(np.arange(1, 26)))


def test_the_rates_hold_at_stop_and_those_of_one_size_do_not() -> None:
    true, false = paths(1.0, 40_000, 0), paths(-1.0, 40_000, 1)
    table = ClaimTable(
        {},
        100.0,
        {str(n): [float(np.quantile(false[:, n - 1], 1 - rate)) for rate in RATES] for n in SIZES},
        {str(n): [float(np.quantile(true[:, n - 1], rate)) for rate in RATES] for n in SIZES},
        {},
    )
    true, false = paths(1.0, 40_000, 2), paths(-1.0, 40_000, 3)

    def verdicts(scores: NDArray[np.float64], looks: tuple[Look, ...]) -> tuple[float, float]:
        """The shares of consistent and inconsistent at the first look that gives a verdict."""
        found = np.zeros(len(scores))
        for look in looks:
            now = scores[:, look.responses - 1]
            accept, reject = table.limits(RATES, look.responses, look.allowed.false_alarms, look.allowed.false_accepts)
            found = np.where(found != 0, found, np.where(now >= accept, 1, np.where(now < reject, -1, 0)))
        return float((found > 0).mean()), float((found < 0).mean())

    shared = spend(SIZES, RATES, ALLOWED, CORRELATION)
    naive = tuple(Look(n, ALLOWED) for n in SIZES)
    # Three standard errors above the rates.
    assert verdicts(true, shared)[1] <= 0.01 + 0.0015
    assert verdicts(false, shared)[0] <= 0.05 + 0.0033
    assert verdicts(true, naive)[1] > 0.015
    assert verdicts(false, naive)[0] > 0.06
    # And it is worth looking: most claims are settled.
    assert sum(verdicts(true, shared)) > 0.2
    assert sum(verdicts(false, shared)) > 0.2
