"""The static encoder and its quantised embedding tables, with NumPy alone.

A table holds one vector for each n-gram, four bits a number; a response is the weighted sum of its n-grams' vectors. A
response has hundreds of n-grams, so that the rounding of each is lost in their sum. The encoder's folder is one that
sentence-transformers loads (`fingerprint.embedding.torch_encoder`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from fingerprint.config import FeatureConfig
from fingerprint.errors import ModelError
from fingerprint.features.ngrams import Counts, Vocabulary, count
from fingerprint.features.signature import feature_signature

WEIGHTS = "model.safetensors"
CLASS = "fingerprint.embedding.torch_encoder.NgramEncoder"
_ARRAYS = ("codes", "scale", "buckets", "weights")
_DTYPES = ("uint8", "float32", "int32", "float32")
# Four bits hold the numbers from -_LARGEST to _LARGEST, with _ZERO added.
_LARGEST, _ZERO = 7, 8


@dataclass(frozen=True)
class QuantisedTable:
    """A quantised embedding table.

    Attributes:
        codes: (V, D / 2) uint8; the lower bits hold a number of the first D / 2 dimensions, the upper bits one of the
            last D / 2, plus 8.
        scale: (V,) float32, the factor on the numbers of each row.
    """

    codes: NDArray[np.uint8]
    scale: NDArray[np.float32]

    @classmethod
    def quantise(cls, vectors: NDArray[np.float32], clip: float) -> QuantisedTable:
        """Return the nearest table.

        Args:
            vectors: (V, D); an odd D gets a dimension of zeros.
            clip: Root mean squares of a row beyond which its numbers are cut: finer steps for all others are worth
                more.

        Returns:
            The table.
        """
        vectors = np.pad(vectors, ((0, 0), (0, vectors.shape[1] % 2)))
        root_mean_square = np.sqrt((vectors.astype(float) ** 2).mean(axis=1, keepdims=True))
        largest = np.minimum(np.abs(vectors).max(axis=1, initial=0.0, keepdims=True), clip * root_mean_square)
        scale = largest / _LARGEST
        steps = np.clip(np.rint(vectors / np.where(scale > 0, scale, 1)), -_LARGEST, _LARGEST)
        numbers = (steps + _ZERO).astype(np.uint8)
        half = numbers.shape[1] // 2
        return cls((numbers[:, :half] | numbers[:, half:] << 4).astype(np.uint8), scale[:, 0].astype(np.float32))

    @property
    def size(self) -> int:
        """Dimensions, D."""
        return 2 * int(self.codes.shape[1])

    def vectors(self) -> NDArray[np.float32]:
        """Return the (V, D) vectors."""
        return _numbers(self.codes) * self.scale[:, None]

    def embed(self, counts: Counts, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum the vectors of each response's n-grams.

        Args:
            counts: (rows) over the V n-grams of this table.
            weights: (V,) feature weights.

        Returns:
            (rows, D) of length 1; zeros for a response without an n-gram of the table.
        """
        out = np.zeros((len(counts), self.size), np.float32)
        values = (np.log(counts.counts, dtype=np.float32) + np.float32(1)) * (weights * self.scale)[counts.columns]
        for i in range(len(counts)):
            at = slice(counts.starts[i], counts.starts[i + 1])
            out[i] = values[at] @ _numbers(self.codes[counts.columns[at]])
        return unit(out)


@dataclass(frozen=True)
class StaticEncoder:
    """A vocabulary and its quantised embedding table."""

    vocabulary: Vocabulary
    table: QuantisedTable

    @property
    def size(self) -> int:
        """Dimensions, D."""
        return self.table.size

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts in which names are masked.

        Args:
            texts: Masked texts.

        Returns:
            (texts, D) of length 1; zeros for a text without an n-gram of the vocabulary.
        """
        counts = count(texts, self.vocabulary.features, self.vocabulary.columns())
        return self.table.embed(counts, self.vocabulary.weights)

    def files(self) -> dict[str, bytes]:
        """Return the files of a sentence-transformers model folder, by name."""
        from safetensors.numpy import save

        arrays = (self.table.codes, self.table.scale, self.vocabulary.buckets, self.vocabulary.weights)
        features = self.vocabulary.features
        # One entry: safetensors writes several in an order that differs from run to run.
        metadata = {"features": msgspec.json.encode(_Features(features, feature_signature(features))).decode()}
        modules = [{"idx": 0, "name": "0", "path": "", "type": CLASS}]
        config = {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine"}
        return {
            WEIGHTS: save(dict(zip(_ARRAYS, arrays, strict=True)), metadata),
            "modules.json": json.dumps(modules, indent=2).encode(),
            "config_sentence_transformers.json": json.dumps(config, indent=2).encode(),
        }

    @classmethod
    def load(cls, folder: Path) -> StaticEncoder:
        """Read the encoder from its folder.

        Args:
            folder: With the file that `files` names `WEIGHTS`.

        Returns:
            The encoder. A file from before encoders said how they count has the default `FeatureConfig`.

        Raises:
            ModelError: The arrays are not those of a static encoder, or its features are not those of this program.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / WEIGHTS
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                codes, scale, buckets, weights = (file.get_tensor(name) for name in _ARRAYS)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{path}: not the weights of a static encoder ({error})") from None
        features = _features(metadata, path)
        arrays = (codes, scale, buckets, weights)
        fits = [str(array.dtype) for array in arrays] == list(_DTYPES) and [array.ndim for array in arrays] == [
            2,
            1,
            1,
            1,
        ]
        if not fits or not len(codes) == len(scale) == len(buckets) == len(weights):
            raise ModelError(
                f"{path}: array shapes or types are not those of a static encoder; fetch or train it again"
            )
        if not (np.isfinite(scale).all() and np.isfinite(weights).all()):
            raise ModelError(f"{path}: holds numbers that are not finite; train it again")
        if len(buckets) and not (buckets[0] >= 0 and (np.diff(buckets) > 0).all() and buckets[-1] < features.buckets):
            raise ModelError(f"{path}: its buckets are not ascending, or beyond the last; train it again")
        return cls(Vocabulary(buckets, weights, features), QuantisedTable(codes, scale))


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale each row of (n, D) to length 1; rows of zeros stay."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)


def _numbers(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    out = np.hstack([codes & 15, codes >> 4]).astype(np.float32)
    out -= _ZERO
    return out


class _Features(msgspec.Struct):
    """What the file says of its features."""

    config: FeatureConfig
    signature: str


def _features(metadata: dict[str, str], path: Path) -> FeatureConfig:
    if "features" not in metadata:
        return FeatureConfig()
    try:
        features = msgspec.json.decode(metadata["features"], type=_Features)
    except msgspec.DecodeError as error:
        raise ModelError(f"{path}: its feature configuration cannot be read ({error}); train it again") from None
    if features.signature != feature_signature(features.config):
        raise ModelError(f"{path}: was trained on features that this program does not count; train it again")
    return features.config
