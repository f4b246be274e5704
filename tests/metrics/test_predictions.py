from __future__ import annotations

import numpy as np

from tests.metrics.made_up import random_predictions


def test_predictions_over_some_releases_are_predictions_over_all() -> None:
    """What is known of later releases changes nothing but the width."""
    some = random_predictions(100)
    at = np.flatnonzero(np.arange(24) % 4 < 3)
    of = some.of(np.isin(some.release, at))
    names = of.names.some(at)
    assert names.releases == [of.names.releases[i] for i in at]
    assert (names.labs, names.families) == (of.names.labs, of.names.families)
    narrow = type(of)(
        **{**of.arrays(), "release": np.searchsorted(at, of.release), "share": of.share[:, at]}, names=names
    )
    wide = narrow.over(of.names, at)
    assert (wide.release == of.release).all()
    assert (wide.share[:, at] == of.share[:, at]).all()
    assert not np.delete(wide.share, at, axis=1).any()
    assert np.allclose(wide.labs(), narrow.labs())
    assert (wide.verdict == of.verdict).all()
