"""Verification of claims: what the regressions read, limits, and what is fitted on made-up trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingerprint.metrics import Level
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import CalibrationCases
from fingerprint.model.claim_decision import (
    SENTENCES,
    VERDICT_OF,
    ClaimCase,
    decide_claim,
    trial_rates,
    trial_sizes,
    what_would_settle,
)
from fingerprint.model.claim_verdict import ClaimReason, ClaimWord
from fingerprint.model.claims import (
    COLUMNS,
    NEVER,
    PROMISED,
    TARGET,
    ClaimCalibration,
    Claims,
    ClaimTable,
    Impostor,
    TrialFigures,
    claim_columns,
)
from fingerprint.model.claims_fit import fit_claims
from fingerprint.model.decision import support_of
from fingerprint.model.plda import Floats
from fingerprint.model.posterior import PARAMETERS, START, posterior
from fingerprint.model.verdict import Support
from tests.model import calibrated

RATES = calibrated.CONFIG.rates


@pytest.fixture(scope="module")
def cases() -> CalibrationCases:
    return calibrated.cases(900, 3)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return calibrated.calibration(parameters=dict(zip(PARAMETERS, START.tolist(), strict=True)))


@pytest.fixture(scope="module")
def claims(cases: CalibrationCases, calibration: Calibration) -> ClaimCalibration:
    return fit_claims(cases, cases.evidence.known > -5e3, calibration, 0)


def columns_of(cases: CalibrationCases, calibration: Calibration, claimed: Claims) -> Floats:
    covariates = cases.covariates.columns(cases.evidence, calibration.config)
    found = posterior(calibration.values(), cases.evidence, covariates, cases.names.lab)
    return claim_columns(claimed, found, cases.evidence, covariates)


def test_what_the_regressions_read(cases: CalibrationCases, calibration: Calibration) -> None:
    some = cases.of(np.arange(50))
    names = some.names
    of_lab = names.lab == 2
    read = columns_of(some, calibration, Claims(Level.LAB, np.tile(of_lab, (50, 1)), np.full(50, 2)))
    assert read.shape == (50, len(COLUMNS))
    column = dict(zip(COLUMNS, read.T, strict=True))
    # A lab's share is its own, within itself it is certain, and every feature comes times the covariates.
    assert column["share"] == pytest.approx(column["lab_share"])
    assert (column["within"] > 20).all()
    assert column["share_by_responses"] == pytest.approx(column["share"] * column["responses"])
    releases = [
        columns_of(some, calibration, Claims(Level.RELEASE, np.tile(np.arange(15) == r, (50, 1)), np.full(50, 2)))
        for r in np.flatnonzero(of_lab)
    ]
    shares = [1 / (1 + np.exp(-read[:, COLUMNS.index("share")])) for read in releases]
    assert (sum(shares) <= 1 / (1 + np.exp(-column["share"])) + 1e-9).all()


def test_the_rates_hold_in_each_kind_of_another_draw(claims: ClaimCalibration, calibration: Calibration) -> None:
    cases = calibrated.cases(900, 4)
    rng = np.random.default_rng(0)
    names, known = cases.names, cases.evidence.known > -5e3
    wrong, trials, true, missed = 0, 0, 0, 0
    for claim_is_true in (True, False):
        own = np.arange(15) == cases.release[:, None]
        choices = known & (own if claim_is_true else names.lab != names.lab[cases.release][:, None])
        at = np.flatnonzero(choices.any(axis=1) & (cases.known if claim_is_true else True))
        one = np.where(choices[at], rng.random((len(at), 15)), -1.0).argmax(axis=1)
        some = cases.of(at)
        read = columns_of(some, calibration, Claims(Level.RELEASE, np.arange(15) == one[:, None], names.lab[one]))
        for inside in (True, False):
            table = claims.table(Level.RELEASE, inside)
            mine = (some.evidence.in_domain_llr > 0) == inside
            llr, count = table.log_likelihood_ratios(read[mine]), some.covariates.count[mine]
            limits = [table.limits(RATES, int(n), 0.01, 0.05) for n in count]
            consistent = llr >= [accept for accept, _ in limits]
            inconsistent = llr < [reject for _, reject in limits]
            if claim_is_true:
                true, missed = true + len(llr), missed + int(inconsistent.sum())
                assert consistent.mean() > 0.3
            else:
                trials, wrong = trials + len(llr), wrong + int(consistent.sum())
                assert inconsistent.mean() > 0.3
    # Three standard errors above the rate.
    assert wrong / trials < 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    assert missed / true < 0.01 + 3 * np.sqrt(0.01 * 0.99 / true)


def test_figures_are_those_of_the_limits(claims: ClaimCalibration) -> None:
    for level in Level:
        table = claims.table(level, True)
        for kinds in table.figures.values():
            assert kinds[TARGET].inconsistent <= 0.02
            assert kinds[TARGET].eer is None
            for kind, of in kinds.items():
                if kind in PROMISED:
                    assert of.consistent <= 0.05, (level, kind)
                    assert of.eer is not None
    # In this world every release is a family and a group of its own.
    assert set(claims.table(Level.RELEASE, True).figures["10"]) == {
        TARGET, Impostor.SIBLING, Impostor.CLOSEST, Impostor.OTHER_LAB, Impostor.UNKNOWN_LAB,
    }  # fmt: skip
    for values in claims.table(Level.LAB, False).accept.values():
        assert values == sorted(values, reverse=True)


def test_no_ratio_is_larger_than_trials_can_bear_out(claims: ClaimCalibration) -> None:
    table = claims.table(Level.LAB, True)
    llr = table.log_likelihood_ratios(np.full((2, len(COLUMNS)), [[1e6], [-1e6]]))
    trials = sum(of.trials for kinds in table.figures.values() for kind, of in kinds.items() if kind == TARGET)
    assert np.abs(llr) == pytest.approx([table.bound] * 2)
    assert table.bound <= np.log(1 + trials)


def test_it_survives_the_model_folder(claims: ClaimCalibration) -> None:
    again = ClaimCalibration.from_document(claims.to_document(), claims.rates)
    assert again == claims


def table(accept: float, reject: float) -> ClaimTable:
    figures = {
        "5": {TARGET: TrialFigures(90, 0.3, 0.01, None), Impostor.OTHER_LAB: TrialFigures(90, 0.02, 0.2, 0.1)},
        "25": {
            TARGET: TrialFigures(90, 0.8, 0.01, None),
            Impostor.OTHER_LAB: TrialFigures(90, 0.02, 0.9, 0.01),
            Impostor.CLOSEST: TrialFigures(90, 0.3, 0.1, 0.2),
        },
    }
    limits = {size: [accept] * 3 for size in figures}
    return ClaimTable({}, 8.0, limits, {size: [reject] * 3 for size in figures}, figures)


def test_where_the_limits_cross_one_threshold_holds_both_rates() -> None:
    assert table(2.0, -3.0).limits(RATES, 5, 0.05, 0.05) == (2.0, -3.0)
    assert table(-2.0, 3.0).limits(RATES, 5, 0.05, 0.05) == (0.0, 0.0)
    assert table(-5.0, -2.0).limits(RATES, 5, 0.05, 0.05) == (-2.0, -2.0)
    assert table(1.0, 4.0).limits(RATES, 5, 0.05, 0.05) == (1.0, 1.0)
    # No limit is kept for a rate below the least one.
    assert table(2.0, -3.0).limits(RATES, 5, 0.001, 0.001) == (NEVER, -NEVER)


@pytest.mark.parametrize(
    ("case", "accept", "reject", "reason"),
    [
        (ClaimCase(5, 2.5, 1.0, 0.0), 2.0, -3.0, ClaimReason.ABOVE_LIMIT),
        (ClaimCase(5, -3.5, 1.0, 0.0), 2.0, -3.0, ClaimReason.BELOW_LIMIT),
        (ClaimCase(5, 1.9, 1.0, 0.0), 2.0, -3.0, ClaimReason.BETWEEN_LIMITS),
        (ClaimCase(5, 9.0, 1.0, 0.0), NEVER, -NEVER, ClaimReason.NO_LIMIT),
        (ClaimCase(5, 9.0, 9.0, 0.0), 2.0, -3.0, ClaimReason.OUT_OF_DOMAIN),
        (ClaimCase(5, -9.0, 1.0, 0.0, known_script=False), 2.0, -3.0, ClaimReason.UNKNOWN_SCRIPT),
        (ClaimCase(10, 9.0, 1.0, 2.0), 2.0, -3.0, ClaimReason.TWO_SOURCES),
        (ClaimCase(0, 0.0, 1.0, 0.0), 2.0, -3.0, ClaimReason.NO_RESPONSES),
    ],
)
def test_each_reason(case: ClaimCase, accept: float, reject: float, reason: ClaimReason) -> None:
    found = decide_claim(case, calibrated.calibration(), table(accept, reject), 0.01, 0.05)
    assert (found.reason, found.verdict) == (reason, VERDICT_OF[reason])
    assert "{" not in found.explanation
    advice = what_would_settle(found, case, trial_sizes(table(accept, reject)))
    assert (advice is None) == (found.verdict is not ClaimWord.INCONCLUSIVE)
    if reason is ClaimReason.BETWEEN_LIMITS:
        assert advice is not None
        assert advice.startswith("Give 25 responses or more: with so many, 80 %")


def test_the_tables_of_reasons_are_complete() -> None:
    assert set(VERDICT_OF) == set(SENTENCES) == set(ClaimReason)


def test_rates_are_shown_for_the_number_of_responses() -> None:
    assert trial_rates(table(2.0, -3.0), 30)[0] == 25
    size, rates = trial_rates(table(2.0, -3.0), 7)
    assert (size, [row.kind for row in rates]) == (5, [TARGET, "other lab"])
    assert [row.promised for row in trial_rates(table(2.0, -3.0), 25)[1]] == [True, False, True]
    assert trial_rates(replace(table(2.0, -3.0), figures={}), 7) == (0, ())


def test_support_is_on_the_verbal_scale() -> None:
    assert support_of(0.5) is Support.NONE
    assert support_of(-np.log(20)) is Support.MODERATE
    assert support_of(np.log(2_000)) is Support.STRONG
