"""The two small languages of manifests: patterns of paths in a repository, and templates of fields."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

_HOLE = re.compile(r"\{(\w+(?:\.[^{}|]+)?)(\|sha1)?\}")
_TOKEN = re.compile(r"\*\*/|\*|<(\w+)(?::([\w|.\-]+))?>|\{([^{}]*)\}")
ROOTS = frozenset({"row", "path", "text", "prompt"})


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of paths.

    Args:
        pattern: `*` is anything within a name, `**/` any folders or none, `{a,b}` one of these. `<name>` is anything
            within a name and `<name:a|b>` one of these, kept under that name. All match as little as they can.

    Returns:
        An expression that matches whole paths; its groups are the named parts.

    Examples:
        >>> compiled("answers/<model>__*.txt").fullmatch("answers/gpt-4__q1.txt").groupdict()
        {'model': 'gpt-4'}
    """
    out, at = [], 0
    for token in _TOKEN.finditer(pattern):
        out.append(re.escape(pattern[at : token.start()]))
        at = token.end()
        name, choices, either = token.groups()
        if token.group() == "**/":
            out.append("(?:[^/]+/)*?")
        elif token.group() == "*":
            out.append("[^/]*?")
        elif name:
            inner = "|".join(map(re.escape, choices.split("|"))) if choices else "[^/]+?"
            out.append(f"(?P<{name}>{inner})")
        else:
            out.append("(?:" + "|".join(map(re.escape, either.split(","))) + ")")
    out.append(re.escape(pattern[at:]))
    return re.compile("".join(out))


def render(template: str | Sequence[str], values: Mapping[str, Any]) -> str:
    """Return the text that a template makes of values.

    Args:
        template: Text with holes, or several such texts, of which the first that makes any text counts. A hole names a
            value (`row`, `path`, `text`, `prompt`) and, after dots, what is within it: keys, or indices of lists. A
            list of parts of a message stands for the text in it. `|sha1` takes the first twelve digits of the hash.
        values: The values.

    Returns:
        The text; empty if a hole finds nothing.

    Examples:
        >>> render("{row.turns.0} ({path.model})", {"row": {"turns": ["Hi"]}, "path": {"model": "m"}})
        'Hi (m)'
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
    """Return the names of the values that a template takes from."""
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
    # It names a prompt, as the first corpora did; nothing depends on its strength.
    return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:12]
