"""The static encoder's one operation, for PyTorch: the weighted sum of a vector for each feature, scaled to length 1.

It is apart from `torch_encoder` so that a training imports PyTorch alone: sentence-transformers takes as long to import
as some hundred steps of training, and a training has many processes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse


class _Sum(torch.autograd.Function):  # type: ignore[misc]
    """PyTorch's embedding bag, with a gradient as one sparse product, which takes a third of the time."""

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


def features(
    columns: NDArray[np.int32], values: NDArray[np.float32], starts: NDArray[np.int64]
) -> dict[str, torch.Tensor]:
    """Return sparse rows as the input of `weighted_sum`."""
    return {
        "columns": torch.from_numpy(columns.astype(np.int32)),
        "values": torch.from_numpy(values),
        "offsets": torch.from_numpy(starts.astype(np.int32)),
    }


def weighted_sum(vectors: torch.Tensor, rows: dict[str, torch.Tensor]) -> torch.Tensor:
    """Embed texts.

    Args:
        vectors: (V, D) one vector for each feature.
        rows: The texts, as `features` gives them.

    Returns:
        (texts, D) embeddings of length 1.
    """
    summed = _Sum.apply(vectors, *(rows[name] for name in ("columns", "offsets", "values")))
    return torch.nn.functional.normalize(summed, dim=1)
