"""AlpacaEval's `model_outputs.json`: a list of instruction, output, generator."""

from __future__ import annotations

from collections.abc import Iterator

from fingerprint.corpora.importing.found import Found, Item, as_text, content

NAME = "AlpacaEval outputs"


def fits(item: Item) -> bool:
    """See Format."""
    return {"instruction", "output", "generator"} <= item.keys()


def read(item: Item) -> Iterator[Found]:
    """See Format."""
    yield Found(content(item["output"]), as_text(item["generator"]), content(item["instruction"]))
