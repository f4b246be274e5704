"""Asks a model about what it was not shown: suspects with their evidence, and how often it was right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.disk_arrays import DiskArray
from fingerprint.base.parallel import MapFunction
from fingerprint.errors import FingerprintError
from fingerprint.model.calibration import Calibration
from fingerprint.model.calibration_fit import CalibrationCases
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import words
from fingerprint.model.likelihood import Evidence, Likelihood
from fingerprint.model.plda import Cells, Plda
from fingerprint.model.verdict import ATTRIBUTIONS, FALSE_ATTRIBUTIONS
from fingerprint.training.data import Data, Ints
from fingerprint.training.embedding import Embeddings
from fingerprint.training.linear_classifiers import fit_classifiers
from fingerprint.training.splits import CalibrationSplit, draw

# What users are taken to bring, of twenty suspects: seventeen known releases on ordinary prompts, two on foreign
# ground, one that nobody has seen. It is an assumption, and the model card says so.
SHARES = {"same": 0.85, "other": 0.10, "unseen": 0.035, "unknown": 0.015}
FEWEST_ROWS = 10


class Known:
    """The releases a hierarchy can name: `names` (R,), `lab` (R,) codes into `labs`."""

    def __init__(self, names: list[str], lab_of: Mapping[str, str]):
        self.names = names
        self.labs, code = np.unique([lab_of[name] for name in names], return_inverse=True)
        self.lab: Ints = code


def nameable(data: Data, use: NDArray[np.bool_], candidate: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(releases,) the candidates with enough rows among those that `use` (n,) marks.

    Raises FingerprintError where these are fewer than two.
    """
    size = np.bincount(data.labels.release[use & data.full], minlength=len(data.labels.releases))
    named = candidate & (size >= FEWEST_ROWS)
    if named.sum() < 2:
        raise FingerprintError(
            f"fewer than two releases have the {FEWEST_ROWS} responses that it takes to name one, beside what the "
            "first model is not shown, to calibrate on: give more responses of each"
        )
    return np.asarray(named)


def fit_likelihood(
    data: Data, embedding: NDArray[np.float32] | DiskArray, use: NDArray[np.bool_], candidate: NDArray[np.bool_],
    lab_of: Mapping[str, str], seed: int, map_function: MapFunction = starmap,
) -> tuple[Likelihood, Known]:  # fmt: skip
    """The hierarchy and heads of the candidates with enough rows among those that `use` (n,) marks.
    over: does the sums."""
    labels = data.labels
    named = nameable(data, use, candidate)
    known = Known([name for name, ok in zip(labels.releases, named, strict=True) if ok], lab_of)
    of = use & named[labels.release]
    code = np.cumsum(named) - 1
    corpus = np.unique(labels.corpus[of], return_inverse=True)[1]
    at, release = np.flatnonzero(of), code[labels.release[of]]
    plda = Plda.fit(Cells.of(embedding, release, corpus, at, map_function), known.lab)
    return Likelihood(plda, fit_classifiers(plda, embedding, release, seed, at)), known


def ask(
    data: Data, embeddings: Embeddings, likelihood: Likelihood, known: Known, held: CalibrationSplit,
    candidate: NDArray[np.bool_], lab_of: Mapping[str, str], seed: int,
) -> tuple[CalibrationCases, NDArray[np.str_]]:  # fmt: skip
    """Suspects of all kinds with evidence and truth, weighted by SHARES, and the kind of each."""
    labels = data.labels
    asked = data.full & candidate[labels.release]
    rows: list[Ints] = []
    kinds: list[str] = []
    for kind in SHARES:
        drawn = draw(labels.release, labels.corpus, asked & (held.kind == kind), seed)
        rows += drawn
        kinds += [kind] * len(drawn)
    names = [labels.releases[labels.release[r[0]]] for r in rows]
    release_code = {name: i for i, name in enumerate(known.names)}
    lab_code = {str(name): i for i, name in enumerate(known.labs)}
    responses = [embeddings.rows[r] for r in rows]
    covariates = Covariates.read(likelihood, responses, [embeddings.size[r] for r in rows])
    count = covariates.count
    evidence = likelihood.evidence(np.stack([r.mean(axis=0) for r in responses]), count)
    lab = np.array([lab_code.get(lab_of[name], -1) for name in names])
    release = np.array([release_code.get(name, -1) for name in names])
    return weighed(evidence, covariates, lab, release, np.array(kinds)), np.array(kinds)


def weighed(
    evidence: Evidence, covariates: Covariates, lab: Ints, release: Ints, kind: NDArray[np.str_]
) -> CalibrationCases:
    """Suspects that count by SHARES. lab, release, kind: (S,) as in `Suspects` and SHARES."""
    share = _shared(kind, covariates.count, np.ones(len(lab)))
    size = np.unique(lab, return_inverse=True, return_counts=True)
    # Between a suspect and a lab counting the same: else small labs are never named, or large ones too seldom.
    weight = _shared(kind, covariates.count, 1 / np.sqrt(size[2][size[1]]))
    return CalibrationCases(evidence, covariates, lab, release, kind == "same", weight, share)


def _shared(kind: NDArray[np.str_], count: Ints, within: NDArray[np.float64]) -> NDArray[np.float64]:
    """(S,) weights with the sums of SHARES, the same for every number of responses, and `within` that as given."""
    out = np.zeros(len(count))
    for name, share in SHARES.items():
        for n in np.unique(count[kind == name]):
            at = (kind == name) & (count == n)
            out[at] = share / len(np.unique(count[kind == name])) * within[at] / within[at].sum()
    return np.asarray(out / out.sum())


def scores(
    cases: CalibrationCases, kind: NDArray[np.str_], known: Known, calibration: Calibration
) -> list[dict[str, Any]]:
    """For each kind and number of responses: suspects, lab top-1, its mean over labs, release top-1, and what is
    claimed at a rate of 5 % false claims over all kinds, and how often that is wrong for this kind."""
    count = cases.covariates.count
    found = calibration.predict(cases.evidence, cases.covariates, known.lab)
    right = found.labs().argmax(axis=1) == cases.lab
    said = words(found, cases.evidence, cases.covariates, calibration, FALSE_ATTRIBUTIONS)
    attributed = np.isin(said, ATTRIBUTIONS)
    named = found.release.argmax(axis=1) == cases.release
    out = []
    for name in SHARES:
        for n in np.unique(count):
            at = (kind == name) & (count == n)
            of_known = at & (cases.lab >= 0)
            by_lab: dict[int, list[bool]] = defaultdict(list)
            for code, ok in zip(cases.lab[of_known], right[of_known], strict=True):
                by_lab[int(code)].append(bool(ok))
            with_release = at & (cases.release >= 0)
            out.append(
                {
                    "held out": name,
                    "responses": int(n),
                    "suspects": int(at.sum()),
                    "lab top-1": _mean(right[of_known]),
                    "lab macro": _mean([np.mean(v) for v in by_lab.values()]),
                    "release top-1": _mean(named[with_release]),
                    "mean P(unknown)": _mean(found.unknown[at]),
                    "claimed": _mean(attributed[at]),
                    "false claims": _mean(~right[at & attributed]),
                }
            )
    return out


def _mean(values: Any) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None
