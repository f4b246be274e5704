from __future__ import annotations

import numpy as np
import pytest

from benchmarks.probing.__main__ import needed, stopped
from benchmarks.probing.replay import Sessions
from benchmarks.probing.unseen import at_stop


def test_responses_needed_are_read_between_two_and_for_good() -> None:
    accuracy = np.array([0.5, 0.9, 0.7, 0.8, 1.0])
    assert needed(accuracy, 0.4) == 1
    assert needed(accuracy, 0.75) == pytest.approx(3.5)
    assert needed(accuracy, 0.9) == pytest.approx(4.5)
    assert np.isnan(needed(accuracy[:4], 0.9))


def test_sessions_stop_where_probe_does() -> None:
    attributed = np.array([[3, 3, 3, 3, 3], [-1, -1, 2, 2, 2], [1, -1, 1, -1, 1]])
    right = np.array([[1, 1, 0, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]], bool)
    sessions = Sessions(right, np.ones(right.shape), attributed, 100.0 * np.cumsum(np.ones(right.shape), axis=1))
    assert sessions.stops().tolist() == [3, 4, 5]
    row = stopped(sessions)
    assert (row["responses"], row["accuracy"], row["coverage"]) == pytest.approx((4, 2 / 3, 1))
    assert row["false"] == pytest.approx(1 / 3)
    found = at_stop(sessions, 4)
    # The last one had not stopped after four.
    assert (found["responses"], found["answer tokens"]) == (4, 400)
    assert (found["lab top-1"], found["attributed"], found["false attributions"]) == pytest.approx((2 / 3, 2 / 3, 0.5))
