"""Names and sentences as text output shows them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from fingerprint.base.escaping import printable
from fingerprint.model.verdict import UNKNOWN


class Names:
    """Display names of labs, safe to show."""

    def __init__(self, labs: Mapping[str, str]):
        self._labs = labs

    def __call__(self, lab: str) -> str:
        return "unknown lab" if lab == UNKNOWN else printable(self._labs.get(lab, lab))


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most `width` columns, but never under 40, after the first indented once more."""
    return textwrap.wrap(
        text, max(width, 40), initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False
    )
