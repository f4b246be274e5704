"""A verdict for programs, and the JSON Schema of it (docs/verdict.schema.json)."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from typing import Any

from fingerprint.model import verdict as parts
from fingerprint.model.verdict import SCHEMA, Verdict

_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.M)
# The keys whose values are shares and probabilities.
_SHARES = {
    "probability",
    "share",
    "prior",
    "coverage",
    "likely_coverage",
    "set_coverage",
    "lab_error",
    "attribution_error",
    "likely_error",
    "likely_errors",
    "list_coverage",
    "list_error",
    "false_attributions",
    "false_rate",
    "wrong",
    "wrong_by_style",
}
# What `fingerprint probe` adds to a verdict; docs/probing.md describes it.
_PROBE = {
    "description": "What `fingerprint probe` asked: the counts of `fingerprint collect`, and why it stopped.",
    "type": "object",
    "required": ["stopped", "given_up", "note"],
    "properties": {
        "stopped": {"type": "string", "description": "Why no other prompt was asked."},
        "given_up": {"type": "boolean", "description": "Whether the provider gave no more answers."},
        "note": {
            "type": ["string", "null"],
            "description": "What the model lacks to choose prompts, or null.",
        },
    },
}


def render_one(verdict: Verdict, top: int | None = None, indent: int | None = 2) -> str:
    """Return one JSON object in ASCII, which is harmless on a terminal too.

    Args:
        verdict: The verdict.
        top: Rows of families, releases and new releases; None for all.
        indent: Spaces a level; None for one line.
    """
    return json.dumps(verdict.to_dict(top), indent=indent, allow_nan=False)


def render_list(verdicts: Sequence[Verdict], top: int | None = None) -> str:
    """Return one JSON list in ASCII; `top` as in `render_one`."""
    return json.dumps([verdict.to_dict(top) for verdict in verdicts], indent=2, allow_nan=False)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a verdict and of a list of verdicts.

    It is made from the types and docstrings of `fingerprint.model.verdict`. It allows no other keys than those.
    """
    import msgspec

    _, definitions = msgspec.json.schema_components([Verdict], ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        text = inspect.cleandoc(getattr(parts, name).__doc__)
        definition["description"] = text.split("\n")[0]
        if "properties" in definition:
            _describe(definition, dict(_ATTRIBUTE.findall(text)))
    whole = definitions["Verdict"]
    whole["properties"] = {
        "schema": {"const": SCHEMA, "description": "Version of this form."},
        **whole["properties"],
        "probe": _PROBE,
    }
    whole["required"] = ["schema", *whole["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Output of fingerprint identify and fingerprint probe",
        "oneOf": [{"$ref": "#/$defs/Verdict"}, {"type": "array", "items": {"$ref": "#/$defs/Verdict"}}],
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def _describe(definition: dict[str, Any], attributes: dict[str, str]) -> None:
    """Close an object to other keys, and give each of its keys a description and its range."""
    definition["additionalProperties"] = False
    for key, value in definition["properties"].items():
        value["description"] = re.sub(r"\s+", " ", attributes[key])
        if key in _SHARES:
            value |= {"minimum": 0, "maximum": 1}
