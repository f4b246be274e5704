"""The figures of verification, on made-up trials whose error rates are known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from fingerprint.evaluation.claim_figures import claim_figures
from fingerprint.evaluation.claims import JudgedClaims
from fingerprint.model.claims import TARGET, Impostor

# How far the log-likelihood ratios of targets and of each kind of impostors lie apart, in standard deviations.
DISTANCE = {Impostor.SIBLING: 1.0, Impostor.OTHER_LAB: 3.0, Impostor.CLOSEST: 0.5}
TRIALS = 3_000


def made_up(level: str = "release", left_out: bool = False, count: int = 10, groups: int = 60) -> JudgedClaims:
    """TRIALS of each kind; `consistent` from 2 nats on, `inconsistent` below -2."""
    rng = np.random.default_rng(0)
    kind = np.repeat(np.array([TARGET, *map(str, DISTANCE)], object), TRIALS)
    mean = np.repeat([0.0, *(-distance for distance in DISTANCE.values())], TRIALS)
    llr = rng.normal(mean, 1)
    verdict = np.where(llr >= 2, "consistent", np.where(llr < -2, "inconsistent", "inconclusive")).astype(object)
    size = len(llr)
    return JudgedClaims(
        level=np.full(size, level, object),
        kind=kind,
        corpus_left_out=np.full(size, left_out),
        in_domain=np.arange(size) % 4 > 0,
        count=np.full(size, count),
        group=np.arange(size) % groups,
        llr=llr,
        verdict=verdict,
    )


def rows(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["kind"]: row for row in found["figures"]}


def test_each_kind_has_the_rates_of_its_distribution() -> None:
    found = rows(claim_figures(made_up(), 0, 50))
    assert list(found) == [TARGET, "all kinds", Impostor.SIBLING, Impostor.CLOSEST, Impostor.OTHER_LAB]
    target = found[TARGET]
    assert target["metrics"]["false-alarm rate"]["value"] == pytest.approx(norm.cdf(-2), abs=0.01)
    assert target["metrics"]["true claims called consistent"]["value"] == pytest.approx(norm.sf(2), abs=0.01)
    assert set(target["metrics"]) == {"false-alarm rate", "true claims called consistent"}
    assert (target["trials"], target["releases"], target["in_domain"]) == (TRIALS, 60, 0.75)
    for kind, distance in DISTANCE.items():
        metrics = found[kind]["metrics"]
        assert metrics["EER"]["value"] == pytest.approx(norm.cdf(-distance / 2), abs=0.02)
        assert metrics["EER"]["low"] < metrics["EER"]["value"] < metrics["EER"]["high"]
        assert metrics["minC_llr"]["value"] < metrics["C_llr"]["value"]
        assert metrics["minC_llr"]["low"] is None
        assert metrics["false-accept rate"]["value"] == pytest.approx(norm.sf(2 + distance), abs=0.005)
        assert metrics["false claims called inconsistent"]["value"] == pytest.approx(norm.cdf(distance - 2), abs=0.03)
        assert found[kind]["promised"] == (kind is not Impostor.CLOSEST)


def test_all_kinds_are_those_that_the_rate_is_promised_for() -> None:
    found = rows(claim_figures(made_up(), 0, 0))
    together = found["all kinds"]
    assert together["trials"] == 2 * TRIALS
    rates = [found[kind]["metrics"]["false-accept rate"]["value"] for kind in (Impostor.SIBLING, Impostor.OTHER_LAB)]
    assert together["metrics"]["false-accept rate"]["value"] == pytest.approx(np.mean(rates))
    assert together["metrics"]["EER"]["low"] is None


def test_levels_numbers_of_responses_and_corpora_are_apart() -> None:
    parts = [made_up(), made_up(left_out=True), made_up("lab", count=25), made_up("lab", count=1)]
    found = claim_figures(JudgedClaims.joined(parts), 0, 0)
    cells = dict.fromkeys((row["level"], row["corpora"], row["responses"]) for row in found["figures"])
    assert list(cells) == [
        ("release", "known corpora", 10), ("release", "corpora left out", 10), ("lab", "known corpora", 1),
        ("lab", "known corpora", 25),
    ]  # fmt: skip
    # A single response has no curve of its own.
    assert {curve["responses"] for curve in found["det"]} == {10, 25}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_points_of_a_curve_are_its_trade_off() -> None:
    (curve,) = (one for one in claim_figures(made_up(), 0, 0)["det"] if one["kind"] == Impostor.OTHER_LAB)
    accepts, miss = (np.array([point[key] for point in curve["points"]]) for key in ("false_accept", "miss"))
    assert accepts[0] >= 1 / TRIALS
    assert (np.diff(accepts) > 0).all()
    assert (np.diff(miss) <= 0).all()
    middle = (accepts > 0.02) & (accepts < 0.3)
    assert norm.ppf(miss[middle]) == pytest.approx(-norm.ppf(accepts[middle]) - 3, abs=0.15)


def test_few_impostors_tell_no_small_rates() -> None:
    trials = made_up()
    some = trials.of(np.asarray((trials.kind == TARGET) | (np.arange(len(trials)) % 300 == 0)))
    for curve in claim_figures(some, 0, 0)["det"]:
        assert curve["points"][0]["false_accept"] >= 0.05 / (2 if curve["kind"] == "all kinds" else 1) - 1e-3


def test_without_true_claims_there_is_nothing_to_separate_from() -> None:
    trials = made_up()
    found = claim_figures(trials.of(np.asarray(trials.kind != TARGET)), 0, 10)
    assert found["det"] == []
    assert all(
        set(row["metrics"]) == {"false-accept rate", "false claims called inconsistent"} for row in found["figures"]
    )


def test_one_group_of_releases_has_no_interval() -> None:
    for row in claim_figures(made_up(groups=1), 0, 20)["figures"]:
        assert all(metric["low"] is None for metric in row["metrics"].values())
