"""A verdict for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fingerprint.model.verdict import Verdict


def render_one(verdict: Verdict, top: int | None = None, indent: int | None = 2) -> str:
    """Return one JSON object; with `indent=None` on one line.

    Escaping all but ASCII keeps the JSON harmless on a terminal too.
    """
    return json.dumps(verdict.to_dict(top), indent=indent, allow_nan=False)


def render_list(verdicts: Sequence[Verdict], top: int | None = None) -> str:
    """Return one JSON list."""
    return json.dumps([verdict.to_dict(top) for verdict in verdicts], indent=2, allow_nan=False)
