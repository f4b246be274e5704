"""What an evaluation stands on: the sampled rows, their names, and which of them the model was trained on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.evaluate.answers import Names
from fingerprint.evaluate.folds import Bools, thinned
from fingerprint.records.corpus import Corpus, read_corpora
from fingerprint.records.registry import Registry, Release
from fingerprint.train.data import Data, Labels, Report


@dataclass(frozen=True)
class Ground:
    """corpus: the sampled rows; data: their features; learned: (n,) rows of corpora that the model was trained on, of
    which folds are made. candidate, released: (releases,) of data's releases. rows: (R,) learned ones by release."""

    corpus: Corpus
    data: Data
    learned: Bools
    names: Names
    candidate: Bools
    lab_of: dict[str, str]
    groups: dict[str, frozenset[str]]
    released: NDArray[np.str_]
    rows: NDArray[np.int64]


def survey(
    paths: list[Path], registry: Registry, training: dict[str, Any], releases: list[str], most: int, seed: int,
    cache: Path, jobs: int, progress: Report,
) -> Ground:  # fmt: skip
    """Reads the corpora and takes at most `most` rows of each release in each corpus; fine-tunes are left out.

    training: the model's record of what it was trained on; releases: those that it knows.
    """
    whole = read_corpora(paths, registry)
    entry = {name: registry.releases[name] for name in np.unique(whole.release.astype(str))}
    wanted = np.array([entry[name].kind != "finetune" for name in whole.release])
    release, corpus = (np.unique(v.astype(str), return_inverse=True) for v in (whole.release, whole.corpus))
    labels = Labels(release[1], release[1], corpus[1], release[0].tolist(), corpus[0].tolist())
    some = whole.of(thinned(labels, wanted, most, seed))
    data = Data.prepare(some, some.release, some.prompt, some.corpus, cache / "counts", jobs, progress)
    hashes = {c["sha256"] for c in training["corpora"]}
    from_model = np.array([s.sha256 in hashes for s in some.sources])[some.source()]
    learned = np.concatenate([from_model, from_model[::2]]) & data.filled
    names = _names(registry, sorted({*data.labels.releases, *releases}))
    count = Counter(some.release[from_model].tolist())
    return Ground(
        some,
        data,
        learned,
        names,
        np.ones(len(data.labels.releases), bool),
        {name: registry.releases[name].lab for name in data.labels.releases},
        {name: registry.group(name) for name in data.labels.releases},
        np.array([registry.releases[name].released for name in data.labels.releases]),
        np.array([count[name] for name in names.releases]),
    )


def _names(registry: Registry, releases: list[str]) -> Names:
    entries = [registry.releases[name] for name in releases]
    owners: dict[str, set[str]] = {}
    for e in entries:
        owners.setdefault(e.family, set()).add(e.lab)

    def family(e: Release) -> str:
        return e.family if len(owners[e.family]) == 1 else f"{e.family} ({e.lab})"

    labs, lab = np.unique([e.lab for e in entries], return_inverse=True)
    families, code = np.unique([family(e) for e in entries], return_inverse=True)
    group = np.unique([min(registry.group(name)) for name in releases], return_inverse=True)[1]
    return Names(labs.tolist(), families.tolist(), releases, lab, code, group)
