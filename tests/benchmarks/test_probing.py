from __future__ import annotations

import numpy as np
import pytest

from benchmarks.probing.__main__ import needed, stopped
from benchmarks.probing.replay import Sessions


def test_responses_needed_are_read_between_two_and_for_good() -> None:
    accuracy = np.array([0.5, 0.9, 0.7, 0.8, 1.0])
    assert needed(accuracy, 0.4) == 1
    assert needed(accuracy, 0.75) == pytest.approx(3.5)
    assert needed(accuracy, 0.9) == pytest.approx(4.5)
    assert np.isnan(needed(accuracy[:4], 0.9))


def test_sessions_stop_where_probe_does() -> None:
    attributed = np.array([[3, 3, 3, 3, 3], [-1, -1, 2, 2, 2], [1, -1, 1, -1, 1]])
    right = np.array([[1, 1, 0, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]], bool)
    sessions = Sessions(right, np.ones(right.shape), attributed)
    assert sessions.stops().tolist() == [3, 4, 5]
    row = stopped(sessions)
    assert (row["responses"], row["accuracy"], row["coverage"]) == pytest.approx((4, 2 / 3, 1))
    assert row["false"] == pytest.approx(1 / 3)
