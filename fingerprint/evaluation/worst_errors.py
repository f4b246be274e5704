"""The wrong predictions with the highest confidence, and the style markers that speak for the wrong lab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fingerprint.data.corpus import Corpus
from fingerprint.evaluation.fits import Tested
from fingerprint.loading import Loaded
from fingerprint.metrics.predictions import Ints, Predictions
from fingerprint.model.explanation import style_marker_llrs

# As many as a reader reads.
_SHOWN = 20
# With fewer responses, confident errors say more about the responses than about the model.
_LEAST_RESPONSES = 5


def worst_errors(tested: Mapping[str, Tested], corpus: Corpus, loaded: Loaded) -> list[dict[str, Any]]:
    """Find the wrong predictions with the highest confidence about labs that the fold's model knew.

    Each pair of a release and a wrong lab is shown once: a single confusion would fill the table otherwise.

    Args:
        tested: By protocol, test cases with their rows.
        corpus: What the rows are of, where `Tested` does not say it.
        loaded: The evaluated model, for the profiles of its releases.

    Returns:
        For each error, the most confident first: "protocol", "corpus", "responses", "release", "lab",
        "predicted_release", "predicted_lab", "probability" and "style_markers". Each style marker has "marker",
        "unit", its value in the "case" and on average in the "predicted_lab" and the "true_lab", and
        "log_likelihood_ratio" (nats) of the predicted lab against the true one.
    """
    found = {name: one for name, one in tested.items() if one.rows is not None}
    if not found:
        return []
    protocol = [name for name, one in found.items() for _ in range(len(one.predictions))]
    sources = [
        corpus if one.corpus is None else one.corpus for one in found.values() for _ in range(len(one.predictions))
    ]
    rows = [some for one in found.values() for some in one.rows or ()]
    predictions = Predictions.joined([one.predictions for one in found.values()])
    names, labs = predictions.names, predictions.labs()
    first, true = labs.argmax(axis=1), names.lab[predictions.release]
    top = labs[np.arange(len(labs)), first]
    wrong = (first != true) & predictions.lab_known & (predictions.count >= _LEAST_RESPONSES)
    out: list[dict[str, Any]] = []
    shown: set[tuple[int, int]] = set()
    for i in sorted(np.flatnonzero(wrong).tolist(), key=lambda i: -top[i]):
        pair = int(predictions.release[i]), int(first[i])
        if pair in shown or len(out) == _SHOWN:
            continue
        shown.add(pair)
        of_lab = np.where(names.lab == first[i], predictions.share[i], -1)
        predicted_lab, true_lab = names.labs[first[i]], names.labs[true[i]]
        out.append(
            {
                "protocol": protocol[i],
                "corpus": predictions.part[i],
                "responses": int(predictions.count[i]),
                "release": names.releases[predictions.release[i]],
                "lab": true_lab,
                "predicted_release": names.releases[int(of_lab.argmax())],
                "predicted_lab": predicted_lab,
                "probability": round(float(top[i]), 4),
                "style_markers": _style_markers(sources[i], rows[i], loaded, predicted_lab, true_lab),
            }
        )
    return out


def _style_markers(corpus: Corpus, rows: Ints, loaded: Loaded, predicted: str, true: str) -> list[dict[str, Any]]:
    """Nothing if the evaluated model does not know one of the labs."""
    first, second = (np.array([r["lab"] == lab for r in loaded.releases], float) for lab in (predicted, true))
    if not first.any() or not second.any():
        return []
    texts, config = corpus.of(rows).texts(0, len(rows)), loaded.config.style_markers
    markers = style_marker_llrs(texts, loaded.profiles, first / first.sum(), second / second.sum(), config)
    return [
        {
            "marker": found.marker,
            "unit": found.unit,
            "case": found.case,
            "predicted_lab": found.first_lab,
            "true_lab": found.second_lab,
            "log_likelihood_ratio": found.log_likelihood_ratio,
        }
        for found in markers
    ]
