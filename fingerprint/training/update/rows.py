"""The responses that an update learns from, embedded by the model that is updated."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.disk_arrays import DiskArray
from fingerprint.base.keys import isin
from fingerprint.base.parallel import Progress, parallel_map
from fingerprint.config import Config
from fingerprint.data.corpus import Corpus
from fingerprint.data.registry import Registry
from fingerprint.embedding.encoder import QuantisedTable, StaticEncoder
from fingerprint.errors import InputError
from fingerprint.loading import Loaded
from fingerprint.store.folder import Stored
from fingerprint.training.data import Data
from fingerprint.training.embedding import embed, external_rows
from fingerprint.training.likelihood import releases_by_script
from fingerprint.training.regression_set import RegressionSet, leave_out
from fingerprint.training.update.added_cells import NewResponses


@dataclass(frozen=True)
class UpdateContext:
    """What every step of an update works with, beside the new responses.

    Attributes:
        stored: The model that is updated, as its folder holds it.
        model: The same model made ready.
        registry: Must know every release.
        config: Of the model, with the seed of the update's draws.
        progress: Receives (stage, done, total).
    """

    stored: Stored
    model: Loaded
    registry: Registry
    config: Config
    progress: Progress

    @property
    def training(self) -> Any:
        """`training.json` of the model."""
        return self.stored.documents["training"]

    @property
    def lab_of(self) -> dict[str, str]:
        """The lab of each release that the model knows, in the order of its codes."""
        return {entry["release"]: entry["lab"] for entry in self.model.releases}


@dataclass(frozen=True)
class Rows:
    """Responses that are learned, in full and as plain copies, and responses for the regression set.

    Attributes:
        names: The releases that the codes stand for.
        corpora: The corpora that the codes stand for.
        responses: Those that are learned.
        regression_set: Those that are not.
        corpus: All responses.
        learned: (rows,) which of the corpus are learned.
        left_out: How many responses were left out, by reason.
        scripts: That a release has enough responses in to be known.
    """

    names: list[str]
    corpora: list[str]
    responses: NewResponses
    regression_set: RegressionSet
    corpus: Corpus
    learned: NDArray[np.bool_]
    left_out: dict[str, int]
    scripts: tuple[str, ...]


class NothingToLearn(InputError):
    """The corpora are as expected, and the model can learn from no response."""


def read_rows(corpus: Corpus, context: UpdateContext, cache: Path, jobs: int) -> Rows:
    """Choose what the model learns from a corpus, and embed it.

    Args:
        corpus: The responses.
        context: The model.
        cache: The folder with the counts cache.
        jobs: Processes.

    Returns:
        The rows.

    Raises:
        NothingToLearn: The model can learn from no response.
    """
    stored, model, progress = context.stored, context.model, context.progress
    corpus, left_out = _selected(corpus, context)
    data = Data.prepare(corpus, cache / "counts", jobs, model.vocabulary.features, progress)
    counts = data.rows(model.vocabulary)
    embedding: DiskArray | NDArray[np.float32] = embed(counts, _tables(context), parallel_map(jobs))
    size = np.diff(counts.indptr).astype(np.int64)
    if context.config.embedding.encoder:
        embedding = np.hstack([embedding, external_rows(context.config.embedding.encoder, corpus, progress)])
    filled = size > 0
    known = RegressionSet.of(stored.arrays).release
    compared = {model.releases[code]["release"] for code in np.unique(known)}
    out, kept = leave_out(corpus, ~isin(corpus.release, compared), context.config.splits)
    learned = ~out & filled[data.full]
    use = np.concatenate([learned, learned[::2]]) & filled
    kept = kept[filled[kept]]
    of_scripts = releases_by_script(data, use, context.config.splits.named_responses)
    labels = data.labels.of(use)
    return Rows(
        data.labels.releases,
        [domain.label for domain in data.labels.corpora],
        NewResponses(embedding, np.flatnonzero(use), labels.release, labels.corpus),
        RegressionSet(embedding[kept], size[kept], data.labels.release[kept]),
        corpus,
        learned,
        left_out,
        tuple(script for script, releases in of_scripts.items() if releases),
    )


def _tables(context: UpdateContext) -> list[QuantisedTable]:
    """The tables of the embedding, without another encoder than the static one."""
    if context.config.embedding.encoder:
        return [context.model.projection]
    return [context.model.projection, StaticEncoder.load(context.stored.folder / "encoder").table]


def _selected(corpus: Corpus, context: UpdateContext) -> tuple[Corpus, dict[str, int]]:
    release, training, least = corpus.release, context.training, context.config.splits.named_responses
    files = {entry["sha256"] for entry in training["corpora"]}
    known_file = np.array([source.sha256 in files for source in corpus.sources])[corpus.source()]
    count = Counter(release.tolist())
    few = [name for name, size in count.items() if name not in context.lab_of and size < least]
    reasons = {
        "learned from the same file before": known_file & isin(release, training["rows"]),
        "of fine-tunes": isin(release, [n for n in count if context.registry.releases[n].kind == "finetune"]),
        f"of releases with fewer than {least} responses": isin(release, few),
    }
    left_out = {reason: int(n) for reason, n in corpus.dropped.items() if n}
    keep = np.ones(len(release), bool)
    for reason, out in reasons.items():
        if (keep & out).any():
            left_out[reason] = int((keep & out).sum())
        keep &= ~out
    if not keep.any():
        why = "; ".join(f"{n} {reason}" for reason, n in left_out.items())
        names = ", ".join(source.name for source in corpus.sources)
        raise NothingToLearn(names, f"no response that this model could learn ({why})")
    return corpus.of(keep), left_out
