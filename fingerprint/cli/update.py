"""`fingerprint update`"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.command import command_line
from fingerprint.cli.interrupt import FEATURES, resumable
from fingerprint.cli.progress import Progress
from fingerprint.errors import MissingExtra
from fingerprint.report.comparison import render

if TYPE_CHECKING:
    from fingerprint.training.update.run import Outcome

_NOT_TOLD = ("model", "corpora", "out", "jobs", "scheduler", "cache", "form")


@click.command("update")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New model folder, or MODEL itself.")
@click.option("--release", metavar="RELEASE", help="Which release wrote all responses.  [default: the corpora say it]")
@options.encoder
@options.registry
@click.option("--force", is_flag=True, help="Also if the new model is worse than MODEL.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same inputs: same bytes.")
@options.jobs
@options.scheduler
@options.features_cache
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="Text for people or one JSON object.",
)  # fmt: skip
def command(
    model: Path, corpora: tuple[Path, ...], out: Path, release: str | None, encoder: str | None, registry: Path | None, force: bool,
    seed: int, jobs: int, scheduler: str | None, cache: Path | None, form: str,
) -> None:  # fmt: skip
    """Add the releases of each CORPUS, or more responses of known ones, to MODEL, without what it was trained on.

    A few responses of each new release are held back, and MODEL and the new model are asked about these and about
    those that were held back before. If the new model is worse, nothing is written and the exit code is 3. Where
    --out is MODEL, it is replaced in one step and kept (fingerprint models).
    """
    try:
        from fingerprint.base.cluster import cluster
        from fingerprint.cli.comparison import check_written
        from fingerprint.training.update.run import Settings, update
    except ImportError:
        raise MissingExtra("updating", "train") from None
    told = command_line("update", corpora, click.get_current_context().params, _NOT_TOLD)
    settings = Settings(registry, release, seed, jobs, cache, force, told, encoder)
    with cluster(scheduler), resumable(FEATURES), Progress() as progress:
        outcome = update(model, list(corpora), out, settings, progress)
    click.echo(_json(outcome) if form == "json" else _text(outcome), nl=False)
    check_written(outcome.comparison, outcome.written)
    if form == "text":
        click.echo(f"{printable(str(out))}: written")


def _json(outcome: Outcome) -> str:
    return json.dumps({**asdict(outcome), "comparison": outcome.comparison.to_dict()}, indent=2) + "\n"


def _text(outcome: Outcome) -> str:
    lines = [f"{outcome.responses:,} responses learned"]
    lines += [f"{count:,} left out: {reason}" for reason, count in outcome.left_out.items()]
    for what, names in (("new", outcome.new), ("known, with more responses now", outcome.more)):
        lines += [f"{what}: {printable(', '.join(names))}"] if names else []
    if outcome.later:
        lines += [
            f"off the model's training ground, or too few to tell: {printable(', '.join(outcome.later))}",
            "  There it knows these releases alone; elsewhere a new one among them is no more than one of its lab.",
            "  A full training makes a corpus ground for all.",
        ]
    return "\n".join(lines) + "\n\n" + render(outcome.comparison.to_dict())
