"""by-language-and-domain: the same-set cases of one language, or of one domain of prompts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol
from fingerprint.evaluation.protocols.same_set import same_set_cases
from fingerprint.evaluation.study import Study
from fingerprint.metrics.predictions import Predictions
from fingerprint.report.evaluation.figures import View


def _parts(study: Study, tested: Tested) -> Iterator[tuple[str, Predictions]]:
    corpus = study.sample.corpus
    for kind, values in (("language", corpus.language), ("domain", corpus.domain)):
        of_case = [set(values[rows].tolist()) for rows in tested.rows or ()]
        for value in sorted({name for name in values if name}):
            of = np.array([found == {value} for found in of_case], bool)
            if of.any():
                yield f"{kind}: {value}", tested.predictions.of(of)


PROTOCOL = Protocol(
    name="by-language-and-domain",
    question="The same-set cases of one language, or of one domain of prompts.",
    left_out="A fifth of the prompts.",
    order=80,
    ask=same_set_cases,
    parts=_parts,
    views=frozenset({View.PARTS}),
)
