"""What the reports show of verification: the order of tables, what counts as exceeded, and DET curves."""

from __future__ import annotations

from typing import Any

from fingerprint.report.evaluation.claims import conclusions, det_curves, tables
from tests.report.evaluation.made_up import NUMBERS, report


def claims() -> dict[str, Any]:
    found: dict[str, Any] = report(protocols=("verification",), releases=60)["claims"]["verification"]
    return found


def test_a_table_for_each_level_with_and_without_the_corpora() -> None:
    found = tables(claims())
    assert [table.title for table in found] == [
        f"Claims of a {level}, {corpora}"
        for level in ("release", "lab")
        for corpora in ("known corpora", "corpora left out")
    ]
    for table in found:
        assert [row["responses"] for row in table.true] == list(NUMBERS)
        assert [row["kind"] for row in table.false[:6]] == ["all kinds"] * len(NUMBERS) + ["sibling"]


def test_a_rate_is_exceeded_if_its_whole_interval_is_above_it() -> None:
    found = claims()
    assert conclusions(found)[-1].startswith("The false-accept rate may be 5%. In none of 100 rows")
    rows = [row for row in found["figures"] if row["kind"] in ("sibling", "closest other lab")]
    for row in rows:
        row["metrics"]["false-accept rate"] = {"value": 0.0812, "low": 0.051, "high": 0.1}
    last = conclusions(found)[-1]
    # What the closest other lab does is measured, not promised.
    assert "in 20 of 100 rows: release, known corpora, n = 1, sibling 8.1%; release" in last
    assert "closest" not in last
    for row in rows:
        row["metrics"]["false-accept rate"]["low"] = None
    assert "In none of" in conclusions(found)[-1]


def test_an_evaluation_without_true_claims_has_no_rate_of_them() -> None:
    found = claims()
    found["figures"] = [row for row in found["figures"] if row["kind"] != "target"]
    assert not [line for line in conclusions(found) if "false-alarm" in line]
    assert all(not table.true for table in tables(found))


def test_probit_axes_stretch_small_rates() -> None:
    _, chart = det_curves(claims())[0]
    assert [line.name for line in chart.lines] == ["5 responses", "10 responses", "25 responses"]
    across = {text: float(at) for at, text in chart.x_ticks}
    assert across["5%"] - across["0.5%"] > across["40%"] - across["20%"]
    assert (chart.x_label, chart.y_label) == ("false claims accepted", "true claims missed")
    assert [rule[3] for rule in chart.rules] == ["EER", "5% allowed"]


def test_curves_by_impostor_kind_are_those_of_the_most_responses() -> None:
    title, chart = det_curves(claims())[1]
    assert title == "Claims of a release, known corpora, 25 responses"
    assert [line.name for line in chart.lines] == [
        "sibling", "same lab", "closest other lab", "other lab", "unknown lab",
    ]  # fmt: skip
