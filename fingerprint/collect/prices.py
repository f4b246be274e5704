"""What models cost where their provider has no list of prices: a table that says where it has each from, and when."""

from __future__ import annotations

import json
from pathlib import Path

from fingerprint.base.files import data_dir
from fingerprint.collect.failure import Failure
from fingerprint.collect.provider import Price, Provider
from fingerprint.errors import InputError


async def price_of(provider: Provider, model: str) -> Price | None:
    """By the provider's own list, else by the table, else unknown. Raises InputError."""
    try:
        listed = await provider.price(model)
    except Failure:
        # Whether the model can be asked is for the questions to show.
        listed = None
    return listed or tabled(provider.base_url, model)


def tabled(base_url: str, model: str, path: Path | None = None) -> Price | None:
    """The table's price at an address; elsewhere the same name may cost anything."""
    path = path or data_dir("corpora") / "prices.json"
    try:
        for page in json.loads(path.read_text(encoding="utf-8"))["addresses"].get(base_url, []):
            if model in page["models"]:
                sent, written = page["models"][model]
                return Price(sent / 1e6, written / 1e6, source=f"{path.name}, as of {page['as_of']}: {page['source']}")
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(str(path), f"is not the table of prices ({type(error).__name__}: {error})") from None
