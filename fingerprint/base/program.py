"""Which program this is: what was made by one version may differ from what another makes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import fingerprint


def code_hash() -> str:
    """Of the package's modules, but for those that only show what was made."""
    digest = hashlib.sha256()
    package = Path(fingerprint.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if not {"report", "cli"} & set(path.relative_to(package).parts):
            digest.update(path.read_bytes())
    return digest.hexdigest()
