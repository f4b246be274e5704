"""How a field of our row is made from a row of theirs: text with `{row.a.0.b}`, `{path.model}` and the like in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

_HOLE = re.compile(r"\{(\w+(?:\.[^{}|]+)?)(\|sha1)?\}")
ROOTS = frozenset({"row", "path", "text", "prompt"})


def render(template: str | Sequence[str], values: Mapping[str, Any]) -> str:
    """The text that `template` makes of `values`; of several, the first that makes any.

    A hole names a value (`row`, `path`, `text`, `prompt`) and, by dots, what is within it: keys, or numbers in lists.
    A list of parts of a message is the text in it. `|sha1` takes the first twelve digits of its hash. Where a
    hole finds nothing, the whole is empty.
    """
    if not isinstance(template, str):
        return next(filter(None, (render(one, values) for one in template)), "")
    out, at = [], 0
    for hole in _HOLE.finditer(template):
        found = _as_text(_within(values, hole.group(1).split(".")))
        if not found:
            return ""
        out += [template[at : hole.start()], _sha1(found) if hole.group(2) else found]
        at = hole.end()
    return "".join(out) + template[at:]


def holes(template: str | Sequence[str]) -> set[str]:
    """The values that a template takes from."""
    parts = [template] if isinstance(template, str) else template
    return {hole.group(1).split(".")[0] for part in parts for hole in _HOLE.finditer(part)}


def _within(value: Any, keys: list[str]) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, Mapping)]
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _sha1(text: str) -> str:
    # Names a prompt, as the corpora that we were given do; nothing is kept safe by it.
    return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:12]
