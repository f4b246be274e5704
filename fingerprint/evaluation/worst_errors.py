"""The most confident errors, with the habits that speak for the wrong lab."""

from __future__ import annotations

from typing import Any

import numpy as np

from fingerprint.config import StyleMarkerConfig
from fingerprint.data.corpus import Corpus
from fingerprint.evaluation.perturbed import texts_of
from fingerprint.evaluation.predictions import Predictions
from fingerprint.model.explanation import Profiles, style_marker_llrs
from fingerprint.model.verdict import StyleMarker
from fingerprint.training.data import Ints

_SHOWN = 20
# One suspect a release and wrong lab: else a single confusion fills the table.
_FEWEST = 5


def worst_errors(
    protocol: list[str],
    rows: list[Ints],
    answers: Predictions,
    corpus: Corpus,
    profiles: Profiles,
    usual_names: list[str],
) -> list[dict[str, Any]]:
    """Of suspects of five responses or more whose lab the fold knew.

    protocol, rows: of each suspect; usual: the habits of releases `usual_names`.
    """
    names = answers.names
    labs = answers.labs()
    first, true = labs.argmax(axis=1), names.lab[answers.release]
    top = labs[np.arange(len(labs)), first]
    wrong = (first != true) & answers.lab_known & (answers.count >= _FEWEST)
    lab_of = {name: names.labs[code] for name, code in zip(names.releases, names.lab, strict=True)}
    usual_lab = np.array([lab_of[name] for name in usual_names])
    out: list[dict[str, Any]] = []
    shown: set[tuple[int, int]] = set()
    for i in sorted(np.flatnonzero(wrong).tolist(), key=lambda i: -top[i]):
        key = int(answers.release[i]), int(first[i])
        if key in shown or len(out) == _SHOWN:
            continue
        shown.add(key)
        own = np.where(names.lab == first[i], answers.share[i], -1)
        said_lab, true_lab = names.labs[first[i]], names.labs[true[i]]
        said, right = usual_lab == said_lab, usual_lab == true_lab
        found: tuple[StyleMarker, ...] = ()
        if said.any() and right.any():
            found = style_marker_llrs(
                texts_of(corpus, rows[i]), profiles, said / said.sum(), right / right.sum(), StyleMarkerConfig()
            )
        out.append(
            {
                "protocol": protocol[i],
                "responses": int(answers.count[i]),
                "release": names.releases[answers.release[i]],
                "lab": true_lab,
                "said_release": names.releases[int(own.argmax())],
                "said_lab": said_lab,
                "probability": round(float(top[i]), 4),
                "corpus": str(answers.part[i]),
                "habits": [
                    {"habit": h.marker, "unit": h.unit, "here": h.case, "said": h.first_lab, "true": h.second_lab,
                     "llr": h.log_likelihood_ratio}
                    for h in found
                ],
            }
        )  # fmt: skip
    return out
