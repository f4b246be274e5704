"""The command that was given, for the record of what it made."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping


def command_line(
    verb: str, arguments: Iterable[object], options: Mapping[str, object], left_out: Collection[str]
) -> str:
    """The command again. options: values by the names of their parameters, of which those that are None, False or
    empty were not given; left_out: names that say where and how fast, and nothing of what is made."""
    words = ["fingerprint", verb, *map(str, arguments)]
    for name, value in options.items():
        if name in left_out or value is None or value is False or value == ():
            continue
        option = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, tuple) else (value,):
            words += [option] if one is True else [option, str(one)]
    return shlex.join(words)
