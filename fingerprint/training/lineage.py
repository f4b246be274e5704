"""What a model was made from, a step at a time: the training that began it, and each update since."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fingerprint import __version__
from fingerprint.base.files import data_dir
from fingerprint.data.corpus import Source


def step(command: str, registry: Path | None, sources: Sequence[Source], parent: str | None = None) -> dict[str, Any]:
    """One entry of the lineage. registry: its file, None for the one that ships; sources: of the corpora that this
    step learned from; parent: the sha256 of the manifest of the model that it changed or took the place of.

    "gate" is left for what the comparison with the parent said. The time is that of SOURCE_DATE_EPOCH where it is set.
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
        "gate": None,
    }


def described(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The corpora as the model's record lists them."""
    return [
        {"name": s.name, "rows": s.rows, "sha256": s.sha256, "licence": s.licence, "source": s.source} for s in sources
    ]
