"""Patterns of paths in a repository, which also say what a path's parts mean."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\*\*/|\*|<(\w+)(?::([\w|.\-]+))?>|\{([^{}]*)\}")


def compiled(pattern: str) -> re.Pattern[str]:
    """An expression that matches whole paths; its groups are the named parts.

    `*` is anything within a name, `**/` any folders or none, `{a,b}` one of these; `<name>` is anything within a
    name and `<name:a|b>` one of these, kept under that name. All match as little as they can.
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
