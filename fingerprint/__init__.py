"""Says which lab's language model wrote a set of responses, and how sure that is."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.estimator import FingerprintClassifier

__version__ = "0.1.0"
__all__ = ["Fingerprint", "FingerprintClassifier", "__version__"]

_HOMES = {"Fingerprint": "fingerprint.api", "FingerprintClassifier": "fingerprint.estimator"}


def __getattr__(name: str) -> Any:
    # The command line imports this package first, and must answer --help before numpy would be there.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
