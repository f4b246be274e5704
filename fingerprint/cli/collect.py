"""`fingerprint collect`"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.errors import FingerprintError, MissingExtra
from fingerprint.report.escape import printable

if TYPE_CHECKING:
    from fingerprint.collect.plan import Job
    from fingerprint.collect.provider import Price
    from fingerprint.collect.tally import Tally

# As in fingerprint.collect.asking and .run, which a --help shall not wait for; a test compares them.
TIMEOUT = 180.0
GIVE_UP_AFTER = 10
INCOMPLETE = 1


@click.command("collect")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--probes", "set_name", required=True, metavar="SET", help="What to ask: a set's name, or a file.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the answers.")
@click.option("--base-url", metavar="URL", help="Address in place of the provider's own; the key goes there.")
@click.option("--draws", type=click.IntRange(min=1), help="Answers to each probe.  [default: as the probe says, or 1]")
@click.option("--temperature", type=click.FloatRange(min=0), help="[default: the provider's]")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), help="[default: the provider's]")
@click.option(
    "--max-tokens", type=click.IntRange(min=1), help="Of each answer.  [default: as the probe says, or 4096]"
)
@click.option("--system", metavar="TEXT", help="System prompt, in place of a probe's own.")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=TIMEOUT, show_default=True,
    help="Seconds for one request.",
)  # fmt: skip
@click.option(
    "--give-up-after", type=click.IntRange(min=1), default=GIVE_UP_AFTER, show_default=True,
    help="Leave a model when so many questions in a row failed, each after several tries.",
)  # fmt: skip
@click.option("--max-cost", type=click.FloatRange(0, min_open=True), metavar="USD", help="Stop before it costs more.")
@click.option("--dry-run", is_flag=True, help="Say how many requests and tokens, and what they may cost; ask nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    models: tuple[str, ...], set_name: str, out: Path, base_url: str | None, draws: int | None,
    temperature: float | None, top_p: float | None, max_tokens: int | None, system: str | None, timeout: float,
    give_up_after: int, max_cost: float | None, dry_run: bool, form: str,
) -> int:  # fmt: skip
    """Ask each MODEL (provider:model, such as openrouter:z-ai/glm-4.6) the probes, and keep the answers in --out, a
    file of JSON lines for each model, which `identify` and `train` read.

    The same command again goes on where it was, and asks once more what brought no answer. Keys come from the
    environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...). Exit code 1 if a model was given up or questions are left.
    """
    from fingerprint.collect.plan import How
    from fingerprint.collect.question import Sampling
    from fingerprint.records.probes import load_probes

    probes = load_probes(set_name)
    how = How(draws, Sampling(temperature, top_p), max_tokens, system)
    jobs = _jobs(models, lambda provider, model: _job(provider, model, probes, how, out, base_url), base_url)
    return asyncio.run(_run(jobs, out, timeout, give_up_after, max_cost, dry_run, form))
