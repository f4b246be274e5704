"""controls: naive Bayes classifiers that know next to nothing, and one that must stay at chance.

Each is a naive Bayes classifier over releases with a uniform prior, on training rows and same-set cases of the first
fold. What it recognises, a model need not have recognised by style.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction import FeatureHasher
from sklearn.naive_bayes import GaussianNB, MultinomialNB

from fingerprint.data.names import given_names
from fingerprint.evaluation.fits import FoldResults, Tested
from fingerprint.evaluation.protocol import Protocol, parts_alone
from fingerprint.evaluation.study import Study
from fingerprint.features import style_markers
from fingerprint.metrics import Metric
from fingerprint.metrics.predictions import ClassNames, Ints, Predictions
from fingerprint.report.evaluation.figures import View
from fingerprint.training.cases import CaseSet, subsample
from fingerprint.training.data import Data
from fingerprint.training.splits import CaseKind

_LAYOUT = (
    "headings", "bulleted items", "numbered items", "bold passages", "tables rows", "horizontal rules", "code blocks",
    "inline code", "words a paragraph",
)  # fmt: skip
# Training rows of a release in a corpus: enough for the few parameters of a control.
_ROWS = 20
# Counts that each name or prompt has beforehand in each release: with 1, scikit-learn's default, releases with few
# responses would all be the same.
_SMOOTHING = 0.1
# Columns that given names are hashed into, far more than there are such names.
_BUCKETS = 1 << 14
# Share of the largest variance that each variance is raised by: a rate that never varies in a release would explain
# everything.
_LEAST_VARIANCE = 0.02


def _ask(study: Study) -> Tested | None:
    data, folds = study.data, study.folds
    return Tested(_controls(study, data, folds)) if data is not None and folds is not None else None


def _controls(study: Study, data: Data, folds: FoldResults) -> Predictions:
    """The part of each prediction is the control.

    The control "prompt only" knows the prompt and its corpus. The tested prompts are left out of the training, so only
    the set of releases in the corpus can help it.
    """
    names, context = study.sample.names, study.sample.context
    seed = context.config.seed
    same = folds.cases[0].of(np.asarray(folds.cases[0].kind == CaseKind.SAME, bool))
    rows = np.flatnonzero(subsample(data.labels, folds.folds[0].train & data.full, _ROWS, seed))
    wanted = np.unique(np.concatenate([rows, *same.rows]))
    code = {name: i for i, name in enumerate(names.releases)}
    label = np.array([code.get(data.labels.releases[r], -1) for r in data.labels.release])
    texts = study.sample.corpus.of(wanted).texts(0, len(wanted))
    context.progress("controls", 1, 3)
    rates = np.log1p(style_markers.measure(texts)).astype(float)
    context.progress("controls", 2, 3)
    length = np.column_stack([rates[:, style_markers.NAMES.index("words")], np.log1p([len(t) for t in texts])])
    layout = rates[:, [style_markers.NAMES.index(name) for name in _LAYOUT]]
    given = _hashed([given_names(text) or ["none"] for text in texts])
    at, train = np.searchsorted(wanted, rows), label[rows]
    shuffled = np.random.default_rng(seed).permutation(train)
    prompts = _prompts(data, wanted)
    found = {
        "length only": _gaussian(length, at, train),
        "layout only": _gaussian(layout, at, train),
        "self-given names only, unmasked": _multinomial(given[at], train, given),
        "prompt only": _multinomial(prompts[at], train, prompts),
        "shuffled labels": _gaussian(np.hstack([length, layout]), at, shuffled),
    }
    context.progress("controls", 3, 3)
    return Predictions.joined([_predictions(name, *logs, wanted, same, names) for name, logs in found.items()])


def _hashed(words: list[list[str]]) -> sparse.csr_matrix:
    return FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False).transform(words)


def _prompts(data: Data, rows: Ints) -> sparse.csr_matrix:
    """(rows, corpora and prompts): a 1 for the corpus of each row and a 1 for its prompt."""
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


def _multinomial(features: sparse.csr_matrix, train: Ints, tested: sparse.csr_matrix) -> tuple[NDArray, Ints]:
    fitted = MultinomialNB(alpha=_SMOOTHING, fit_prior=False).fit(features, train)
    return fitted.predict_joint_log_proba(tested), fitted.classes_


def _predictions(
    part: str, logs: NDArray, classes: Ints, wanted: Ints, same: CaseSet, names: ClassNames
) -> Predictions:
    """The log-likelihood of a case is the sum of those of its responses."""
    total = np.stack([logs[np.searchsorted(wanted, rows)].sum(axis=0) for rows in same.rows])
    share = np.exp(total - total.max(axis=1, keepdims=True))
    wide = np.zeros((len(total), len(names.releases)), np.float32)
    wide[:, classes] = share / share.sum(axis=1, keepdims=True)
    count = len(total)
    # No metric of a control reads verdicts or sets.
    return Predictions(
        names=names,
        release=same.release,
        count=same.covariates.count,
        known=same.known,
        lab_known=same.lab_known,
        share=wide,
        new=np.zeros((count, len(names.labs)), np.float32),
        unknown=np.zeros(count, np.float32),
        verdict=np.full(count, "", object),
        level=np.full(count, "", object),
        set_size=np.zeros(count, np.int64),
        in_set=np.zeros(count, bool),
        listed=np.zeros(count, bool),
        in_list=np.zeros(count, bool),
        part=np.full(count, part, object),
    )


PROTOCOL = Protocol(
    name="controls",
    question="The same-set cases of one fold, predicted with too little information: a control must fail.",
    left_out="A fifth of the prompts.",
    order=90,
    ask=_ask,
    parts=parts_alone,
    views=frozenset({View.PARTS}),
    # A control has neither a new release nor an unknown lab to predict, and no verdict.
    metrics=frozenset(
        {Metric.TOP_1, Metric.TOP_3, Metric.MACRO_RECALL, Metric.MACRO_F1, Metric.LOG_LOSS, Metric.BRIER, Metric.ECE}
    ),
)
