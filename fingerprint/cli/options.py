"""Options that several verbs share, and the command line as it was given."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import click

from fingerprint.model.verdict import FALSE_ATTRIBUTIONS

# The same as in fingerprint.collect.asking, which --help does not import; a test compares them.
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
    "--false-attributions",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=FALSE_ATTRIBUTIONS,
    show_default=True,
    help="Share of attributions that may name a wrong lab.",
)
style_only = click.option("--style-only", is_flag=True, help="Leave out token counts and self-identification.")

base_url = click.option(
    "--base-url", metavar="URL", help="Address in place of the provider's own; it receives the key."
)
answers = click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the answers."
)
max_cost = click.option(
    "--max-cost", type=click.FloatRange(0, min_open=True), metavar="USD", help="Stop before it costs more."
)
timeout = click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=TIMEOUT,
    show_default=True,
    help="Seconds for one request.",
)


def command_line(
    verb: str, arguments: Iterable[object], options: Mapping[str, object], left_out: Collection[str]
) -> str:
    """Return the command that was given, for the record of what it made.

    Args:
        verb: Its name.
        arguments: Its arguments.
        options: The values by the names of their parameters; None, False and () mean that it was not given.
        left_out: Parameters that say where and how fast, and nothing about what is made.

    Returns:
        The command, quoted for a shell.
    """
    words = ["fingerprint", verb, *map(str, arguments)]
    for name, value in options.items():
        if name in left_out or value is None or value is False or value == ():
            continue
        option = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, tuple) else (value,):
            words += [option] if one is True else [option, str(one)]
    return shlex.join(words)
