from __future__ import annotations

import numpy as np

from fingerprint.config import StyleMarkerConfig
from fingerprint.features import style_markers
from fingerprint.model.explanation import Profiles, style_marker_llrs


def test_markers_are_ranked_by_their_llr_before_it_is_cut() -> None:
    texts = ["A plain answer, with commas, and with words."] * 9
    own = np.log1p(style_markers.measure(texts)).mean(axis=0)
    # Every marker is far from the second lab's: the later ones farther.
    profiles = Profiles(np.stack([own, own + 1 + np.arange(len(own))]), np.full((2, len(own)), 1e-3))
    share = np.eye(2)
    found = style_marker_llrs(texts, profiles, share[0], share[1], StyleMarkerConfig())
    assert [marker.log_likelihood_ratio for marker in found] == [30.0] * len(found)
    assert [marker.marker for marker in found] == list(style_markers.NAMES[::-1][: len(found)])
