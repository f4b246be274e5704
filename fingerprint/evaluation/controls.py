"""Controls: what is got right by knowing next to nothing, and what must come out at chance.

Each is a naive Bayes classifier over releases (scikit-learn), all releases alike beforehand, on the same training
rows and the same suspects as the same-set protocol of the first fold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction import FeatureHasher
from sklearn.naive_bayes import GaussianNB, MultinomialNB

from fingerprint.base.parallel import Progress
from fingerprint.data.corpus import Corpus
from fingerprint.data.names import given_names
from fingerprint.evaluation.fits import CaseSet
from fingerprint.evaluation.folds import SAME, Fold, subsample
from fingerprint.evaluation.perturbed import texts_of
from fingerprint.evaluation.predictions import Names, Predictions
from fingerprint.features import style_markers
from fingerprint.training.data import Data, Ints

CONTROLS = "controls"
LENGTH, LAYOUT, GIVEN, PROMPT, SHUFFLED = (
    "length only",
    "layout only",
    "self-given names only, unmasked",
    "the prompt only",
    "labels shuffled",
)
_LAYOUT = (
    "headings", "bulleted items", "numbered items", "bold passages", "tables rows", "horizontal rules", "code blocks",
    "inline code", "words a paragraph",
)  # fmt: skip
_ROWS = 20
_SMOOTHING = 0.1
_BUCKETS = 1 << 14
# Rates of a release that never vary would explain everything.
_LEAST_VARIANCE = 0.02


def ask_controls(
    data: Data, corpus: Corpus, fold: Fold, names: Names, asked: CaseSet, seed: int, progress: Progress
) -> Predictions:
    """The same-set suspects of the fold; their part is the control.

    The prompt's control knows the prompt and its corpus. The prompts asked about are left out of training, so that only
    which releases a corpus has can help it: its chance is one over their number.
    """
    same = asked.of(asked.kind == SAME)
    rows = np.flatnonzero(subsample(data.labels, fold.train & data.full, _ROWS, seed))
    wanted = np.unique(np.concatenate([rows, *same.rows]))
    code = {name: i for i, name in enumerate(names.releases)}
    label = np.array([code.get(data.labels.releases[r], -1) for r in data.labels.release])
    texts = texts_of(corpus, wanted)
    progress("controls", 1, 3)
    rates = np.log1p(style_markers.measure(texts)).astype(float)
    progress("controls", 2, 3)
    length = np.column_stack([rates[:, style_markers.NAMES.index("words")], np.log1p([len(t) for t in texts])])
    layout = rates[:, [style_markers.NAMES.index(name) for name in _LAYOUT]]
    given = _hashed([given_names(text) or ["none"] for text in texts])
    at, train = np.searchsorted(wanted, rows), label[rows]
    shuffled = np.random.default_rng(seed).permutation(train)
    prompts = _prompts(data, wanted)
    found = {
        LENGTH: _gaussian(length, at, train),
        LAYOUT: _gaussian(layout, at, train),
        GIVEN: _counted(given[at], train, given),
        PROMPT: _counted(prompts[at], train, prompts),
        SHUFFLED: _gaussian(np.hstack([length, layout]), at, shuffled),
    }
    progress("controls", 3, 3)
    return Predictions.joined([_answers(name, *logs, wanted, same, names) for name, logs in found.items()])


def _hashed(words: list[list[str]]) -> sparse.csr_matrix:
    return FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False).transform(words)


def _prompts(data: Data, rows: Ints) -> sparse.csr_matrix:
    """(rows, corpora and prompts): a 1 for the corpus of each and one for its prompt."""
    corpora = len(data.labels.corpora)
    columns = np.column_stack([data.labels.corpus[rows], corpora + 1 + data.labels.prompt[rows]])
    at = np.repeat(np.arange(len(rows)), 2)
    shape = (len(rows), corpora + 2 + int(data.labels.prompt.max()))
    return sparse.csr_matrix((np.ones(len(at)), (at, columns.ravel())), shape=shape)


def _gaussian(features: NDArray, at: Ints, train: Ints) -> tuple[NDArray, Ints]:
    classes = np.unique(train)
    fitted = GaussianNB(priors=np.full(len(classes), 1 / len(classes)), var_smoothing=_LEAST_VARIANCE)
    fitted.fit(features[at], train)
    return fitted.predict_joint_log_proba(features), classes


def _counted(features: sparse.csr_matrix, train: Ints, asked: sparse.csr_matrix) -> tuple[NDArray, Ints]:
    fitted = MultinomialNB(alpha=_SMOOTHING, fit_prior=False).fit(features, train)
    return fitted.predict_joint_log_proba(asked), fitted.classes_


def _answers(part: str, logs: NDArray, classes: Ints, wanted: Ints, same: CaseSet, names: Names) -> Predictions:
    """A suspect's log-likelihoods are the sums of its responses'."""
    total = np.stack([logs[np.searchsorted(wanted, rows)].sum(axis=0) for rows in same.rows])
    share = np.exp(total - total.max(axis=1, keepdims=True))
    wide = np.zeros((len(total), len(names.releases)), np.float32)
    wide[:, classes] = share / share.sum(axis=1, keepdims=True)
    count = len(total)
    return Predictions(
        names, same.release, same.covariates.count, same.known, same.lab_known, wide,
        np.zeros((count, len(names.labs)), np.float32), np.zeros(count, np.float32), np.zeros(count, bool),
        np.full(count, part),
    )  # fmt: skip
