"""The trials: a case, a release that is claimed to have written it, and whether it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.peers.cases import Cases
from fingerprint.data.registry import Registry
from fingerprint.model.claims import TARGET, Impostor

IMPOSTORS = (Impostor.SIBLING, Impostor.SAME_LAB, Impostor.OTHER_LAB, Impostor.UNKNOWN_LAB)
SIZES = (5, 10, 25)


@dataclass(frozen=True)
class Trial:
    """One question.

    Attributes:
        case: The number of the case.
        protocol: "same-set" or "other-set".
        n: Responses of the case.
        release: Who wrote it.
        claimed: A release that the model knows.
        kind: TARGET or one of IMPOSTORS.
    """

    case: int
    protocol: str
    n: int
    release: str
    claimed: str
    kind: str


def draw_trials(cases: Cases, known: Sequence[dict[str, str]], registry: Registry, seed: int) -> list[Trial]:
    """Draw one claim of each kind that there is for each case of SIZES responses.

    Args:
        cases: The bench's cases.
        known: "release", "lab" and "family" of the releases that the model knows: only these are claimed.
        registry: Says which releases are variants of one. These are neither siblings nor others of the lab.
        seed: Draws the claims.

    Returns:
        The trials, those of a case together.
    """
    rng = np.random.default_rng(seed)
    labs = {row["lab"] for row in known}
    trials = []
    for case, row in enumerate(cases.truth):
        if int(row["n"]) not in SIZES:
            continue
        release, lab = row["release"], row["lab"]
        family, variants = registry.releases[release].family, registry.group(release)
        others = [other for other in known if other["release"] not in variants]
        of_lab = [other for other in others if other["lab"] == lab]
        choices = {
            TARGET: [other for other in known if other["release"] == release],
            Impostor.SIBLING: [other for other in of_lab if other["family"] == family],
            Impostor.SAME_LAB: [other for other in of_lab if other["family"] != family],
            Impostor.OTHER_LAB if lab in labs else Impostor.UNKNOWN_LAB: [
                other for other in others if other["lab"] != lab
            ],
        }
        for kind, claims in choices.items():
            if claims:
                claimed = claims[int(rng.integers(len(claims)))]["release"]
                protocol = row["protocol"].split(":")[0]
                trials.append(Trial(case, protocol, int(row["n"]), release, claimed, str(kind)))
    return trials
