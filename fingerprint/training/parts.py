"""The parts of a model folder that the corpora give beside the fits: labels, profiles, side evidence, lineage."""

from __future__ import annotations

import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import __version__
from fingerprint.base.files import data_dir
from fingerprint.base.keys import digest
from fingerprint.base.parallel import Progress
from fingerprint.config import StyleMarkerConfig
from fingerprint.data.corpus import Corpus, Source
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError
from fingerprint.features import style_markers
from fingerprint.model.likelihood import Likelihood
from fingerprint.side.evidence import SideTables
from fingerprint.side.self_identification import StatementRates
from fingerprint.side.token_counts import FEWEST, group_by_tokenizer, one_count_each
from fingerprint.training.embedding import Space

# Texts that are in memory at a time.
_BLOCK = 2_000
_NOTHING = SideTables((), None)
# Nothing tells rows without a prompt apart.
_NO_PROMPT = digest("")


def space_arrays(space: Space) -> dict[str, NDArray[Any]]:
    """Return the arrays of the vocabulary and the projection; the encoder has files of its own."""
    return {
        "vocabulary_buckets": space.vocabulary.buckets,
        "vocabulary_weights": space.vocabulary.weights,
        "projection_codes": space.projection.codes,
        "projection_scale": space.projection.scale,
    }


def likelihood_arrays(likelihood: Likelihood) -> dict[str, NDArray[Any]]:
    """Return the arrays of PLDA and the linear classifiers.

    Raises:
        FingerprintError: For a likelihood without linear classifiers.
    """
    plda, classifiers = likelihood.plda, likelihood.classifiers
    if classifiers is None:
        raise FingerprintError("a model needs linear classifiers: this likelihood has PLDA alone")
    return {
        "release_classifier": classifiers.release.astype(np.float16),
        "release_classifier_bias": classifiers.release_bias.astype(np.float32),
        "lab_classifier": classifiers.lab.astype(np.float16),
        "lab_classifier_bias": classifiers.lab_bias.astype(np.float32),
        "plda_centre": plda.centre.astype(np.float32),
        "plda_basis": plda.basis.astype(np.float32),
        "cell_mean": plda.cell_mean.astype(np.float16),
        "cell_count": plda.cell_count.astype(np.int32),
        "cell_release": plda.cell_release.astype(np.int32),
        "cell_corpus": plda.cell_corpus.astype(np.int32),
        "corpus_mean": plda.corpus_mean.astype(np.float32),
        "within_variance": plda.within.astype(np.float32),
        "session_variance": plda.session.astype(np.float32),
        "domain_variance": plda.domain.astype(np.float32),
        "between_labs_variance": plda.between_labs.astype(np.float32),
        "between_releases_variance": plda.between_releases.astype(np.float32),
        "release_lab": plda.lab.astype(np.int32),
        "corpus_in_domain": plda.in_domain,
        "corpus_spread": plda.corpus_spread.astype(np.float32),
    }


def profile_arrays(
    corpus: Corpus, keep: NDArray[np.bool_], names: Sequence[str], config: StyleMarkerConfig, progress: Progress
) -> dict[str, NDArray[Any]]:
    """Measure the style-marker profile of each release on some of its responses.

    Args:
        corpus: The responses.
        keep: (rows,) which of them may be used.
        names: (R,) releases.
        config: On how many responses of a release.
        progress: Receives (stage, done, total).

    Returns:
        The arrays of the mean and the variance, both (R, markers), of the logarithm of 1 plus each marker's rate.
    """
    # A sample of its own, whatever else is drawn: profiles take no part in a verdict.
    rng = np.random.default_rng(0)
    mean = np.zeros((len(names), len(style_markers.NAMES)), np.float32)
    variance = np.zeros_like(mean)
    for i, name in enumerate(names):
        rows = np.flatnonzero(keep & (corpus.release == name))
        rows = np.sort(rng.choice(rows, min(config.responses, len(rows)), replace=False))
        rates = np.log1p(style_markers.measure(corpus.of(rows).texts(0, len(rows))))
        mean[i], variance[i] = rates.mean(axis=0), rates.var(axis=0)
        progress("style markers", i + 1, len(names))
    return {"style_marker_mean": mean, "style_marker_variance": variance}


def labels(
    names: Sequence[str], labs: Sequence[str], corpora: Sequence[str], scripts: Sequence[str], registry: Registry
) -> dict[str, Any]:
    """Return `labels.json`: what the codes of releases, labs and corpora stand for.

    Args:
        names: (R,) releases, which the registry must know.
        labs: (L,) labs.
        corpora: (C,) corpora.
        scripts: The known scripts.
        registry: What else is known about the releases.

    Returns:
        JSON values.
    """
    entries = [registry.releases[name] for name in names]
    return {
        "labs": list(labs),
        "releases": [
            {"release": e.release, "lab": e.lab, "family": e.family, "line": e.line, "released": e.released}
            for e in entries
        ],
        "corpora": list(corpora),
        "style_markers": list(style_markers.NAMES),
        "style_marker_units": list(style_markers.UNITS),
        "scripts": list(scripts),
    }


def learn_side(
    corpus: Corpus,
    keep: NDArray[np.bool_],
    lab_of: Mapping[str, str],
    progress: Progress,
    before: SideTables = _NOTHING,
    named_before: Collection[str] = (),
) -> SideTables:
    """Learn the tables of side evidence: token counts, and what models call themselves.

    Nothing is learned about a release without any row that may be used, whatever else was asked of it.

    Args:
        corpus: The responses, and what was asked beside them.
        keep: (rows,) which of them may be used.
        lab_of: The lab of each release that is its lab's own.
        progress: Receives (stage, done, total).
        before: What was learned from other corpora; everything is added to it.
        named_before: Releases whose self-identifications are in `before`. They are there as a share of a sum, to
            which no more responses of theirs can be added.

    Returns:
        The tables.
    """
    allowed = set(corpus.release[keep].tolist())
    fresh = allowed.difference(named_before) if before.names else allowed
    counted: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row in corpus.counted:
        if row.release in allowed and row.release in lab_of and row.digest != _NO_PROMPT:
            counted[row.release].append((row.system, row.digest, row.tokens))
    found = {name: one_count_each(rows) for name, rows in counted.items()}
    tokenizers = group_by_tokenizer(
        {name: counts for name, counts in found.items() if len(counts) >= FEWEST}, lab_of, before.tokenizers
    )
    rows = ((name, lab_of.get(name), text) for name, text in _texts(corpus, keep, progress) if name in fresh)
    names = StatementRates.of(rows)
    return SideTables(tuple(tokenizers), before.names.joined(names) if before.names else names)


def _texts(corpus: Corpus, keep: NDArray[np.bool_], progress: Progress) -> Iterator[tuple[str, str]]:
    some = corpus.of(keep)
    for start in range(0, len(some), _BLOCK):
        texts = some.texts(start, start + _BLOCK)
        yield from zip(some.release[start : start + _BLOCK].tolist(), texts, strict=True)
        progress("self-identification", min(start + _BLOCK, len(some)), len(some))
    yield from corpus.apart


def lineage_entry(
    command: str, registry: Path | None, sources: Sequence[Source], parent: str | None = None
) -> dict[str, Any]:
    """Return the lineage entry of a training or an update, still without a model comparison.

    Args:
        command: The command line.
        registry: Its file, None for the one that ships.
        sources: The files of the corpora.
        parent: The sha256 of the manifest of the model that was updated or replaced.

    Returns:
        JSON values. The time is that of SOURCE_DATE_EPOCH where it is set.
    """
    path = registry or data_dir("corpora") / "releases.csv"
    epoch = float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    return {
        "command": command,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
        "version": __version__,
        "parent": parent,
        "registry": hashlib.sha256(path.read_bytes()).hexdigest(),
        "corpora": [source.sha256 for source in sources],
        "comparison": None,
    }


def corpus_entries(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Return the corpora as `training.json` lists them."""
    return [
        {
            "name": s.name,
            "rows": s.rows,
            "sha256": s.sha256,
            "licence": s.licence,
            "source": s.source,
            "languages": list(s.languages),
        }
        for s in sources
    ]
