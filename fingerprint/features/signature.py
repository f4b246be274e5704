"""A hash of what the features of a text are: two programs with the same hash make the same features of every text."""

from __future__ import annotations

import hashlib

import msgspec

from fingerprint.config import FeatureConfig
from fingerprint.data.names import mask_names
from fingerprint.features.ngrams import count

_SAMPLE = (
    "# Title\n\nI am Claude, made by Anthropic; 12 words — or “more”?\n- one item\n- another: `code`\n",
    "Как дела? 我是通义千问。 Don't say GPT-4o!\n\n| a | b |\n|---|---|\n",
)


def feature_signature(config: FeatureConfig) -> str:
    """Return the hash of the feature and cleaning code with this config, as hexadecimal digits."""
    found = hashlib.sha256(msgspec.json.encode(config))
    counts = count([mask_names(text) for text in _SAMPLE])
    for part in (counts.starts, counts.columns, counts.counts):
        found.update(part.tobytes())
    return found.hexdigest()
