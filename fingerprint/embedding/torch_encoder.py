"""The static encoder as a sentence-transformers module, and other sentence-transformers models as encoders.

`SentenceTransformer(folder, trust_remote_code=True)` loads the static encoder from disk. The library wants that
argument wherever a module's class is not its own; the class is of this package, and the folder holds no code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers.base.modules.input_module import InputModule

from fingerprint.embedding.encoder import WEIGHTS, QuantisedTable, StaticEncoder
from fingerprint.embedding.weighted_sum import features, weighted_sum
from fingerprint.features.ngrams import Vocabulary, count


class NgramEncoder(InputModule):  # type: ignore[misc]
    """The weighted sum of one vector for each hashed n-gram, scaled to length 1.

    Args:
        vocabulary: V n-grams and their weights.
        vectors: (V, D) one vector for each.
        clip: Of the quantised table that is saved (`QuantisedTable.quantise`).
    """

    modalities: ClassVar[list[str]] = ["text"]

    def __init__(self, vocabulary: Vocabulary, vectors: NDArray[np.float32], clip: float):
        super().__init__()
        self.vocabulary, self.clip = vocabulary, clip
        self.vectors = torch.nn.Parameter(torch.from_numpy(vectors))

    def preprocess(self, inputs: list[str], prompt: str | None = None, **kwargs: Any) -> dict[str, torch.Tensor]:
        """Count texts in which names are masked; a prompt stands before each."""
        texts = [(prompt or "") + text for text in inputs]
        counts = count(texts, self.vocabulary.features, self.vocabulary.columns())
        values = (np.log(counts.counts, dtype=np.float32) + np.float32(1)) * self.vocabulary.weights[counts.columns]
        return features(counts.columns, values, counts.starts)

    def forward(self, features: dict[str, torch.Tensor], **kwargs: Any) -> dict[str, torch.Tensor]:
        """Add (texts, D) `sentence_embedding` of length 1 to what `preprocess` gave."""
        features["sentence_embedding"] = weighted_sum(self.vectors, features)
        return features

    def get_embedding_dimension(self) -> int:
        """Return D."""
        return int(self.vectors.shape[1])

    @property
    def max_seq_length(self) -> int | None:
        """A text may have any length."""
        return None

    def static(self) -> StaticEncoder:
        """Return the encoder with four bits a number, for use without PyTorch."""
        return StaticEncoder(self.vocabulary, QuantisedTable.quantise(self.vectors.detach().numpy(), self.clip))

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Write the quantised weights; sentence-transformers writes the files beside them."""
        Path(output_path, WEIGHTS).write_bytes(self.static().files()[WEIGHTS])

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any) -> NgramEncoder:
        """Read what `save` or a training wrote. Raises ModelError as `StaticEncoder.load`."""
        static = StaticEncoder.load(Path(model_name_or_path) / subfolder)
        # No number of D is more than the root of D of their root mean squares: saved again, nothing is cut.
        return cls(static.vocabulary, static.table.vectors(), float(np.sqrt(static.size)))


class SentenceEncoder:
    """Another sentence-transformers model.

    Args:
        name: Its name or path.
    """

    def __init__(self, name: str):
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(name, device="cpu")

    @property
    def size(self) -> int:
        """Dimensions, D."""
        return int(self.model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (texts, D) embeddings of length 1."""
        found = self.model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, np.float32)
