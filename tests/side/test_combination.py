from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import InputError
from fingerprint.model.verdict import (
    NONE_OF_THESE,
    UNKNOWN,
    CombinedRates,
    EvidenceKind,
    LabShare,
    SelfIdentification,
    SideEvidence,
    SideRatio,
    StatementRatio,
    TokenCounts,
)
from fingerprint.side.combination import Asked, MeasuredRates, combine, combined_shares

STYLE = (LabShare("openai", 0.5), LabShare("zhipu", 0.3), LabShare(UNKNOWN, 0.2))
RATES = {
    "10": {"0.5": CombinedRates(90, 12, 0.9, 0.2, 0.4), "0.9": CombinedRates(40, 11, 0.4, 0.05, 0.3)},
    "25": {"0.5": CombinedRates(80, 12, 0.9, 0.1, 0.3)},
}
MEASURED = MeasuredRates({"any": RATES})


def side(counts: dict[str, float], names: dict[str, float]) -> SideEvidence:
    return SideEvidence(
        TokenCounts("", 6, (), (), (), tuple(SideRatio(lab, llr) for lab, llr in counts.items())),
        SelfIdentification("", (), tuple(StatementRatio(lab, llr, 0.1) for lab, llr in names.items())),
    )


@given(st.floats(-8, 8), st.floats(-8, 8), st.floats(1e-9, 0.999))
def test_the_parts_add_up_to_the_posterior_odds(counts: float, names: float, share: float) -> None:
    style = (LabShare("openai", share / 2), LabShare("zhipu", 1 - share), LabShare(UNKNOWN, share / 2))
    found = combined_shares(style, side({"openai": counts}, {"openai": names, "zhipu": -names}))
    assert sum(one.probability for one in found) == pytest.approx(1)
    of = {one.lab: one for one in found}
    for one in found:
        assert one.style is not None
        assert one.token_counts is not None
        assert one.self_identification is not None
        log_odds = one.style + one.token_counts + one.self_identification
        assert math.log(one.probability / of[UNKNOWN].probability) == pytest.approx(log_odds, abs=0.01)


def test_without_side_evidence_there_is_nothing_to_combine() -> None:
    assert combine(STYLE, side({}, {}), Asked("any", 10), MEASURED) is None


def test_it_says_what_it_rests_on_and_how_often_that_is_wrong() -> None:
    found = combine(STYLE, side({"zhipu": 4.0, "openai": -2.0}, {}), Asked("any", 12), MEASURED)
    assert found is not None
    assert found.evidence == (EvidenceKind.STYLE, EvidenceKind.TOKEN_COUNTS)
    assert found.labs[0].lab == "zhipu"
    assert found.labs[0].probability > 0.9
    # As sure an answer on at least as many responses as were measured.
    assert found.measured == RATES["10"]["0.9"]
    few = combine(STYLE, side({"zhipu": 4.0}, {}), Asked("any", 3), MEASURED)
    assert few is not None
    assert few.measured is None


def test_names_alone_have_no_measured_rate() -> None:
    found = combine(STYLE, side({}, {"zhipu": 3.0}), Asked("any", 12), MEASURED)
    assert found is not None
    assert found.evidence == (EvidenceKind.STYLE, EvidenceKind.SELF_IDENTIFICATION)
    assert found.measured is None


def test_what_speaks_for_no_candidate_counts_for_none_of_these() -> None:
    style = (*STYLE[:2], LabShare("meta", 0.1), LabShare(UNKNOWN, 0.1))
    found = combine(style, side({"meta": 5.0}, {}), Asked("any", 12, ("openai", "zhipu")), MEASURED)
    assert found is not None
    assert [one.lab for one in found.labs] == [NONE_OF_THESE, "openai", "zhipu"]
    assert found.labs[0].style is None
    assert found.measured is None
    assert sum(one.probability for one in found.labs) == pytest.approx(1)


def test_the_rates_that_ship_are_of_the_next_smaller_size_and_limit(tmp_path: Path) -> None:
    assert MEASURED.of("any", 30, 0.6) == RATES["25"]["0.5"]
    assert MEASURED.of("any", 10, 0.4) is None
    assert MEASURED.of("known", 10, 0.9) is None
    for sizes in MeasuredRates.load().rates.values():
        for rates in sizes.values():
            assert all(0 <= one.wrong <= 1 and one.cases >= 30 and one.releases >= 10 for one in rates.values())
    path = tmp_path / "rates.json"
    path.write_text(json.dumps({"rates": 3}))
    with pytest.raises(InputError, match="is no table of measured rates"):
        MeasuredRates.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        MeasuredRates.load(tmp_path / "none")
