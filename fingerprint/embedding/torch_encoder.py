"""The static encoder as a sentence-transformers module.

`SentenceTransformer(folder, trust_remote_code=True)` loads it from disk: the library asks for that word wherever a
module's class is not its own, and the class is this package's; the folder holds no code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sentence_transformers.base.modules.input_module import InputModule

from fingerprint.embedding.quantised import QuantisedTable
from fingerprint.embedding.static_encoder import StaticEncoder
from fingerprint.features.ngrams import count
from fingerprint.features.vocabulary import Vocabulary


class _Sum(torch.autograd.Function):  # type: ignore[misc]
    """PyTorch's embedding bag, with a gradient that takes a third of the time: it is one sparse product."""

    @staticmethod
    def forward(ctx: Any, vectors: torch.Tensor, *rows: torch.Tensor) -> torch.Tensor:
        """rows: columns, offsets and values, as `features` names them."""
        ctx.save_for_backward(*rows)
        ctx.width = len(vectors)
        columns, offsets, values = rows
        return torch.nn.functional.embedding_bag(
            columns, vectors, offsets, mode="sum", per_sample_weights=values, include_last_offset=True
        )

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        columns, offsets, values = (part.numpy() for part in ctx.saved_tensors)
        rows = sparse.csr_matrix((values, columns, offsets), shape=(len(gradient), ctx.width))
        return torch.from_numpy(rows.T.tocsr() @ gradient.numpy()), None, None, None


class NgramEncoder(InputModule):  # type: ignore[misc]
    """Weighted hashed n-grams, summed a vector each, to length 1."""

    modalities: ClassVar[list[str]] = ["text"]

    def __init__(self, vocabulary: Vocabulary, vectors: NDArray[np.float32]):
        super().__init__()
        self.vocabulary = vocabulary
        self.vectors = torch.nn.Parameter(torch.from_numpy(vectors))

    def preprocess(self, inputs: list[str], prompt: str | None = None, **kwargs: Any) -> dict[str, torch.Tensor]:
        counts = count([(prompt or "") + text for text in inputs], self.vocabulary.columns())
        values = (np.log(counts.counts, dtype=np.float32) + np.float32(1)) * self.vocabulary.weights[counts.columns]
        return features(counts.columns, values, counts.starts)

    def forward(self, features: dict[str, torch.Tensor], **kwargs: Any) -> dict[str, torch.Tensor]:
        summed = _Sum.apply(self.vectors, *(features[name] for name in ("columns", "offsets", "values")))
        features["sentence_embedding"] = torch.nn.functional.normalize(summed, dim=1)
        return features

    def get_embedding_dimension(self) -> int:
        return int(self.vectors.shape[1])

    @property
    def max_seq_length(self) -> int | None:
        return None

    def static(self) -> StaticEncoder:
        """Its weights in four bits, for use without PyTorch."""
        return StaticEncoder(self.vocabulary, QuantisedTable.quantise(self.vectors.detach().numpy()))

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        files = self.static().files()
        Path(output_path, "model.safetensors").write_bytes(files["model.safetensors"])

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any) -> NgramEncoder:
        static = StaticEncoder.load(Path(model_name_or_path) / subfolder)
        return cls(static.vocabulary, static.table.vectors())


def features(
    columns: NDArray[np.int32], values: NDArray[np.float32], starts: NDArray[np.int64]
) -> dict[str, torch.Tensor]:
    """Sparse rows as the module's input."""
    return {
        "columns": torch.from_numpy(columns.astype(np.int32)),
        "values": torch.from_numpy(values),
        "offsets": torch.from_numpy(starts.astype(np.int32)),
    }


class Foreign:
    """Any other sentence-transformers model, by name or path."""

    def __init__(self, name: str):
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(name, device="cpu")

    @property
    def size(self) -> int:
        return int(self.model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, size), rows of length 1."""
        found = self.model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, np.float32)
