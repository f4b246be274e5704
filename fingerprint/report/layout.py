"""Names, lines and bars in plain characters, for text that a terminal, a mail or a log shows alike."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from fingerprint.base.escaping import printable
from fingerprint.model.verdict import NONE_OF_THESE, UNKNOWN

_RESTS = {UNKNOWN: "unknown lab", NONE_OF_THESE: "none of these"}
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_PROBABILITY = "{:5.1f} %"
# Narrower than this, words are cut in places where nobody can read them.
_LEAST_WIDTH = 40


class Names:
    """Display names of labs, safe to show.

    Args:
        labs: The display name of each lab by its key; a lab that is missing is shown by its key.
    """

    def __init__(self, labs: Mapping[str, str]):
        self._labs = labs

    def __call__(self, lab: str) -> str:
        return _RESTS.get(lab) or printable(self._labs.get(lab, lab))


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Return lines of at most `width` columns, but not under 40; those after the first are indented once more."""
    return textwrap.wrap(
        text,
        max(width, _LEAST_WIDTH),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )


def as_text(sections: Iterable[Sequence[str]], encoding: str) -> str:
    """Return sections of lines as one text, an empty line between them; empty sections are left out.

    Args:
        sections: Lines that are safe to show.
        encoding: Of the output; characters that it lacks are written as ASCII escapes.
    """
    text = "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def right(cells: Iterable[str], widths: Iterable[int]) -> str:
    """Return the cells of a table's row, each at the right of its column."""
    return "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 response" or "3 responses"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short_names(files: Sequence[str]) -> list[str]:
    """Return files without their folders, or as they are if two of them have the same name."""
    short = [PurePath(file).name or file for file in files]
    return short if len(set(short)) == len(short) else list(files)


def draws_blocks(encoding: str) -> bool:
    """Return whether `encoding` has the block characters that bars are drawn with."""
    try:
        _EIGHTHS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def bar(share: float, width: int, blocks: bool) -> str:
    """Return a bar for a `share` of 0 to 1, at most `width` columns; in `#` where there are no `blocks`."""
    share = min(max(share, 0.0), 1.0)
    if not blocks:
        return "#" * round(share * width)
    whole, eighth = divmod(round(share * width * 8), 8)
    return "█" * whole + _EIGHTHS[eighth].strip()


def columns(text: str) -> int:
    """Return how many terminal columns `text` takes."""
    return sum(_columns_of(char) for char in text)


def fit(text: str, width: int, ellipsis: str = "...") -> str:
    """Return `text` cut or padded to exactly `width` columns."""
    if columns(text) > width:
        room = max(width - len(ellipsis), 0)
        kept = ""
        for char in text:
            room -= _columns_of(char)
            if room < 0:
                break
            kept += char
        text = kept + ellipsis[:width]
    return text + " " * (width - columns(text))


def bars(rows: Sequence[tuple[str, float]], width: int, blocks: bool) -> list[str]:
    """Return one line for each (name, probability): name, per cent, bar."""
    names = min(max((columns(name) for name, _ in rows), default=0), max(width // 2, 8))
    room = max(width - names - len("    " + _PROBABILITY.format(0) + "  "), 4)
    return [
        f"  {fit(name, names)}  {_PROBABILITY.format(100 * share)}  {bar(share, room, blocks)}".rstrip()
        for name, share in rows
    ]


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
