"""external-test: corpora outside the training of the evaluated model, predicted by the model itself."""

from __future__ import annotations

import numpy as np

from fingerprint.evaluation.fits import Tested, predict
from fingerprint.evaluation.protocol import Protocol, whole_and_parts
from fingerprint.evaluation.study import Study, unprompted_labels
from fingerprint.report.evaluation.figures import TYPICAL, View
from fingerprint.training.cases import Questions, collect_evidence, draw_cases
from fingerprint.training.embedding import Embeddings
from fingerprint.training.likelihood import KnownReleases
from fingerprint.training.splits import CaseKind

# Responses that are in memory with their n-grams.
_BLOCK = 200


def _ask(study: Study) -> Tested | None:
    sample, loaded, context = study.sample, study.loaded, study.sample.context
    labels = unprompted_labels(sample.external)
    cases = draw_cases(labels, np.ones(len(sample.external), bool), study.config.cases, context.config)
    if not cases:
        return None
    rows = np.unique(np.concatenate(cases))
    embeddings, sizes, known_script = [], [], []
    for start in range(0, len(rows), _BLOCK):
        some = sample.external.of(rows[start : start + _BLOCK])
        texts = some.texts(0, len(some))
        embedding, size = loaded.read(texts)
        known_script.append(loaded.known_script(texts))
        embeddings.append(embedding)
        sizes.append(size)
        context.progress("external test", start + len(some), len(rows))
    known = KnownReleases([r["release"] for r in loaded.releases], {r["release"]: r["lab"] for r in loaded.releases})
    questions = Questions.of(labels, cases, CaseKind.OTHER)
    whole = Embeddings(np.concatenate(embeddings), np.concatenate(sizes), np.concatenate(known_script))
    found = collect_evidence(loaded.likelihood, known, sample.names, questions, rows, whole)
    predictions = predict(found, loaded.calibration.for_labs(sample.names.labs), sample.names)
    return Tested(predictions, cases, corpus=sample.external)


PROTOCOL = Protocol(
    name="external-test",
    question="Releases answer the prompts of corpora outside the model's training; the model itself predicts.",
    left_out="Nothing: the model was never trained on these corpora.",
    order=30,
    ask=_ask,
    parts=whole_and_parts,
    views=frozenset({View.ACCURACY, View.CURVES, View.CONFUSION, View.WORST_ERRORS}),
    by_kind=TYPICAL,
)
