"""Options that several verbs have, with the same words for the same thing."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fingerprint.model.verdict import FALSE_ATTRIBUTIONS

# As in fingerprint.collect.asking, which a --help shall not wait for; a test compares them.
TIMEOUT = 180.0

model = click.option("--model", type=click.Path(path_type=Path), help="Model folder.  [default: the one that ships]")
encoder = click.option(
    "--encoder", metavar="NAME", help="Let MODEL load this sentence-transformers model, which it was trained with."
)
registry = click.option(
    "--registry", type=click.Path(path_type=Path), help="Registry of releases.  [default: the one that ships]"
)
jobs = click.option(
    "--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes.  [default: one a core]"
)
scheduler = click.option(
    "--scheduler", metavar="ADDRESS", help="Dask scheduler, such as tcp://HOST:8786: its workers do the work of --jobs."
)
features_cache = click.option(
    "--cache", type=click.Path(path_type=Path), help="Where features are kept.  [default: the user's cache]"
)
text_or_json = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)

candidates = click.option("--candidates", metavar="LAB,...", help="Ask only about these labs.")
top = click.option("--top", type=click.IntRange(min=1), help="Rows of each ranking.  [default: 5 in text, all in JSON]")
false_attributions = click.option(
    "--false-claims", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=FALSE_ATTRIBUTIONS,
    show_default=True, help="Share of claims that may be wrong.",
)  # fmt: skip
style_only = click.option("--style-only", is_flag=True, help="Leave out token counts and self-given names.")

base_url = click.option("--base-url", metavar="URL", help="Address in place of the provider's own; the key goes there.")
answers = click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the answers."
)
max_cost = click.option(
    "--max-cost", type=click.FloatRange(0, min_open=True), metavar="USD", help="Stop before it costs more."
)
timeout = click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=TIMEOUT, show_default=True,
    help="Seconds for one request.",
)  # fmt: skip
