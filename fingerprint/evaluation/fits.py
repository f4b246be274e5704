"""Fits the model of one fold, and collects what it makes of the suspects that it was not shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import Config, EmbeddingConfig, FeatureConfig, SplitConfig
from fingerprint.evaluation.folds import OTHER, SAME, UNKNOWN, UNSEEN, Fold, subsample
from fingerprint.evaluation.predictions import Names
from fingerprint.features.ngrams import Counts
from fingerprint.features.weights import unit_rows
from fingerprint.model.covariates import Covariates
from fingerprint.model.likelihood import Evidence, Likelihood
from fingerprint.model.plda import Floats
from fingerprint.training.context import TrainingContext
from fingerprint.training.data import Data, Ints, Labels
from fingerprint.training.embedding import Embeddings, Space, embed_rows, fit_space
from fingerprint.training.likelihood import KnownReleases, fit_likelihood
from fingerprint.training.splits import draw

Bools = NDArray[np.bool_]
_CODES = ("kind", "part", "release", "known", "lab_known")
PROTOCOLS = (SAME, OTHER, UNSEEN, UNKNOWN)
# What a release or lab is given that a fold's model does not have: nats below the best, so that its share is 0.
ABSENT = 1e4


@dataclass(frozen=True)
class Recipe:
    """The space of a fold's model: `FeatureConfig.vocabulary`, and fields of `EmbeddingConfig`."""

    vocabulary: int
    directions: int
    size: int
    steps: int
    batch: int = 512

    def config(self, seed: int) -> Config:
        """Return the configuration with these numbers."""
        embedding = EmbeddingConfig(directions=self.directions, size=self.size, steps=self.steps, batch=self.batch)
        return Config(seed=seed, features=FeatureConfig(vocabulary=self.vocabulary), embedding=embedding)


@dataclass(frozen=True)
class Effort:
    """How much is spent on a model. recipe: of its space; rows: responses that it is shown of a release in a corpus;
    suspects: at most so many are asked about a protocol and number of responses in one fold."""

    recipe: Recipe
    rows: int
    cases: int


@dataclass(frozen=True)
class CaseSet:
    """S suspects. rows: the data's rows of each; kind, part: (S,) protocol and what of it; release: (S,) true one,
    code into the names; known: (S,) whether it was trained on, lab_known: (S,) any of its lab. evidence is over all
    names' releases and labs, ABSENT where the model has none."""

    rows: list[Ints]
    kind: NDArray[np.str_]
    part: NDArray[np.str_]
    release: Ints
    known: Bools
    lab_known: Bools
    evidence: Evidence
    covariates: Covariates

    def of(self, at: Bools | Ints) -> CaseSet:
        """Some suspects."""
        index = np.flatnonzero(at) if at.dtype == bool else at
        rest = {name: getattr(self, name)[at] for name in _CODES}
        return CaseSet([self.rows[i] for i in index], **rest, evidence=self.evidence.of(at),
                     covariates=self.covariates.of(at))  # fmt: skip

    @classmethod
    def joined(cls, parts: list[CaseSet]) -> CaseSet:
        """All suspects of `parts`, one after the other."""
        return cls(
            [rows for p in parts for rows in p.rows],
            **_joined(parts, _CODES),
            evidence=Evidence(**_joined([p.evidence for p in parts], _names(Evidence))),
            covariates=Covariates(**_joined([p.covariates for p in parts], _names(Covariates))),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """As plain arrays, for a file."""
        out = {name: getattr(self, name) for name in _CODES}
        out["rows"] = np.concatenate(self.rows) if self.rows else np.zeros(0, np.int64)
        out["sizes"] = np.array([len(rows) for rows in self.rows], np.int64)
        for name, part in (("evidence", self.evidence), ("circumstances", self.covariates)):
            out |= {f"{name}.{field}": getattr(part, field) for field in _names(type(part))}
        # Nobody needs the last digits of log-likelihoods, and there are many.
        return {name: v.astype(np.float32) if v.ndim == 2 else v for name, v in out.items()}

    @classmethod
    def from_arrays(cls, held: Mapping[str, np.ndarray], prefix: str = "") -> CaseSet:
        """What `arrays` gave, with a prefix before each key."""
        held = {name.removeprefix(prefix): array for name, array in held.items() if name.startswith(prefix)}
        rows = np.split(held["rows"], np.cumsum(held["sizes"])[:-1]) if len(held["sizes"]) else []
        rest = {name: held[name] for name in _CODES}
        evidence = Evidence(*(held[f"evidence.{name}"].astype(float) for name in _names(Evidence)))
        covariates = Covariates(*(held[f"circumstances.{name}"] for name in _names(Covariates)))
        return cls(rows, **rest, evidence=evidence, covariates=covariates)


@dataclass(frozen=True)
class Fitted:
    """A fold's model. rows: (k,) which of the data's rows `places` holds."""

    space: Space
    embeddings: Embeddings
    likelihood: Likelihood
    known: KnownReleases
    rows: Ints


def fit(
    data: Data, shown: Bools, asked: Bools, candidate: Bools, lab_of: Mapping[str, str], recipe: Recipe, seed: int,
) -> Fitted:  # fmt: skip
    """The model of the rows that `shown` (n,) marks, and where they and those that `asked` (n,) marks lie."""
    keep = (shown | asked) & data.filled
    some = data.sample(keep)
    use = shown[keep]
    context = TrainingContext(lab_of, {}, candidate, recipe.config(seed))
    space, embeddings = fit_space(some, use, context)
    likelihood, known = fit_likelihood(some, embeddings.rows, use, context)
    return Fitted(space, embeddings, likelihood, known, np.flatnonzero(keep))


@dataclass(frozen=True)
class Fit:
    """Fits the folds' models and asks them; called with a fold's number, in whatever process.

    extra: what else the first fold's model is asked.
    """

    data: Data
    folds: list[Fold]
    names: Names
    candidate: Bools
    lab_of: Mapping[str, str]
    effort: Effort
    extra: Callable[[Fitted, CaseSet], CaseSet]
    seed: int

    def __call__(self, fold: int) -> dict[str, np.ndarray]:
        """The arrays of what the fold was asked; the extra question's after "extra."."""
        fitted, asked = self._ask(fold)
        out = asked.arrays()
        if fold == 0:
            out |= {f"extra.{name}": held for name, held in self.extra(fitted, asked).arrays().items()}
        return out

    def _ask(self, number: int) -> tuple[Fitted, CaseSet]:
        data, fold, effort = self.data, self.folds[number], self.effort
        drawn = [
            (kind, draw_some(data.labels, (fold.kind == kind) & data.filled, effort.cases, self.seed))
            for kind in PROTOCOLS
        ]
        asked = marked(len(fold.train), (cases for _, cases in drawn))
        shown = subsample(data.labels, fold.train & data.filled, effort.rows, self.seed)
        fitted = fit(data, shown, asked, self.candidate, self.lab_of, effort.recipe, self.seed)
        parts = [question(data, fitted, self.names, cases, kind) for kind, cases in drawn if cases]
        return fitted, CaseSet.joined(parts)


def draw_some(labels: Labels, of: Bools, most: int, seed: int) -> list[Ints]:
    """Suspects of the rows that `of` (n,) marks, at most `most` of each size."""
    rng = np.random.default_rng(seed)
    drawn = draw(labels, of, SplitConfig(), seed)
    size = np.array([len(rows) for rows in drawn], np.int64)
    keep = [rng.permutation(np.flatnonzero(size == n))[:most] for n in np.unique(size)]
    return [drawn[i] for i in np.sort(np.concatenate(keep))] if keep else []


def marked(rows: int, drawn: Iterable[list[Ints]]) -> Bools:
    """(rows,) whether a row is any suspect's."""
    out = np.zeros(rows, bool)
    for cases in drawn:
        for one in cases:
            out[one] = True
    return out


def question(data: Data, fitted: Fitted, names: Names, cases: list[Ints], kind: str) -> CaseSet:
    """The evidence on suspects, each the data's rows of one release; their part is the corpus, or "several"."""
    at = np.full(len(data.full), -1)
    at[fitted.rows] = np.arange(len(fitted.rows))
    embeddings = [fitted.embeddings.rows[at[rows]] for rows in cases]
    sizes = [fitted.embeddings.size[at[rows]] for rows in cases]
    return answer(fitted.likelihood, fitted.known, names, embeddings, sizes, cases, kind, *named(data.labels, cases))


def named(labels: Labels, cases: list[Ints]) -> tuple[list[str], list[str]]:
    """The corpus of each suspect's rows, or "several corpora", and their release."""
    corpora = [np.unique(labels.corpus[rows]) for rows in cases]
    part = [labels.corpora[c[0]].label if len(c) == 1 else "several corpora" for c in corpora]
    return part, [labels.releases[labels.release[rows[0]]] for rows in cases]


def answer(
    likelihood: Likelihood, known: KnownReleases, names: Names, embeddings: list[NDArray[np.float32]], sizes: list[Ints],
    rows: list[Ints], kind: str, part: list[str], release: list[str],
) -> CaseSet:  # fmt: skip
    """The evidence on suspects of which the places of all responses, (responses, D), and their sizes are known."""
    covariates = Covariates.read(likelihood, embeddings, sizes)
    found = likelihood.evidence(np.stack([p.mean(axis=0) for p in embeddings]), covariates.count)
    code = {name: i for i, name in enumerate(names.releases)}
    true = np.array([code[name] for name in release])
    column = np.array([code[name] for name in known.names])
    lab = {name: i for i, name in enumerate(names.labs)}
    lab_column = np.array([lab[str(name)] for name in known.labs])
    low = found.known.max(axis=1, keepdims=True) - ABSENT
    absent = np.zeros_like(low) - ABSENT
    evidence = Evidence(
        _wide(found.known, column, len(names.releases), low),
        _wide(found.new, lab_column, len(names.labs), low),
        found.unknown,
        found.domain_distance,
        found.in_domain_llr,
        _wide(found.release_score, column, len(names.releases), absent),
        _wide(found.lab_score, lab_column, len(names.labs), absent),
    )
    return CaseSet(
        rows, np.full(len(rows), kind, "<U14"), np.array(part, "<U80"), true, np.isin(true, column),
        np.isin(names.lab[true], names.lab[column]), evidence, covariates,
    )  # fmt: skip


def _wide(values: Floats, column: Ints, width: int, absent: Floats) -> Floats:
    out = np.repeat(absent, width, axis=1)
    out[:, column] = values
    return out


def _names(cls: type) -> list[str]:
    return [field.name for field in fields(cls)]


def _joined(parts: Sequence[Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}


def counted(fitted: Fitted, counts: Counts) -> Embeddings:
    """Where texts lie that are not among the data's rows; counts: over all buckets."""
    vocabulary = fitted.space.vocabulary
    rows = unit_rows(counts, vocabulary.columns(), len(vocabulary.buckets), vocabulary.weights)
    return Embeddings(embed_rows(rows, fitted.space.tables), np.diff(rows.indptr).astype(np.int64))
