"""The peers by their short names, imported when they are used: one must not pay for another's packages."""

from __future__ import annotations

import importlib
from pathlib import Path

from benchmarks.peers.peer import Peer

PEERS = {
    "svm": ("linear", "TfidfSvm"),
    "logistic": ("linear", "TfidfLogistic"),
    "pan": ("linear", "Pan"),
    "delta": ("delta", "Delta"),
    "fasttext": ("fast", "FastText"),
    "minilm-centroid": ("minilm", "MiniLMCentroid"),
    "minilm-logistic": ("minilm", "MiniLMLogistic"),
    "stealth": ("stealth", "Stealth"),
}
# The modules that every peer's result depends on, beside its own.
_SHARED = ("peer", "cases", "child")


def kind(name: str) -> type[Peer]:
    module, cls = PEERS[name]
    found: type[Peer] = getattr(importlib.import_module(f"benchmarks.peers.{module}"), cls)
    return found


def make(name: str) -> Peer:
    return kind(name)()


def sources(name: str) -> list[bytes]:
    """Return the code that a peer's result depends on."""
    modules = (PEERS[name][0], *_SHARED) if name in PEERS else _SHARED
    return [(Path(__file__).parent / f"{module}.py").read_bytes() for module in modules]
