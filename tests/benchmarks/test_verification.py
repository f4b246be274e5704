from __future__ import annotations

import numpy as np
import pytest

from benchmarks.verification.__main__ import interval, session_rows
from benchmarks.verification.sessions import Sessions
from fingerprint.model.claim_verdict import ClaimWord
from fingerprint.model.claims import TARGET


def test_an_interval_is_exact() -> None:
    assert list(interval(0, 10)) == pytest.approx([0.0, 1 - 0.025**0.1])
    assert list(interval(2, 156)) == pytest.approx([0.0016, 0.0455], abs=1e-4)
    assert interval(10, 10)[1] == 1.0


def test_a_cell_counts_once_however_many_sessions_it_has() -> None:
    cell = np.array([0, 0, 1, 1, 2, 2])
    verdict = np.array([ClaimWord.INCONSISTENT, *[ClaimWord.CONSISTENT] * 5], object)
    sessions = Sessions(
        np.full(6, "release", object), np.full(6, TARGET, object), np.ones(6, bool), cell, cell, verdict, cell + 5
    )
    (row,) = session_rows(sessions)
    assert row[:7] == ["release", "known", TARGET, "6", "3 (3)", "0.833", "0.167"]
    low, high = interval(0.5, 3)
    assert row[7:] == [f"0.1667 ({low:.4f} to {high:.4f})", "6.0"]
