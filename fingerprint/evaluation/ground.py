"""What an evaluation stands on: the sampled rows, their names, and which of them the model was trained on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize, isin
from fingerprint.base.parallel import Progress
from fingerprint.config import FeatureConfig
from fingerprint.data.corpus import Corpus, read_corpora
from fingerprint.data.registry import Registry, Release
from fingerprint.evaluation.folds import subsample
from fingerprint.evaluation.predictions import Names
from fingerprint.training.data import Data, Domain, Labels


@dataclass(frozen=True)
class Ground:
    """corpus: the sampled rows of corpora that the model was trained on, of which folds are made, and data: their
    features, None where there are none; foreign: the rows of all other corpora. released: (releases,) of data's
    releases, YYYY-MM or empty. rows: (R,) of `corpus` by release of `names`."""

    corpus: Corpus
    data: Data | None
    foreign: Corpus
    names: Names
    lab_of: dict[str, str]
    groups: dict[str, frozenset[str]]
    released: NDArray[np.str_]
    rows: NDArray[np.int64]


def survey(
    paths: list[Path], registry: Registry, training: dict[str, Any], releases: list[str], most: int, seed: int,
    cache: Path, jobs: int, progress: Progress,
) -> Ground:  # fmt: skip
    """Reads the corpora and takes at most `most` rows of each release in each corpus; fine-tunes are left out.

    training: the model's record of what it was trained on; releases: those that it knows.
    """
    whole = read_corpora(paths, registry)
    finetunes = [name for name in set(whole.release) if registry.releases[name].kind == "finetune"]
    wanted = ~isin(whole.release, finetunes)
    some = whole.of(subsample(labels_of(whole), wanted, most, seed))
    hashes = {c["sha256"] for c in training["corpora"]}
    learned = np.array([s.sha256 in hashes for s in some.sources])[some.source()]
    corpus, foreign = some.of(learned), some.of(~learned)
    data = None
    if len(corpus):
        data = Data.prepare(corpus, cache / "counts", jobs, FeatureConfig(), progress)
    own = data.labels.releases if data else []
    names = _names(registry, sorted({*some.release.tolist(), *releases}))
    count = Counter(corpus.release.tolist())
    return Ground(
        corpus,
        data,
        foreign,
        names,
        {name: registry.releases[name].lab for name in own},
        {name: registry.group(name) for name in own},
        np.array([registry.releases[name].released for name in own]),
        np.array([count[name] for name in names.releases]),
    )


def labels_of(corpus: Corpus) -> Labels:
    """Releases and corpora of the rows, which have no prompts here."""
    (releases, release), (corpora, of) = factorize(corpus.release), factorize(corpus.corpus)
    return Labels(release, np.full(len(corpus), -1), of, releases, [Domain(name) for name in corpora])


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
