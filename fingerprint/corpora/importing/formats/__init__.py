"""Forms of items that other tools write, a module each."""

from __future__ import annotations

from fingerprint.corpora.importing.formats import (
    alpaca_eval,
    anthropic_batch,
    arena_battle,
    inspect_log,
    lm_eval,
    model_answer,
    openai_batch,
    ours,
    sharegpt,
)
from fingerprint.corpora.importing.found import Format

# The most telling first: ours fits much.
FORMATS: tuple[Format, ...] = (
    inspect_log,
    openai_batch,
    anthropic_batch,
    arena_battle,
    model_answer,
    alpaca_eval,
    lm_eval,
    sharegpt,
    ours,
)
