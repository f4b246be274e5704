"""JSON of a model folder, read as the types of its documents; what is wrong is said with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from fingerprint.base.escaping import printable
from fingerprint.errors import ModelError

AGAIN = "copy or train the model again"

_ANY_KEY = "..."
_STEP = re.compile(r"\.([^.\[\]`]+)|\[(\d+|\.\.\.)\]")


def dump_json(value: object) -> bytes:
    """Return JSON with sorted keys; ValueError for NaN and infinities, TypeError for what is not JSON."""
    return (json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def parse_json(data: bytes, where: Path) -> Any:
    """Return JSON values; ModelError for what is not JSON with finite numbers."""
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        raise ModelError(printable(f"{where}: not JSON with finite numbers; {AGAIN}")) from None


def convert(value: object, kind: Any, file: Path) -> Any:
    """Return JSON values as a type of `fingerprint.store.documents`.

    Args:
        value: JSON values.
        kind: The type.
        file: Where they are from, for the error.

    Raises:
        ModelError: For a name, type or range that is wrong.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ModelError(printable(f"{file}: {_described(value, kind, error)}; {AGAIN}")) from None
    except RecursionError:
        raise ModelError(printable(f"{file}: nested too deep; {AGAIN}")) from None


def _described(value: Any, kind: Any, error: msgspec.ValidationError) -> str:
    what, _, path = str(error).partition(" - at `")
    steps = [name or index for name, index in _STEP.findall(path)]
    shown = ".".join(_named(value, kind, steps, str(error)))
    return f"{shown}{': ' if shown else ''}{what[:1].lower()}{what[1:]}"


def _named(value: Any, kind: Any, steps: Sequence[str], error: str) -> list[str]:
    """The path with the keys of dicts in it, which msgspec does not name: those that alone are refused as well.

    Refused in the same words: another place may hold the same fault.
    """
    done: list[str] = []
    for step in steps:
        if step == _ANY_KEY:
            alone = ((key, _only(value, done, key)) for key in list(_at(value, done)))
            step, value = next((found for found in alone if _refused(found[1], kind) == error), (step, value))
        done.append(step)
    return done


def _at(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def _only(value: Any, steps: Sequence[str], key: str) -> Any:
    """The value with nothing but one key in the dict at a path."""
    if not steps:
        return {key: value[key]}
    step, *rest = steps
    if isinstance(value, list):
        return [*value[: int(step)], _only(value[int(step)], rest, key), *value[int(step) + 1 :]]
    return {**value, step: _only(value[step], rest, key)}


def _refused(value: Any, kind: Any) -> str:
    """The error, empty for none."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return ""
