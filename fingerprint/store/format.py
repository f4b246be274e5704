"""The one table of what a model folder holds: every array and every document, by name, type and meaning.

Reader, writer and the page `docs/model-format.md` work from it. The symbols of the shapes:

    R releases, L labs, C training corpora, N cells (a release in a corpus), K dimensions of PLDA,
    D dimensions of an embedding, V features of the vocabulary, P and E bytes a feature in the two embedding tables
    (two dimensions a byte), M style markers, T responses of the regression set, Q kinds of prompts whose information
    is known; A known prompts, H bytes of their hash, B their corpora, G their kinds
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from fingerprint.config import Config
from fingerprint.store import documents

FORMAT = "fingerprint-model"
SCHEMA = 2
MANIFEST = "model.json"
WEIGHTS = "weights.safetensors"
CARD = "MODEL_CARD.md"
ENCODER = "encoder/"
ENCODER_WEIGHTS = f"{ENCODER}model.safetensors"

_MOST_INT = float(2**31 - 1)
# The largest finite number of a half: arrays of this type hold nothing else.
_MOST_HALF = 65_504.0
# In a basis that whitens what is nuisance variances are about 1; these bounds keep every density finite.
_LEAST_VARIANCE, _MOST_VARIANCE = 1e-9, 1e6
# Trained classifiers stay below 5. An update fits classes that are easily told apart by more, in tests by 100.
_MOST_WEIGHT = 1e4


@dataclass(frozen=True)
class ArraySpec:
    """What an array must be.

    Attributes:
        name: In its safetensors file.
        dtype: Of NumPy.
        shape: Symbols of this module.
        least, most: Bounds of every number in it, themselves included.
        meaning: In one sentence.
        codes: The symbol that it indexes, numbers from 0 to below it; empty for other arrays.
        order: "ascending" or "strictly ascending" where its numbers are.
        document: The optional document that it belongs to: a model has both or neither. Empty for other arrays.
    """

    name: str
    dtype: str
    shape: tuple[str, ...]
    least: float
    most: float
    meaning: str
    codes: str = ""
    order: str = ""
    document: str = ""


@dataclass(frozen=True)
class DocumentSpec:
    """What a document must be: `name`.json as `type` says it, with its meaning in one sentence.

    A model may lack an optional one.
    """

    name: str
    type: type[msgspec.Struct]
    meaning: str
    optional: bool = False


_VARIANCE = _LEAST_VARIANCE, _MOST_VARIANCE

ARRAYS: Mapping[str, ArraySpec] = {
    spec.name: spec
    for spec in (
        ArraySpec("vocabulary_buckets", "int32", ("V",), 0, _MOST_INT,
                  "Hash bucket of each feature of the vocabulary, below 2 ** config.features.hash_bits.",
                  order="strictly ascending"),
        ArraySpec("vocabulary_weights", "float32", ("V",), 1e-30, 1e6, "Feature weights."),
        ArraySpec("projection_codes", "uint8", ("V", "P"), 0, 255,
                  "Between-release directions, four bits a number plus 8: lower bits the first P dimensions, upper "
                  "bits the last P."),
        ArraySpec("projection_scale", "float32", ("V",), 0, 1e3, "Scale of each row of projection_codes."),
        ArraySpec("plda_centre", "float32", ("D",), -1, 1, "Mean embedding, subtracted before the basis is applied."),
        ArraySpec("plda_basis", "float32", ("D", "K"), -1e6, 1e6, "Basis of PLDA: x -> (x - plda_centre) @ basis."),
        ArraySpec("cell_mean", "float16", ("N", "K"), -_MOST_HALF, _MOST_HALF,
                  "Mean of each cell, a release in a corpus, in the basis."),
        ArraySpec("cell_count", "int32", ("N",), 1, _MOST_INT, "Responses of each cell."),
        ArraySpec("cell_release", "int32", ("N",), 0, _MOST_INT, "Release of each cell.", codes="R"),
        ArraySpec("cell_corpus", "int32", ("N",), 0, _MOST_INT,
                  "Corpus of each cell; a release has one cell in a corpus.", codes="C"),
        ArraySpec("corpus_mean", "float32", ("C", "K"), -_MOST_HALF, _MOST_HALF,
                  "What each corpus has in common, in the basis."),
        ArraySpec("corpus_in_domain", "bool", ("C",), 0, 1,
                  "Whether the corpus is a known domain for every release; at least one is."),
        ArraySpec("corpus_spread", "float32", ("C",), 1e-3, 1e3,
                  "Spread of responses in the corpus, in units of within_variance; 1 for one that is in-domain."),
        ArraySpec("within_variance", "float32", ("K",), *_VARIANCE, "Variance of responses around their cell."),
        ArraySpec("session_variance", "float32", ("K",), *_VARIANCE, "Variance of a release from corpus to corpus."),
        ArraySpec("domain_variance", "float32", ("K",), *_VARIANCE, "Variance of corpora."),
        ArraySpec("between_labs_variance", "float32", ("K",), *_VARIANCE, "Variance of labs."),
        ArraySpec("between_releases_variance", "float32", ("K",), *_VARIANCE, "Variance of releases around their lab."),
        ArraySpec("release_lab", "int32", ("R",), 0, _MOST_INT, "Lab of each release, as in labels.json.", codes="L"),
        ArraySpec("release_classifier", "float16", ("K", "R"), -_MOST_WEIGHT, _MOST_WEIGHT,
                  "Weights of the linear classifier over releases."),
        ArraySpec("release_classifier_bias", "float32", ("R",), -_MOST_WEIGHT, _MOST_WEIGHT, "Its biases."),
        ArraySpec("lab_classifier", "float16", ("K", "L"), -_MOST_WEIGHT, _MOST_WEIGHT,
                  "Weights of the linear classifier over labs."),
        ArraySpec("lab_classifier_bias", "float32", ("L",), -_MOST_WEIGHT, _MOST_WEIGHT, "Its biases."),
        # Logarithms of rates: exp(20) is more of anything than a response can hold.
        ArraySpec("style_marker_mean", "float32", ("R", "M"), 0, 20,
                  "Mean over the responses of a release of log(1 + rate) of each style marker."),
        ArraySpec("style_marker_variance", "float32", ("R", "M"), 0, 400, "Variance of the same."),
        # Probabilities enter information gains no smaller than config.probing.least_probability.
        ArraySpec("probe_gain", "float16", ("Q", "L", "L"), 0, 100,
                  "Nats that a response to a kind of prompt by the first lab is expected to tell it from the second; 0 "
                  "on the diagonal."),
        ArraySpec("prompt_hash", "uint8", ("A", "H"), 0, 255,
                  "First bytes of the SHA-256 of each known prompt; in ascending order, and for one prompt in that of "
                  "its corpora.", document="prompts"),
        ArraySpec("prompt_corpus", "int32", ("A",), 0, _MOST_INT, "Corpus of each, as in prompts.json.", codes="B",
                  document="prompts"),
        ArraySpec("prompt_kind", "int32", ("A",), 0, _MOST_INT, "Kind of each, as in prompts.json.", codes="G",
                  document="prompts"),
        ArraySpec("prompt_size", "int32", ("A",), 1, _MOST_INT, "Bytes of each, in UTF-8.", document="prompts"),
        ArraySpec("prompt_answer_size", "float32", ("A",), 1, _MOST_INT, "Mean bytes of the answers to each.",
                  document="prompts"),
        ArraySpec("prompt_answers", "int32", ("A",), 1, _MOST_INT, "Answers to each that the model learned from.",
                  document="prompts"),
        ArraySpec("prompt_releases", "int32", ("A",), 1, _MOST_INT, "Releases that gave them.", document="prompts"),
        ArraySpec("prompt_whole", "bool", ("A",), 0, 1,
                  "Whether its text is all that was asked: not cut, and not the frame of several questions.",
                  document="prompts"),
        ArraySpec("prompt_gain", "float16", ("A",), 0, 100,
                  "What an answer to it is expected to tell about its lab, in units of probe_gain of its kind.",
                  document="prompts"),
        ArraySpec("regression_embedding", "int8", ("T", "D"), -127, 127,
                  "Embeddings of the regression set, in units of regression_scale."),
        ArraySpec("regression_scale", "float32", ("T",), 0, 1, "Scale of each of its rows."),
        ArraySpec("regression_features", "int32", ("T",), 0, _MOST_INT, "Features of each of its responses."),
        ArraySpec("regression_release", "int32", ("T",), 0, _MOST_INT, "Release of each of its responses.",
                  codes="R", order="ascending"),
    )
}  # fmt: skip

ENCODER_ARRAYS: Mapping[str, ArraySpec] = {
    spec.name: spec
    for spec in (
        ArraySpec("buckets", "int32", ("V",), 0, _MOST_INT, "The same as vocabulary_buckets."),
        ArraySpec("weights", "float32", ("V",), 1e-30, 1e6, "The same as vocabulary_weights."),
        ArraySpec("codes", "uint8", ("V", "E"), 0, 255, "Vectors of the static encoder, as projection_codes."),
        ArraySpec("scale", "float32", ("V",), 0, 1e3, "Scale of each row of codes."),
    )
}

DOCUMENTS: Mapping[str, DocumentSpec] = {
    spec.name: spec
    for spec in (
        DocumentSpec("config", Config, "Every hyper-parameter that the model was trained with."),
        DocumentSpec("labels", documents.Labels, "What the codes in the arrays stand for."),
        DocumentSpec("calibration", documents.Calibration, "Parameters, limits and error rates of the calibration."),
        DocumentSpec("training", documents.Training, "The record of how the model was made."),
        DocumentSpec("probing", documents.Probing, "The kinds of prompts that probe_gain is about."),
        DocumentSpec("side", documents.Side, "What side evidence is compared with."),
        DocumentSpec(
            "prompts", documents.Prompts, "The corpora and kinds of the prompts that the model knows.", optional=True
        ),
        DocumentSpec(
            "claims",
            documents.Claims,
            "LLR, limits and error rates of the verification of claims.",
            optional=True,
        ),
        DocumentSpec(
            "pairs", documents.Pairs, "LLR, limits and error rates of the comparison of two cases.", optional=True
        ),
    )
}

ENCODER_DOCUMENTS: Mapping[str, object] = {
    f"{ENCODER}modules.json": Annotated[list[documents.EncoderModule], msgspec.Meta(min_length=1, max_length=1)],
    f"{ENCODER}config_sentence_transformers.json": documents.EncoderConfig,
}

SYMBOLS: Mapping[str, str] = {
    "R": "releases",
    "L": "labs",
    "C": "training corpora",
    "N": "cells: pairs of a release and a corpus with responses",
    "K": "dimensions of PLDA, at most D",
    "D": "dimensions of an embedding: 2 P + 2 E, or 2 P and those of another encoder",
    "V": "features of the vocabulary",
    "P": "bytes a feature of the between-release directions, two dimensions each",
    "E": "bytes a feature of the static encoder, two dimensions each",
    "M": "style markers",
    "T": "responses of the regression set; 0 where the model keeps none",
    "Q": "kinds of prompts; 0 where the model has not learned what they tell",
    "A": "known prompts: each prompt of each training corpus, as far as the corpus has its text",
    "H": "bytes of the hash of a prompt: 8",
    "B": "corpora of known prompts",
    "G": "kinds of known prompts",
}
