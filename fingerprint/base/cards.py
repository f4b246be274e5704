"""What the cards of models and data sets share: tables of hostile names, and licences as the Hub names them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fingerprint.base.escaping import printable

# Of the Hub's identifiers those that corpora and models have; any other licence is "other" there.
_IDENTIFIER = re.compile(
    r"apache-2\.0|mit|isc|zlib|unlicense|wtfpl|bsd-[23]-clause|bsl-1\.0|mpl-2\.0|epl-2\.0|eupl-1\.[12]|openrail"
    r"|[al]?gpl-[23]\.0|lgpl-2\.1|gfdl|cc0-1\.0|cc-by(-nc)?(-sa|-nd)?-[34]\.0|odbl|odc-by|pddl"
    r"|cdla-(permissive-[12]|sharing-1)\.0"
)
# What begins code, emphasis, links, images, cells, HTML or entities anywhere in a line.
_MARKUP = re.compile(r"[\\`*\[\]|<&]")
# What SPDX appends, and the Hub does not.
_ENDINGS = ("-or-later", "-only")


def markdown_table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table; every value is shown as `markdown_cell` shows it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(markdown_cell, line)) + " |" for line in lines)


def markdown_cell(value: object) -> str:
    """Return a value as text for Markdown, "-" for None and the empty text.

    Names come from other people's files: none of them ends its cell, its line or the text around it, or shows an image.

    Examples:
        >>> from fingerprint.base.cards import markdown_cell
        >>> print(markdown_cell("![a](b) <c> d\\\\|e"), markdown_cell(""))
        !\\[a\\](b) &#60;c> d\\\\\\|e -
    """
    text = "-" if value is None or value == "" else printable(str(value))
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};" if found[0] in "<&" else f"\\{found[0]}", text)


def hub_licences(stated: Iterable[str]) -> list[str]:
    """Return the values of `license` in the front matter of a card, one or more.

    Args:
        stated: Licences as sources state them; empty where one states none.

    Returns:
        The identifiers if the Hub knows all, "unknown" if none is stated, else "other".

    Examples:
        >>> from fingerprint.base.cards import hub_licences
        >>> hub_licences(["Apache-2.0"]), hub_licences(["MIT", "GPL-3.0-or-later"]), hub_licences(["MIT", ""])
        (['apache-2.0'], ['gpl-3.0', 'mit'], ['other'])
    """
    names = {_identifier(one) for one in stated}
    if names <= {""}:
        return ["unknown"]
    if not all(map(_IDENTIFIER.fullmatch, names)):
        return ["other"]
    return sorted(names)


def _identifier(stated: str) -> str:
    name = stated.strip().lower()
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return "" if name.split()[:1] == ["none"] else name
