"""The nearest centroid of the Stealth Model Fingerprint Lab over its features, written anew from its description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Peer
from benchmarks.peers.stylometry import features


class Stealth(Peer):
    name = "Stealth Model Fingerprint Lab's centroid"
    lab_by = "best"
    score = "-squared distance"

    def fit(
        self, texts: Sequence[str], prompts: Sequence[str], corpora: Sequence[str], releases: Sequence[str]
    ) -> Self:
        raw = features(texts)
        self.mean, self.scale = raw.mean(axis=0), raw.std(axis=0)
        self.scale[self.scale == 0] = 1
        names, release = np.unique(np.asarray(releases), return_inverse=True)
        x = without_prompts((raw - self.mean) / self.scale, np.asarray(prompts), release)
        self.releases = names.tolist()
        self.centres = np.stack([x[release == i].mean(axis=0) for i in range(len(names))])
        return self

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """The prompts asked about are in no reference, so that there is no effect of theirs to take away."""
        x = (features(texts) - self.mean) / self.scale
        return (2 * x @ self.centres.T - (self.centres**2).sum(axis=1)) / x.shape[1]


def without_prompts(
    x: NDArray[np.floating], prompts: NDArray[np.str_], release: NDArray[np.integer]
) -> NDArray[np.floating]:
    """`x` (rows, features) less each prompt's mean over the releases that answered it, where two did."""
    out = x.copy()
    order = np.argsort(prompts, kind="stable")
    for rows in np.split(order, np.flatnonzero(prompts[order][1:] != prompts[order][:-1]) + 1):
        who = np.unique(release[rows])
        if len(who) > 1:
            out[rows] -= np.mean([x[rows[release[rows] == one]].mean(axis=0) for one in who], axis=0)
    return out
