"""by-language-and-domain: the cases of one language, of one group of domains, or of one domain of prompts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fingerprint.evaluation.domain_groups import group_of
from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol
from fingerprint.evaluation.protocols.other_set import other_set_cases
from fingerprint.evaluation.protocols.same_set import same_set_cases
from fingerprint.evaluation.study import Study
from fingerprint.metrics.predictions import Predictions
from fingerprint.report.evaluation.figures import View

# With fewer cases, a figure says nothing of a domain.
_LEAST_CASES = 20


def _parts(study: Study, tested: Tested) -> Iterator[tuple[str, Predictions]]:
    yield from _by_prompts(study, tested, "")
    other = other_set_cases(study)
    if other is not None:
        yield from _by_prompts(study, other, ", corpus left out")


def _by_prompts(study: Study, tested: Tested, which: str) -> Iterator[tuple[str, Predictions]]:
    corpus = study.sample.corpus
    groups = {domain: group_of(domain) for domain in set(corpus.domain)}
    kinds = {
        "language": corpus.language,
        "group of domains": np.array([groups[domain] for domain in corpus.domain], object),
        "domain": corpus.domain,
    }
    for kind, values in kinds.items():
        of_case = [set(values[rows].tolist()) for rows in tested.rows or ()]
        for value in sorted({name for names in of_case for name in names if name}):
            of = np.array([found == {value} for found in of_case], bool)
            if of.sum() >= _LEAST_CASES:
                yield f"{kind}{which}: {value}", tested.predictions.of(of)


PROTOCOL = Protocol(
    name="by-language-and-domain",
    question="The same-set and other-set cases of one language, of one group of domains, or of one domain of prompts.",
    left_out="A fifth of the prompts; for the other-set cases, a whole corpus.",
    order=80,
    ask=same_set_cases,
    parts=_parts,
    views=frozenset({View.PARTS}),
)
