"""The responses that an update learns from, as places in the model's space."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.disk_arrays import DiskArray
from fingerprint.base.factorize import isin
from fingerprint.base.parallel import parallel_map
from fingerprint.data.corpus import Corpus
from fingerprint.data.registry import Registry
from fingerprint.embedding.quantised import QuantisedTable
from fingerprint.embedding.static_encoder import StaticEncoder
from fingerprint.errors import InputError
from fingerprint.loading import Loaded
from fingerprint.model.plda import Ints
from fingerprint.store.folder import Stored
from fingerprint.training.calibration_cases import FEWEST_ROWS
from fingerprint.training.data import Data, Report
from fingerprint.training.embedding import embed
from fingerprint.training.regression_set import RegressionSet, hold_back
from fingerprint.training.run import foreign_rows


@dataclass(frozen=True)
class Rows:
    """n responses, in full and in plain form, that are learned from, and m that are held back.

    names: releases; corpora: names. at: (n,) which rows of `place`, D wide; release, corpus: (n,) codes into the names.
    kept: with codes into `names`. given: the responses as given; learned: (rows,) which of them are learned from.
    left_out: rows by the reason why not.
    """

    names: list[str]
    corpora: list[str]
    embedding: NDArray[np.float32] | DiskArray
    at: Ints
    release: Ints
    corpus: Ints
    kept: RegressionSet
    given: Corpus
    learned: NDArray[np.bool_]
    left_out: dict[str, int]


def learn_from(
    corpus: Corpus, registry: Registry, loaded: Loaded, stored: Stored, cache: Path, jobs: int, progress: Report
) -> Rows:
    """Raises InputError where the corpus has nothing that the model could learn."""
    corpus, left_out = _wanted(corpus, registry, loaded, stored)
    data = Data.prepare(corpus, corpus.release, corpus.prompt, corpus.corpus, cache / "counts", jobs, progress)
    counted = data.rows(loaded.vocabulary)
    embedding: DiskArray | NDArray[np.float32] = embed(counted, tables(loaded, stored), parallel_map(jobs))
    size = np.diff(counted.indptr).astype(np.int64)
    if stored.documents["training"]["encoder"]:
        embedding = np.hstack([embedding, foreign_rows(stored.documents["training"]["encoder"], corpus, progress)])
    filled = size > 0
    held_before = np.unique(RegressionSet.of(stored.arrays).release)
    judged = {loaded.releases[code]["release"] for code in held_before}
    back, kept = hold_back(corpus, ~isin(corpus.release, judged))
    learned = ~back & filled[data.full]
    use = np.concatenate([learned, learned[::2]]) & filled
    kept = kept[filled[kept]]
    names, labels = data.labels.releases, data.labels.of(use)
    held = RegressionSet(embedding[kept], size[kept], data.labels.release[kept])
    return Rows(
        names, data.labels.corpora, embedding, np.flatnonzero(use), labels.release, labels.corpus, held, corpus, learned,
        left_out,
    )  # fmt: skip


def tables(loaded: Loaded, stored: Stored) -> list[QuantisedTable]:
    """Of the parts of a place, but for an encoder that is not the model's own."""
    own = [] if stored.documents["training"]["encoder"] else [StaticEncoder.load(stored.folder / "encoder").table]
    return [loaded.projection, *own]


def _wanted(corpus: Corpus, registry: Registry, loaded: Loaded, stored: Stored) -> tuple[Corpus, dict[str, int]]:
    release = corpus.release
    training = stored.documents["training"]
    known = {entry["release"] for entry in loaded.releases}
    before = {c["sha256"] for c in training["corpora"]}
    seen = np.array([source.sha256 in before for source in corpus.sources])[corpus.source()]
    count = Counter(release.tolist())
    reasons = {
        "learned from the same file before": seen & isin(release, training["rows"]),
        "of fine-tuned releases": isin(release, [n for n in count if registry.releases[n].kind == "finetune"]),
        f"of releases with fewer than {FEWEST_ROWS} responses": isin(
            release, [n for n, many in count.items() if n not in known and many < FEWEST_ROWS]
        ),
    }
    left_out = {reason: int(n) for reason, n in corpus.dropped.items() if n}
    keep = np.ones(len(release), bool)
    for reason, out in reasons.items():
        if (keep & out).any():
            left_out[reason] = int((keep & out).sum())
        keep &= ~out
    if not keep.any():
        why = "; ".join(f"{n} {reason}" for reason, n in left_out.items())
        raise InputError(", ".join(s.name for s in corpus.sources), f"no response that this model could learn ({why})")
    return corpus.of(keep), left_out
