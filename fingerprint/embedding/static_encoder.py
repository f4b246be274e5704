"""The static encoder without PyTorch: the same file that sentence-transformers loads, read with NumPy alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.embedding.quantised import QuantisedTable
from fingerprint.errors import ModelError
from fingerprint.features.ngrams import BUCKETS, count
from fingerprint.features.vocabulary import Vocabulary

WEIGHTS = "model.safetensors"
CLASS = "fingerprint.embedding.torch_encoder.NgramEncoder"


@dataclass(frozen=True)
class StaticEncoder:
    """Sums of a vector for each hashed n-gram; `encode` gives rows of length 1."""

    vocabulary: Vocabulary
    table: QuantisedTable

    @property
    def size(self) -> int:
        return self.table.size

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, size) of texts whose names are masked."""
        return self.table.embed(count(texts, self.vocabulary.columns()), self.vocabulary.weights)

    def files(self) -> dict[str, bytes]:
        """The files of a sentence-transformers model folder."""
        from safetensors.numpy import save

        arrays = {
            "codes": self.table.codes,
            "scale": self.table.scale,
            "buckets": self.vocabulary.buckets,
            "weights": self.vocabulary.weights,
        }
        modules = [{"idx": 0, "name": "0", "path": "", "type": CLASS}]
        config = {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine"}
        return {
            WEIGHTS: save(arrays),
            "modules.json": json.dumps(modules, indent=2).encode(),
            "config_sentence_transformers.json": json.dumps(config, indent=2).encode(),
        }

    @classmethod
    def load(cls, folder: Path) -> StaticEncoder:
        """Raises ModelError where the arrays are not those of a static encoder."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            held = load_file(folder / WEIGHTS)
            codes, scale, buckets, weights = (held[k] for k in ("codes", "scale", "buckets", "weights"))
        except (OSError, SafetensorError, KeyError) as error:
            raise ModelError(f"{folder / WEIGHTS}: not the weights of a static encoder ({error})") from None
        size = len(buckets)
        fits = codes.ndim == 2 and codes.dtype == np.uint8 and len(codes) == len(scale) == len(weights) == size
        if not fits or (size and not (buckets.min() >= 0 and buckets.max() < BUCKETS)):
            raise ModelError(f"{folder / WEIGHTS}: array shapes or types are not those of a static encoder")
        return cls(Vocabulary(buckets, weights), QuantisedTable(codes, scale))
