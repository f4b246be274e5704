"""A stored model, checked by `fingerprint.store`, made ready for use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.escaping import printable
from fingerprint.config import Config, PldaConfig, parse_config
from fingerprint.data.names import mask_names
from fingerprint.embedding.encoder import QuantisedTable
from fingerprint.errors import FingerprintError, MissingExtra, ModelError
from fingerprint.features.ngrams import Counts, Vocabulary, count
from fingerprint.features.scripts import are_known, script_of
from fingerprint.model.calibration import Calibration
from fingerprint.model.claims import DOCUMENT as CLAIMS
from fingerprint.model.claims import ClaimCalibration
from fingerprint.model.explanation import Profiles
from fingerprint.model.likelihood import Likelihood, LinearClassifiers
from fingerprint.model.pair_calibration import DOCUMENT as PAIRS
from fingerprint.model.pair_calibration import PairCalibration
from fingerprint.model.plda import Ints, Plda
from fingerprint.model.probe_information import ARRAY as GAIN
from fingerprint.model.probe_information import DOCUMENT as PROBING
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.prompts import DOCUMENT as PROMPTS
from fingerprint.model.prompts import PromptTable
from fingerprint.model.verdict import ModelInfo
from fingerprint.side.evidence import DOCUMENT as SIDE
from fingerprint.side.evidence import SideTables
from fingerprint.store.checks import Arrays
from fingerprint.store.folder import Stored, load
from fingerprint.store.format import MANIFEST, WEIGHTS
from fingerprint.store.parsing import AGAIN

Encode = Callable[[Sequence[str], Counts], NDArray[np.float32]]


# Responses of the regression set that the plausibility check embeds: enough to tell sense from nonsense, and quick.
_PLAUSIBLE = 256


@dataclass(frozen=True)
class Loaded:
    """All parts of a model.

    Attributes:
        info: What verdicts say of it.
        config: What it was trained with.
        labs: (L,) names.
        scripts: That it knows; empty where it does not tell.
        releases: (R,) "release", "lab", "family", "line" and "released" of each.
        vocabulary: The features that it uses.
        columns: (buckets,) as `Vocabulary.columns`.
        projection: The between-release directions.
        encode: Masked texts and their counts to the encoder's part of the embedding.
        likelihood: PLDA and the linear classifiers.
        calibration: What was fitted on calibration cases.
        profiles: Style markers of each release.
        side: What side evidence is compared with.
        information: What prompts tell; None where it was not learned.
        claims: How claims are verified; None where it was not learned.
        pairs: How two cases are compared; None where it was not learned.
        prompts: The prompts that it was trained on; None where they were not kept.
    """

    info: ModelInfo
    config: Config
    labs: list[str]
    scripts: tuple[str, ...]
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
    claims: ClaimCalibration | None
    pairs: PairCalibration | None
    prompts: PromptTable | None

    def known_script(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Return (texts,) whether the model knows the script of each text."""
        return np.array(are_known(map(script_of, texts), self.scripts), bool)

    def read(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], Ints]:
        """Embed texts; names are masked here.

        Args:
            texts: Responses.

        Returns:
            (texts, D) embeddings, and (texts,) features of the vocabulary in each.
        """
        masked = [mask_names(text) for text in texts]
        counts = count(masked, self.vocabulary.features, self.columns)
        projected = self.projection.embed(counts, self.vocabulary.weights)
        return np.hstack([projected, self.encode(masked, counts)]), np.diff(counts.starts)


def load_model(folder: Path, encoder: str | None = None) -> Loaded:
    """Read a model folder and make it ready; arguments and errors as of `load_whole`."""
    return load_whole(folder, encoder)[1]


def load_whole(folder: Path, encoder: str | None = None) -> tuple[Stored, Loaded]:
    """Read a model folder and make it ready. A model that is replaced while it is read is read again.

    Args:
        folder: The model folder.
        encoder: The sentence-transformers model that this model may load, by the name that it was trained with. It is
            not part of the folder, so that nothing but this word of the user's allows it.

    Returns:
        What is in the folder, and the model made ready, of the same state of the folder.

    Raises:
        ModelError: For a folder that is not a sound model, and for a model whose encoder is not `encoder`.
        MissingExtra: For an encoder that needs PyTorch where there is none.
    """
    while True:
        begun = _manifest(folder)
        try:
            stored = load(folder)
            return stored, _construct(stored, encoder)
        except FingerprintError:
            if _manifest(folder) == begun:
                raise


def likelihood_of(arrays: Arrays, config: PldaConfig) -> Likelihood:
    """Return PLDA and the linear classifiers of a model's arrays, as `fingerprint.store` checks them."""
    plda = Plda(
        centre=arrays["plda_centre"].astype(float),
        basis=arrays["plda_basis"].astype(float),
        cell_mean=arrays["cell_mean"].astype(float),
        cell_count=arrays["cell_count"].astype(np.int64),
        cell_release=arrays["cell_release"].astype(np.int64),
        cell_corpus=arrays["cell_corpus"].astype(np.int64),
        corpus_mean=arrays["corpus_mean"].astype(float),
        within=arrays["within_variance"].astype(float),
        session=arrays["session_variance"].astype(float),
        domain=arrays["domain_variance"].astype(float),
        between_labs=arrays["between_labs_variance"].astype(float),
        between_releases=arrays["between_releases_variance"].astype(float),
        lab=arrays["release_lab"].astype(np.int64),
        in_domain=arrays["corpus_in_domain"],
        corpus_spread=arrays["corpus_spread"].astype(float),
    )
    classifiers = LinearClassifiers(
        arrays["release_classifier"].astype(float),
        arrays["release_classifier_bias"].astype(float),
        arrays["lab_classifier"].astype(float),
        arrays["lab_classifier_bias"].astype(float),
    )
    return Likelihood(plda, classifiers, config)


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        return b""


def _construct(stored: Stored, permitted: str | None) -> Loaded:
    arrays, documents = stored.arrays, stored.documents
    labels, training = documents["labels"], documents["training"]
    config = parse_config(documents["config"], "config.json")
    vocabulary = Vocabulary(arrays["vocabulary_buckets"], arrays["vocabulary_weights"], config.features)
    projection = QuantisedTable(arrays["projection_codes"], arrays["projection_scale"])
    encode, width = _encoder(stored, config.embedding.encoder, vocabulary, permitted)
    if projection.size + width != len(arrays["plda_centre"]):
        raise ModelError(
            f"{stored.folder}: embeddings have {projection.size + width} dimensions with this encoder, expected "
            f"{len(arrays['plda_centre'])}; install the version of the encoder that the model was trained with"
        )
    _check_plausible(arrays, stored.folder)
    likelihood = likelihood_of(arrays, config.plda)
    info = ModelInfo(
        training["name"], training["version"], training["trained"], len(labels["releases"]), training["newest"]
    )
    information = None
    if documents[PROBING]["kinds"]:
        information = InformationGain.from_parts(
            documents[PROBING], arrays[GAIN], labels["labs"], config.plda.correlation
        )
    return Loaded(
        info=info,
        config=config,
        labs=list(labels["labs"]),
        scripts=tuple(labels.get("scripts", ())),
        releases=list(labels["releases"]),
        vocabulary=vocabulary,
        columns=vocabulary.columns(),
        projection=projection,
        encode=encode,
        likelihood=likelihood,
        calibration=Calibration.from_dict(documents["calibration"], labels["labs"], config.calibration),
        profiles=Profiles(arrays["style_marker_mean"], arrays["style_marker_variance"]),
        side=SideTables.from_document(documents[SIDE]),
        information=information,
        claims=ClaimCalibration.from_document(documents[CLAIMS], config.calibration.rates)
        if CLAIMS in documents
        else None,
        pairs=PairCalibration.from_dict(documents[PAIRS], config.pairs.rates) if PAIRS in documents else None,
        prompts=PromptTable.from_parts(documents[PROMPTS], arrays) if PROMPTS in documents else None,
    )


def _encoder(stored: Stored, name: str, vocabulary: Vocabulary, permitted: str | None) -> tuple[Encode, int]:
    if name:
        if name != permitted:
            named = f"not {permitted!a}" if permitted else "which needs your trust"
            raise ModelError(
                printable(
                    f"{stored.folder}: embeds with the sentence-transformers model {name!a}, {named}: it is not in the "
                    "folder; if you trust it, give its name with --encoder"
                )
            )
        try:
            from fingerprint.embedding.torch_encoder import SentenceEncoder
        except ImportError:
            raise MissingExtra(f"a model with the encoder {name}", "train") from None
        external = SentenceEncoder(name)
        return lambda texts, _: external.encode(texts), external.size
    table = QuantisedTable(stored.contents.encoder["codes"], stored.contents.encoder["scale"])
    return lambda _, counts: table.embed(counts, vocabulary.weights), table.size


def _check_plausible(arrays: Arrays, folder: Path) -> None:
    """Refuse a model that names the labs of its own regression set no better than by always naming one lab.

    No range of a single number shows that a basis is transposed, that labels are permuted, or that a bias decides
    everything.
    """
    release = arrays["regression_release"]
    if not len(release):
        return
    some = np.unique(np.linspace(0, len(release) - 1, _PLAUSIBLE).astype(int))
    rows = arrays["regression_embedding"][some].astype(np.float32) * arrays["regression_scale"][some, None]
    lab = arrays["release_lab"][release[some]]
    # The classifier on embeddings: the product of two small matrices first.
    weights = arrays["plda_basis"] @ arrays["lab_classifier"].astype(np.float32)
    scores = (rows - arrays["plda_centre"]) @ weights + arrays["lab_classifier_bias"]
    right, most = int((scores.argmax(axis=1) == lab).sum()), int(np.bincount(lab).max())
    if right <= most < len(lab):
        raise ModelError(
            f"{folder / WEIGHTS}: names the lab of {right} of {len(lab)} responses of its own regression set, expected "
            f"more than {most}; {AGAIN}"
        )
