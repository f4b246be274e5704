"""Writes the page of all formats: python -m tests.data.formats_page docs/formats.md"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from fingerprint.data.cleaning import CUT, STEPS
from fingerprint.data.formats import FORMATS, Group
from fingerprint.data.message import Kind

_INTRODUCTION = """\
# Formats

Made from the program by `make docs`; a test compares.

`identify`, `verify`, `corpora import`, `train` and `update` read the same files. The reader knows a format by the
content of a file, not by its name. `--format-in NAME` takes a file for what it does not look like.

Every format may lie in a file that is packed with gzip or zstd, or come from standard input (`-`). JSON may be lines,
a list, or objects that follow each other; a list under `results`, `data` or a similar key is read as rows. A folder
stands for the files in it.

What the model wrote counts: its messages and its tool calls. What it was shown never does. A tool call is read as
`{"tool": ..., "arguments": {...}}`, with the name of the tool masked, and is a response of its own domain,
`tool-calls`. `--parts prose,code,tools` chooses what counts. Without it, prose and code count,
and tool calls are only counted, because the model that ships has not learned them.
"""
_COUNTED = """\
## Left out and counted

A row that holds no answer is never an error. The reader leaves it out and counts it by its reason:
"""
_CLEANED = """\
## Cleaned

Every text is cleaned, in files to identify and in files to train on. A step changes a text only where the damage is
certain, and the text output says for how many responses each step did what:
"""


def page() -> str:
    """docs/formats.md as it should be."""
    return "\n".join(_parts())


def _parts() -> Iterator[str]:
    yield _INTRODUCTION
    for group in Group:
        yield f"## {group}\n"
        yield "| `--format-in` | who writes it | known by | taken | left out |\n|---|---|---|---|---|"
        for form in FORMATS.values():
            if form.group is group:
                cells = (f"`{form.name}`", form.writer, form.known_by, form.taken, form.left_out)
                yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield ""
    yield _COUNTED
    yield from (f"- {kind.plural}" for kind in Kind)
    yield ""
    yield _CLEANED
    yield from (f"- {step.said}" for step in (*STEPS, CUT))
    yield ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
