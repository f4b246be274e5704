"""Who was taken for whom: labs, and within them families and releases."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from fingerprint.evaluation.predictions import Predictions


def confusion(answers: Predictions, protocol: str, responses: int) -> dict[str, Any] | None:
    """Of suspects with so many responses, by the first name at each level; None where there are none."""
    some = answers.of(answers.count == responses)
    if not len(some.release):
        return None
    names = some.names
    first_lab = some.labs().argmax(axis=1)
    first_family = some.families().argmax(axis=1)
    first_release = some.share.argmax(axis=1)
    lab, family = names.lab[some.release], names.family[some.release]
    labs = []
    for code in _by_size(lab):
        of = lab == code
        labs.append(
            {
                "lab": names.labs[code],
                "suspects": int(of.sum()),
                "named": _named("lab", names.labs, first_lab[of]),
                "families": [
                    {
                        "family": names.families[f],
                        "suspects": int((family == f).sum()),
                        "named": _named("family", names.families, first_family[family == f]),
                        "releases": [
                            {
                                "release": names.releases[r],
                                "suspects": int((some.release == r).sum()),
                                "named": _named("release", names.releases, first_release[some.release == r]),
                            }
                            for r in _by_size(some.release[family == f])
                        ],
                    }
                    for f in _by_size(family[of])
                ],
            }
        )
    return {"protocol": protocol, "responses": responses, "labs": labs}


def _by_size(codes: np.ndarray) -> list[int]:
    found, size = np.unique(codes, return_counts=True)
    return [int(c) for c in found[np.argsort(-size, kind="stable")]]


def _named(level: str, names: list[str], first: np.ndarray) -> list[dict[str, Any]]:
    return [{level: names[code], "suspects": size} for code, size in Counter(first.tolist()).most_common()]
