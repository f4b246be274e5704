"""The peers by their short names, imported when they are asked for: one must not pay for another's packages."""

from __future__ import annotations

import importlib
from pathlib import Path

from benchmarks.peers.peer import Peer

HOMES = {
    "svm": ("tfidf", "TfidfSvm"),
    "logistic": ("tfidf", "TfidfLogistic"),
    "pan": ("pan", "Pan"),
    "delta": ("delta", "Delta"),
    "fasttext": ("fast", "FastText"),
    "minilm-centroid": ("minilm", "MiniLMCentroid"),
    "minilm-logistic": ("minilm", "MiniLMLogistic"),
    "stealth": ("stealth", "Stealth"),
}
# What the result of a peer depends on beside its own module.
_SHARED = ("peer", "sample", "child", "verdicts", "stylometry")


def kind(name: str) -> type[Peer]:
    module, cls = HOMES[name]
    return getattr(importlib.import_module(f"benchmarks.peers.{module}"), cls)


def make(name: str) -> Peer:
    return kind(name)()


def sources(name: str) -> list[bytes]:
    """The code that the peer's result was made by."""
    modules = (HOMES[name][0], *_SHARED) if name in HOMES else _SHARED
    return [(Path(__file__).parent / f"{module}.py").read_bytes() for module in modules]
