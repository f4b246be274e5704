"""A stored model checked against what its parts must be to each other, and made ready for use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.config import Config, FeatureConfig, PldaConfig, parse_config
from fingerprint.data.names import mask_names
from fingerprint.embedding.encoder import QuantisedTable, StaticEncoder
from fingerprint.errors import FingerprintError, MissingExtra, ModelError
from fingerprint.features import style_markers
from fingerprint.features.ngrams import Counts, Vocabulary, count
from fingerprint.model.calibration import Calibration
from fingerprint.model.explanation import Profiles
from fingerprint.model.likelihood import Likelihood, LinearClassifiers
from fingerprint.model.plda import Ints, Plda
from fingerprint.model.probe_information import ARRAY as GAIN
from fingerprint.model.probe_information import DOCUMENT as PROBING
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.verdict import ModelInfo
from fingerprint.side.evidence import DOCUMENT as SIDE
from fingerprint.side.evidence import SideTables
from fingerprint.store.arrays import expect
from fingerprint.store.manifest import MANIFEST
from fingerprint.store.read import Stored, load

Encode = Callable[[Sequence[str], Counts], NDArray[np.float32]]


@dataclass(frozen=True)
class Loaded:
    """All parts of a model. columns: (buckets,) as `Vocabulary.columns`; encode: masked texts and their counts to
    the encoder's rows."""

    info: ModelInfo
    labs: list[str]
    releases: list[dict[str, str]]
    vocabulary: Vocabulary
    columns: NDArray[np.int32]
    projection: QuantisedTable
    encode: Encode
    likelihood: Likelihood
    calibration: Calibration
    profiles: Profiles
    side: SideTables
    information: InformationGain | None
    config: Config

    def read(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], Ints]:
        """(texts, D) places in the fingerprint space, and (texts,) features of each; names are masked here."""
        masked = [mask_names(text) for text in texts]
        counts = count(masked, self.vocabulary.features, self.columns)
        projected = self.projection.embed(counts, self.vocabulary.weights)
        return np.hstack([projected, self.encode(masked, counts)]), np.diff(counts.starts)


def load_model(folder: Path) -> Loaded:
    """Raises as `load_whole`."""
    return load_whole(folder)[1]


def load_whole(folder: Path) -> tuple[Stored, Loaded]:
    """Of the same state of the folder: what is in it, and the model made ready. Raises ModelError, or MissingExtra for
    an encoder that needs PyTorch where there is none.

    A model that is replaced while it is read is read again.
    """
    while True:
        begun = _manifest(folder)
        try:
            stored = load(folder)
            return stored, _construct(stored.arrays, stored.documents, folder)
        except (KeyError, TypeError, ValueError, AttributeError, FingerprintError) as error:
            if _manifest(folder) != begun:
                continue
            if isinstance(error, FingerprintError):
                raise
            raise ModelError(
                f"{folder}: its documents are not those of a model ({error}); fetch or train it again"
            ) from None


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        return b""


def _construct(arrays: Any, documents: Any, folder: Path) -> Loaded:
    labels, training = documents["labels"], documents["training"]
    labs, releases = [str(lab) for lab in labels["labs"]], list(labels["releases"])
    buckets = expect(arrays, "vocabulary_buckets", "int32", (None,))
    size, known = len(buckets), len(releases)
    vocabulary = Vocabulary(buckets, expect(arrays, "vocabulary_weights", "float32", (size,)), FeatureConfig())
    _within(buckets, vocabulary.features.buckets, "vocabulary_buckets")
    codes = expect(arrays, "projection_codes", "uint8", (size, None))
    projection = QuantisedTable(codes, expect(arrays, "projection_scale", "float32", (size,)))
    encode, width = _encoder(training["encoder"], vocabulary, folder)
    config = parse_config(documents.get("config", {}), str(folder / "config.json"))
    likelihood = likelihood_of(arrays, projection.size + width, known, len(labs), config.plda)
    profiles = Profiles(
        *(
            expect(arrays, n, "float32", (known, len(style_markers.NAMES)))
            for n in ("style_marker_mean", "style_marker_variance")
        )
    )
    info = ModelInfo(
        str(training["name"]),
        str(training["version"]),
        str(training["trained"]),
        known,
        str(training["newest"]),
    )
    for entry in releases:
        if not {"release", "lab", "family"} <= entry.keys():
            raise ValueError("a release without its lab and family")
    return Loaded(
        info, labs, releases, vocabulary, vocabulary.columns(), projection, encode, likelihood,
        Calibration.from_dict(documents["calibration"], config.calibration), profiles,
        SideTables.from_document(documents.get(SIDE)), _information(arrays, documents, labs, config.plda), config,
    )  # fmt: skip


def likelihood_of(
    arrays: Mapping[str, NDArray[Any]], width: int, releases: int, labs: int, config: PldaConfig
) -> Likelihood:
    """The hierarchy and the heads in a model's arrays. width: D. Raises ModelError where they do not fit together."""
    plda = _hierarchy(arrays, width, releases, labs)
    return Likelihood(plda, _heads(arrays, len(plda.within), releases, labs), config)


def _information(arrays: Any, documents: Any, labs: list[str], config: PldaConfig) -> InformationGain | None:
    if PROBING not in documents:
        return None
    gain = expect(arrays, GAIN, "float16", (None, len(labs), len(labs)))
    return InformationGain.from_parts(documents[PROBING], gain, labs, config.correlation)


def _encoder(name: str, vocabulary: Vocabulary, folder: Path) -> tuple[Encode, int]:
    if name:
        try:
            from fingerprint.embedding.torch_encoder import SentenceEncoder
        except ImportError:
            raise MissingExtra(f"a model with the encoder {name}", "train") from None
        foreign = SentenceEncoder(name)
        return lambda texts, _: foreign.encode(texts), foreign.size
    static = StaticEncoder.load(folder / "encoder")
    if not np.array_equal(static.vocabulary.buckets, vocabulary.buckets):
        raise ModelError(f"{folder}: the encoder has another vocabulary than the model; fetch or train it again")
    return lambda _, counts: static.table.embed(counts, static.vocabulary.weights), static.size


def _hierarchy(arrays: Mapping[str, NDArray[Any]], width: int, releases: int, labs: int) -> Plda:
    basis = expect(arrays, "plda_basis", "float32", (width, None))
    k = basis.shape[1]
    cell_mean = expect(arrays, "cell_mean", "float16", (None, k))
    cells = len(cell_mean)
    corpus_mean = expect(arrays, "corpus_mean", "float32", (None, k))
    codes = {n: expect(arrays, f"cell_{n}", "int32", (cells,)) for n in ("count", "release", "corpus")}
    lab = expect(arrays, "release_lab", "int32", (releases,))
    _within(codes["release"], releases, "cell_release")
    _within(codes["corpus"], len(corpus_mean), "cell_corpus")
    _within(lab, labs, "release_lab")
    # Models of before this was told apart count all of their corpora.
    ground, corpus_spread = np.ones(len(corpus_mean), bool), np.ones(len(corpus_mean), np.float32)
    if "corpus_in_domain" in arrays:
        ground = expect(arrays, "corpus_in_domain", "bool", (len(corpus_mean),))
    if "corpus_spread" in arrays:
        corpus_spread = expect(arrays, "corpus_spread", "float32", (len(corpus_mean),))
    if not ground.any():
        raise ModelError("weights.safetensors: no corpus is training ground; fetch or train it again")
    spreads = {
        n: expect(arrays, f"{n}_variance", "float32", (k,))
        for n in ("within", "session", "domain", "between_labs", "between_releases")
    }
    if any((values <= 0).any() for values in (corpus_spread, *spreads.values())) or (codes["count"] < 1).any():
        raise ModelError("weights.safetensors: a variance or a count is not above 0; fetch or train it again")
    return Plda(
        centre=expect(arrays, "plda_centre", "float32", (width,)).astype(float),
        basis=basis.astype(float),
        cell_mean=cell_mean.astype(float),
        cell_count=codes["count"].astype(np.int64),
        cell_release=codes["release"].astype(np.int64),
        cell_corpus=codes["corpus"].astype(np.int64),
        corpus_mean=corpus_mean.astype(float),
        lab=lab.astype(np.int64),
        in_domain=ground,
        corpus_spread=corpus_spread.astype(float),
        **{name: values.astype(float) for name, values in spreads.items()},
    )


def _heads(arrays: Mapping[str, NDArray[Any]], width: int, releases: int, labs: int) -> LinearClassifiers:
    return LinearClassifiers(
        expect(arrays, "release_classifier", "float16", (width, releases)).astype(float),
        expect(arrays, "release_classifier_bias", "float32", (releases,)).astype(float),
        expect(arrays, "lab_classifier", "float16", (width, labs)).astype(float),
        expect(arrays, "lab_classifier_bias", "float32", (labs,)).astype(float),
    )


def _within(codes: NDArray[np.int32], size: int, name: str) -> None:
    if len(codes) and not (codes.min() >= 0 and codes.max() < size):
        raise ModelError(
            f"weights.safetensors: array {name!a} points outside of what it indexes; fetch or train it again"
        )
