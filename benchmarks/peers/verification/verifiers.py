"""The methods: each scores claims about cases, higher where the claim is more likely true.

References:
    Kestemont, M. et al. (2016). Authenticating the writings of Julius Caesar. Expert Systems with Applications 63
    (General Impostors; min-max distance of features divided by their standard deviations).
    Koppel, M. and Winter, Y. (2014). Determining if two documents are written by the same author. JASIST 65.
    Eder, M., Rybicki, J. and Kestemont, M. (2016). Stylometry with R. The R Journal 8 (`imposters` of stylo).
    Bevendorff, J. et al. (2020). Overview of PAN 2020: Authorship verification (cosine of character 4-grams).
    Gao, I., Liang, P. and Guestrin, C. (2024). Model Equality Testing. arXiv 2410.20247 (MMD, Hamming kernel).
"""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from benchmarks.peers.minilm import PACKAGE, Encoder
from benchmarks.peers.peer import SEED
from fingerprint.comparison.kernels import Kernel, gram
from fingerprint.comparison.two_sample import squared_mmd
from fingerprint.loading import Loaded
from fingerprint.metrics import Level
from fingerprint.model.claims import Claims, claim_columns
from fingerprint.model.covariates import read_cases
from fingerprint.model.posterior import posterior

# Cases whose evidence is computed at once.
_BATCH = 50


@dataclass(frozen=True)
class Asked:
    """A case and what is claimed of it.

    Attributes:
        texts: Its responses, masked.
        claimed: Releases, one after the other.
    """

    texts: Sequence[str]
    claimed: Sequence[str]


class Verifier:
    """A method; it learns from reference responses of the known releases, or is a model that has learned."""

    name: ClassVar[str]
    score: ClassVar[str]
    # The package that it needs beyond the training extra: its import name and its name for pip.
    needs: ClassVar[tuple[str, str] | None] = None

    def fit(self, texts: Sequence[str], releases: Sequence[str]) -> None:
        """Learn from the references: masked responses and who wrote each."""

    def scores(self, asked: Sequence[Asked]) -> list[float]:
        """Return a score of each claim, those of a case together."""
        return [score for one in asked for score in self.of_case(one)]

    def of_case(self, asked: Asked) -> list[float]:
        raise NotImplementedError


class Ours(Verifier):
    """The log-likelihood ratio of `fingerprint verify`, of many cases at once."""

    name = "fingerprint"
    score = "log-likelihood ratio"

    def __init__(self, model: Loaded) -> None:
        if model.claims is None:
            raise ValueError("the model has no calibration of claims")
        self._model, self._claims = model, model.claims
        self._at = {row["release"]: i for i, row in enumerate(model.releases)}

    def scores(self, asked: Sequence[Asked]) -> list[float]:
        return [score for i in range(0, len(asked), _BATCH) for score in self._some(asked[i : i + _BATCH])]

    def _some(self, asked: Sequence[Asked]) -> list[float]:
        model = self._model
        embeddings, sizes = zip(*(model.read(one.texts) for one in asked), strict=True)
        evidence, covariates = read_cases(model.likelihood, embeddings, sizes)
        columns = covariates.columns(evidence, model.calibration.config)
        lab = model.likelihood.plda.lab
        found = posterior(model.calibration.values(), evidence, columns, lab)
        case = np.repeat(np.arange(len(asked)), [len(one.claimed) for one in asked])
        claimed = np.array([self._at[name] for one in asked for name in one.claimed])
        claims = Claims(Level.RELEASE, np.arange(len(lab)) == claimed[:, None], lab[claimed])
        read = claim_columns(claims, found.of(case), evidence.of(case), columns[case])
        inside, outside = (
            self._claims.table(Level.RELEASE, domain).log_likelihood_ratios(read) for domain in (True, False)
        )
        llr: list[float] = np.where(evidence.in_domain_llr[case] > 0, inside, outside).tolist()
        return llr


class GeneralImpostors(Verifier):
    """General Impostors over relative frequencies of character 4-grams.

    All responses of a case are one document. The references of a release are dealt into documents of as many
    responses. In each round, half of the features and some documents of other releases are drawn; the score is the
    share of rounds in which a document of the claimed release is nearer than all of these.
    """

    name = "General Impostors"
    score = "share of rounds"
    features: ClassVar[int] = 3_000
    rounds: ClassVar[int] = 100
    impostors: ClassVar[int] = 30

    def fit(self, texts: Sequence[str], releases: Sequence[str]) -> None:
        self._counter = CountVectorizer(
            analyzer="char", ngram_range=(4, 4), lowercase=False, max_features=self.features, dtype=np.float32
        )
        self._counts = csr_matrix(self._counter.fit_transform(texts))
        self._rows = _rows(releases)
        self._rng = np.random.default_rng(SEED)
        width = self._counts.shape[1]
        drawn = self._rng.permuted(np.tile(np.arange(width) < width // 2, (self.rounds, 1)), axis=1)
        self._drawn = drawn.astype(np.float32).T
        self._kept: dict[int, _Documents] = {}

    def of_case(self, asked: Asked) -> list[float]:
        known = self._documents(len(asked.texts))
        case = _frequencies(self._counter.transform(asked.texts).sum(axis=0)) / known.deviation
        least = np.minimum(known.vectors, case) @ self._drawn
        # The larger of two values is their sum without the smaller one.
        near = least / np.maximum(known.totals + case @ self._drawn - least, np.finfo(np.float32).tiny)
        return [self._share(near, known.owner == name) for name in asked.claimed]

    def _share(self, near: NDArray[np.float32], own: NDArray[np.bool_]) -> float:
        """near: (documents, rounds) similarities; own: (documents,) those of the claimed release."""
        others = near[~own]
        count = min(self.impostors, len(others))
        drawn = np.argpartition(self._rng.random(others.shape), count - 1, axis=0)[:count]
        nearest = np.take_along_axis(others, drawn, axis=0).max(axis=0)
        return float((near[own].max(axis=0) > nearest).mean())

    def _documents(self, size: int) -> _Documents:
        if size not in self._kept:
            parts, owner = [], []
            for name, rows in self._rows.items():
                count = max(1, len(rows) // size)
                parts += [self._counts[rows[i::count]].sum(axis=0) for i in range(count)]
                owner += [name] * count
            frequencies = _frequencies(np.vstack(parts))
            deviation = frequencies.std(axis=0) + np.float32(1e-9)
            vectors = frequencies / deviation
            self._kept[size] = _Documents(vectors, vectors @ self._drawn, np.array(owner, object), deviation)
        return self._kept[size]


@dataclass(frozen=True)
class _Documents:
    """References as documents of some size.

    vectors: (documents, features) frequencies in units of the (features,) `deviation`; totals: (documents, rounds) sums
    over the features that are drawn; owner: (documents,) releases.
    """

    vectors: NDArray[np.float32]
    totals: NDArray[np.float32]
    owner: NDArray[np.object_]
    deviation: NDArray[np.float32]


def _frequencies(counts: Any) -> NDArray[np.float32]:
    table = np.asarray(counts, np.float32)
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1), np.float32)


class _Cosine(Verifier):
    """The cosine between the mean of a case and the mean of the claimed release's references."""

    score = "cosine of means"

    def fit(self, texts: Sequence[str], releases: Sequence[str]) -> None:
        vectors = self.references(texts)
        self._means = {name: _unit(vectors[rows].mean(axis=0)) for name, rows in _rows(releases).items()}

    def of_case(self, asked: Asked) -> list[float]:
        mean = _unit(self.vectors(asked.texts).mean(axis=0))
        return [float(mean @ self._means[name]) for name in asked.claimed]

    def references(self, texts: Sequence[str]) -> Any:
        """Return (texts, features), and learn the features where there is something to learn."""
        return self.vectors(texts)

    def vectors(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError


class TfidfCosine(_Cosine):
    name = "TF-IDF of character 4-grams, cosine"
    features: ClassVar[int] = 50_000

    def references(self, texts: Sequence[str]) -> Any:
        self._vectorizer = TfidfVectorizer(
            analyzer="char",
            ngram_range=(4, 4),
            lowercase=False,
            sublinear_tf=True,
            max_features=self.features,
            dtype=np.float32,
        )
        return csr_matrix(self._vectorizer.fit_transform(texts))

    def vectors(self, texts: Sequence[str]) -> Any:
        return self._vectorizer.transform(texts)


class MiniLMCosine(_Cosine):
    """Embeddings of references are kept in `folder`; those of cases are computed each time, as a user would."""

    name = "MiniLM, cosine"
    needs = PACKAGE

    def __init__(self, folder: Path) -> None:
        self._kept, self._encoder = Encoder(folder), Encoder()

    def references(self, texts: Sequence[str]) -> Any:
        return self._kept.encode(texts)

    def vectors(self, texts: Sequence[str]) -> Any:
        return self._encoder.encode(texts)


class HammingMmd(Verifier):
    """The statistic of the two-sample test of Model Equality Testing, without its p-value.

    A case and the references have no prompts in common, so no permutation tells what the statistic is by chance.
    """

    name = "MMD, Hamming kernel"
    score = "minus the squared MMD"

    def fit(self, texts: Sequence[str], releases: Sequence[str]) -> None:
        self._texts = {name: [texts[i] for i in rows] for name, rows in _rows(releases).items()}

    def of_case(self, asked: Asked) -> list[float]:
        return [-self._distance(asked.texts, self._texts[name]) for name in asked.claimed]

    def _distance(self, texts: Sequence[str], references: Sequence[str]) -> float:
        second = np.arange(len(texts) + len(references)) >= len(texts)
        return squared_mmd(gram([*texts, *references], Kernel.HAMMING), second)


PEERS: tuple[type[Verifier], ...] = (GeneralImpostors, TfidfCosine, MiniLMCosine, HammingMmd)


def installed(kind: type[Verifier]) -> bool:
    """Return whether a method's package is there."""
    return kind.needs is None or importlib.util.find_spec(kind.needs[0]) is not None


def _rows(releases: Sequence[str]) -> dict[str, list[int]]:
    rows = defaultdict(list)
    for i, name in enumerate(releases):
        rows[name].append(i)
    return dict(rows)


def _unit(vector: Any) -> NDArray[np.float32]:
    row = np.asarray(vector, np.float32).ravel()
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-12), np.float32)
