"""What a model that was not shown some responses makes of each of them alone: how telling their prompts are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize
from fingerprint.data.corpus import Corpus
from fingerprint.model.calibration import Calibration
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.probe_information import InformationGain
from fingerprint.training.calibration_cases import Known
from fingerprint.training.data import Data, few_of_each
from fingerprint.training.embedding import Embeddings

# Of a lab and a kind of prompt; the mean of so many is sure enough, and large labs need no more.
_MOST = 60
_BLOCK = 1_000


def learn_information(
    data: Data, corpus: Corpus, embeddings: Embeddings, likelihood: Likelihood, known: Known, calibration: Calibration,
    held: NDArray[np.bool_], lab_of: Mapping[str, str], seed: int,
) -> InformationGain:  # fmt: skip
    """held: (n,) of the data's rows, on prompts that the likelihood was not shown."""
    code = {str(lab): i for i, lab in enumerate(known.labs)}
    lab_code = np.array([code.get(lab_of[name], -1) if name in known.names else -1 for name in data.labels.releases])
    rows = np.flatnonzero((held & data.filled)[data.full] & (lab_code[data.labels.release[data.full]] >= 0))
    rows = _some(rows, lab_code[data.labels.release[rows]], corpus, np.random.default_rng(seed))
    # In blocks: the evidence on all at once, in every domain, would be the most memory that training takes.
    shares = np.vstack(
        [
            _shares(embeddings, likelihood, known, calibration, rows[start : start + _BLOCK])
            for start in range(0, len(rows), _BLOCK)
        ]
        or [np.zeros((0, len(known.labs)))]
    )
    kinds = list(zip(corpus.domain[rows].tolist(), corpus.language[rows].tolist(), strict=True))
    return InformationGain.measure(shares, lab_code[data.labels.release[rows]], kinds, [str(lab) for lab in known.labs])


def _shares(
    embeddings: Embeddings, likelihood: Likelihood, known: Known, calibration: Calibration, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(rows, L) of the labs, by each row alone."""
    embedding = embeddings.rows[rows]
    covariates = Covariates.read(likelihood, np.split(embedding, len(embedding)), [embeddings.size[[i]] for i in rows])
    evidence = likelihood.evidence(embedding, covariates.count)
    return calibration.predict(evidence, covariates, known.lab).labs()


def _some(
    rows: NDArray[np.int64], lab: NDArray[np.int64], corpus: Corpus, rng: np.random.Generator
) -> NDArray[np.int64]:
    kind = factorize(corpus.domain[rows] + corpus.language[rows])[1]
    return np.sort(rows[few_of_each(kind * (lab.max(initial=0) + 1) + lab, _MOST, rng)])
