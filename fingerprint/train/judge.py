"""Asks a model about what it was not shown: suspects with their evidence, and how often it was right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.train.data import Data, Ints
from fingerprint.train.holdout import Holdout, draw
from fingerprint.verdict.calibration import Calibration
from fingerprint.verdict.evidence import Likelihood
from fingerprint.verdict.fit import Suspects
from fingerprint.verdict.hierarchy import Cells, Hierarchy
from fingerprint.verdict.posterior import posterior

# What users bring: mostly known releases, often other prompts than ours, sometimes what nobody has seen.
SHARES = {"same": 0.55, "other": 0.20, "unseen": 0.15, "unknown": 0.10}
FEWEST_ROWS = 10


class Known:
    """The releases a hierarchy can name: `names` (R,), `lab` (R,) codes into `labs`."""

    def __init__(self, names: list[str], lab_of: Mapping[str, str]):
        self.names = names
        self.labs, code = np.unique([lab_of[name] for name in names], return_inverse=True)
        self.lab: Ints = code


def fit_hierarchy(
    data: Data, place: NDArray[np.float32], use: NDArray[np.bool_], candidate: NDArray[np.bool_],
    lab_of: Mapping[str, str],
) -> tuple[Hierarchy, Known]:  # fmt: skip
    """The hierarchy of the candidates with enough rows among those that `use` (n,) marks."""
    labels = data.labels
    size = np.bincount(labels.release[use & data.full], minlength=len(labels.releases))
    named = candidate & (size >= FEWEST_ROWS)
    known = Known([name for name, ok in zip(labels.releases, named, strict=True) if ok], lab_of)
    of = use & named[labels.release]
    code = np.cumsum(named) - 1
    corpus = np.unique(labels.corpus[of], return_inverse=True)[1]
    return Hierarchy.fit(Cells.of(place[of], code[labels.release[of]], corpus), known.lab), known


def ask(
    data: Data, place: NDArray[np.float32], hierarchy: Hierarchy, known: Known, held: Holdout,
    candidate: NDArray[np.bool_], lab_of: Mapping[str, str], seed: int,
) -> tuple[Suspects, NDArray[np.str_]]:  # fmt: skip
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
    count = np.array([len(r) for r in rows])
    mean = np.stack([place[r].mean(axis=0) for r in rows])
    evidence = Likelihood(hierarchy).evidence(mean, count)
    kind_of = np.array(kinds)
    lab = np.array([lab_code.get(lab_of[name], -1) for name in names])
    release = np.array([release_code.get(name, -1) for name in names])
    weight = np.zeros(len(rows))
    for kind, share in SHARES.items():
        weight[kind_of == kind] = share / max((kind_of == kind).sum(), 1)
    weight *= _balanced(lab, count)
    return Suspects(evidence, lab, release, count, weight / weight.sum()), kind_of


def _balanced(lab: Ints, count: Ints) -> NDArray[np.float64]:
    """Every lab and every number of responses counts the same, whatever its suspects."""
    of_lab = np.unique(lab, return_inverse=True, return_counts=True)
    of_count = np.unique(count, return_inverse=True, return_counts=True)
    return np.asarray(1 / of_lab[2][of_lab[1]] / of_count[2][of_count[1]])


def scores(suspects: Suspects, kind: NDArray[np.str_], known: Known, calibration: Calibration) -> list[dict[str, Any]]:
    """For each kind and number of responses: suspects, lab top-1, its mean over labs, release top-1."""
    found = posterior(calibration.values(), suspects.evidence, suspects.count, known.lab)
    right = found.labs().argmax(axis=1) == suspects.lab
    named = found.release.argmax(axis=1) == suspects.release
    out = []
    for name in SHARES:
        for n in np.unique(suspects.count):
            at = (kind == name) & (suspects.count == n)
            of_known = at & (suspects.lab >= 0)
            by_lab: dict[int, list[bool]] = defaultdict(list)
            for code, ok in zip(suspects.lab[of_known], right[of_known], strict=True):
                by_lab[int(code)].append(bool(ok))
            with_release = at & (suspects.release >= 0)
            out.append(
                {
                    "held out": name,
                    "responses": int(n),
                    "suspects": int(at.sum()),
                    "lab top-1": _mean(right[of_known]),
                    "lab macro": _mean([np.mean(v) for v in by_lab.values()]),
                    "release top-1": _mean(named[with_release]),
                    "mean P(unknown)": _mean(found.unknown[at]),
                }
            )
    return out


def _mean(values: Any) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None
