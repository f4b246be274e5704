"""Test cases: sets of responses with a known author, and the evidence of a model about each set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize
from fingerprint.config import Config
from fingerprint.data.registry import Registry
from fingerprint.metrics.predictions import Bools, ClassNames, Ints, Objects
from fingerprint.model.covariates import Covariates, read_cases
from fingerprint.model.likelihood import Evidence, Likelihood
from fingerprint.model.plda import Floats
from fingerprint.training.data import Labels, few_of_each
from fingerprint.training.embedding import Embeddings
from fingerprint.training.likelihood import KnownReleases
from fingerprint.training.splits import CaseKind, draw

SEVERAL = "several corpora"
"""The part of a case whose responses come from more than one corpus."""


# How far below the best class, in nats, a class is put that the model does not know. Its probability is then 0 even in
# double precision (exp(-745) is the least above 0) with the lowest inverse temperatures that a calibration has.
_ABSENT = 1e4


@dataclass(frozen=True)
class CaseSet:
    """S test cases and the evidence of a model about them.

    Attributes:
        rows: The rows of the data in each case.
        kind: (S,) of CaseKind, what is left out for the case.
        part: (S,) of str, what the case belongs to within its protocol.
        release: (S,) the true release, an index into `ClassNames.releases`.
        known: (S,) whether the model was trained on the release.
        lab_known: (S,) whether the model was trained on any release of the lab.
        evidence: Over the releases and labs of `ClassNames`; those that the model does not know have none.
        covariates: Quality measures of the cases.
    """

    rows: list[Ints]
    kind: Objects
    part: Objects
    release: Ints
    known: Bools
    lab_known: Bools
    evidence: Evidence
    covariates: Covariates

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def known_releases(self) -> Bools:
        """(S, R) the releases that the model of each case knows."""
        return np.asarray(self.evidence.release_score > -_ABSENT / 2)

    def of(self, at: Bools | Ints) -> CaseSet:
        """Return some of the cases."""
        index = np.flatnonzero(at) if at.dtype == bool else at
        rest = {name: getattr(self, name)[at] for name in _PLAIN}
        evidence, covariates = self.evidence.of(at), self.covariates.of(at)
        return CaseSet([self.rows[i] for i in index], **rest, evidence=evidence, covariates=covariates)

    @classmethod
    def joined(cls, parts: Sequence[CaseSet]) -> CaseSet:
        """Return the cases of all parts, one part after the other."""
        return cls(
            [rows for part in parts for rows in part.rows],
            **_joined(parts, _PLAIN),
            evidence=Evidence(**_joined([part.evidence for part in parts], _names(Evidence))),
            covariates=Covariates(**_joined([part.covariates for part in parts], _names(Covariates))),
        )

    def arrays(self) -> dict[str, NDArray]:
        """Return everything as arrays, in the form that `from_arrays` reads."""
        out: dict[str, NDArray] = {name: getattr(self, name) for name in _PLAIN}
        out["rows"] = np.concatenate(self.rows) if self.rows else np.zeros(0, np.int64)
        out["sizes"] = np.array([len(rows) for rows in self.rows], np.int64)
        for name, part in (("evidence", self.evidence), ("covariates", self.covariates)):
            out |= {f"{name}.{field}": getattr(part, field) for field in _names(type(part))}
        # Nobody needs the last digits of log-likelihoods, and there are many.
        return {name: array.astype(np.float32) if array.ndim == 2 else array for name, array in out.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> CaseSet:
        """Return the cases whose `arrays` these are."""
        rows = np.split(arrays["rows"], np.cumsum(arrays["sizes"])[:-1]) if len(arrays["sizes"]) else []
        rest = {name: arrays[name] for name in _PLAIN}
        evidence = Evidence(*(arrays[f"evidence.{name}"].astype(float) for name in _names(Evidence)))
        covariates = Covariates(*(arrays[f"covariates.{name}"] for name in _names(Covariates)))
        return cls(rows, **rest, evidence=evidence, covariates=covariates)


_PLAIN = ("kind", "part", "release", "known", "lab_known")


def _names(cls: type) -> list[str]:
    return [field.name for field in fields(cls)]


def _joined(parts: Sequence[Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}


def class_names(registry: Registry, releases: list[str]) -> ClassNames:
    """Look up the labs, families and groups of releases; a family name that two labs use gets the lab's beside it."""
    entries = [registry.releases[name] for name in releases]
    owners = defaultdict(set)
    for entry in entries:
        owners[entry.family].add(entry.lab)
    labs, lab = factorize([entry.lab for entry in entries])
    families, family = factorize([e.family if len(owners[e.family]) == 1 else f"{e.family} ({e.lab})" for e in entries])
    group = factorize([min(registry.group(name)) for name in releases])[1]
    return ClassNames(labs, families, releases, lab, family, group)


@dataclass(frozen=True)
class Questions:
    """S sets of responses that a model has not predicted yet.

    Attributes:
        rows: The rows of the data in each set.
        kind: What is left out for all of them.
        part: What each belongs to within its protocol.
        release: The true release of each, by name.
    """

    rows: list[Ints]
    kind: CaseKind
    part: list[str]
    release: list[str]

    @classmethod
    def of(cls, labels: Labels, rows: list[Ints], kind: CaseKind) -> Questions:
        """Return sets of rows that are each of one release; the part of a set is its corpus, or SEVERAL."""
        corpora = [np.unique(labels.corpus[some]) for some in rows]
        part = [labels.corpora[c[0]].label if len(c) == 1 else SEVERAL for c in corpora]
        return cls(rows, kind, part, [labels.releases[labels.release[some[0]]] for some in rows])

    def within(self, part: str) -> Questions:
        """Return the same sets as one part of their protocol."""
        return replace(self, part=[part] * len(self.rows))


def collect_evidence(
    likelihood: Likelihood,
    known: KnownReleases,
    names: ClassNames,
    questions: Questions,
    rows: Ints,
    embeddings: Embeddings,
) -> CaseSet:
    """Compute the evidence of a model about test cases.

    Args:
        likelihood: The model's.
        known: The releases and labs that the model knows.
        names: The classes of the evidence.
        questions: S sets of responses.
        rows: (k,) sorted, the rows whose embeddings are given.
        embeddings: (k, D) of these rows.

    Returns:
        The S cases.
    """
    at = [np.searchsorted(rows, some) for some in questions.rows]
    vectors, sizes = [embeddings.rows[i] for i in at], [embeddings.size[i] for i in at]
    known_script = None if embeddings.known_script is None else [embeddings.known_script[i] for i in at]
    found, covariates = read_cases(likelihood, vectors, sizes, known_script)
    code = {name: i for i, name in enumerate(names.releases)}
    lab_code = {name: i for i, name in enumerate(names.labs)}
    true = np.array([code[name] for name in questions.release])
    column = np.array([code[name] for name in known.names])
    lab_column = np.array([lab_code[name] for name in known.labs])
    low = found.known.max(axis=1, keepdims=True) - _ABSENT
    no_score = np.full_like(low, -_ABSENT)
    evidence = replace(
        found,
        known=_widened(found.known, column, len(names.releases), low),
        new=_widened(found.new, lab_column, len(names.labs), low),
        release_score=_widened(found.release_score, column, len(names.releases), no_score),
        lab_score=_widened(found.lab_score, lab_column, len(names.labs), no_score),
        votes=_widened(found.votes, lab_column, len(names.labs), no_score),
    )
    return CaseSet(
        questions.rows,
        np.full(len(true), questions.kind, object),
        np.array(questions.part, object),
        true,
        np.isin(true, column),
        np.isin(names.lab[true], names.lab[column]),
        evidence,
        covariates,
    )


def _widened(values: Floats, column: Ints, width: int, absent: Floats) -> Floats:
    """(S, width) with `values` in some columns and `absent` (S, 1) in all others."""
    out = np.repeat(absent, width, axis=1)
    out[:, column] = values
    return out


def draw_cases(labels: Labels, of: Bools, most: int, config: Config) -> list[Ints]:
    """Draw sets of rows, each of one release.

    Args:
        labels: Of n rows.
        of: (n,) the rows to draw from.
        most: Sets of each number of responses.
        config: The seed, and the numbers of responses.

    Returns:
        The rows of each set.
    """
    rng = np.random.default_rng(config.seed)
    drawn = draw(labels, of, config.splits, config.seed)
    size = np.array([len(rows) for rows in drawn], np.int64)
    keep = [rng.permutation(np.flatnonzero(size == n))[:most] for n in np.unique(size)]
    return [drawn[i] for i in np.sort(np.concatenate(keep))] if keep else []


def draw_by_kind(labels: Labels, of: Mapping[CaseKind, Bools], most: int, config: Config) -> dict[CaseKind, list[Ints]]:
    """Draw sets of the rows (n,) that `of` marks for each kind, in the order of CaseKind; see `draw_cases`."""
    return {kind: draw_cases(labels, of[kind], most, config) for kind in CaseKind}


def in_any(rows: int, cases: Iterable[Ints]) -> Bools:
    """Return (rows,) whether a row is in any case."""
    out = np.zeros(rows, bool)
    for one in cases:
        out[one] = True
    return out


def subsample(labels: Labels, of: Bools, most: int, seed: int) -> Bools:
    """Draw at most `most` rows of each release in each corpus.

    Args:
        labels: Of n rows.
        of: (n,) the rows to draw from.
        most: Rows of a release in a corpus.
        seed: Decides the draw.

    Returns:
        (n,) the drawn rows.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(of)
    out = np.zeros(len(of), bool)
    out[rows[few_of_each(labels.release[rows] * len(labels.corpora) + labels.corpus[rows], most, rng)]] = True
    return out
