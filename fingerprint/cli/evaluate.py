"""`fingerprint evaluate`"""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, Unpack

import click

from fingerprint.base.files import data_dir
from fingerprint.cli import options
from fingerprint.cli.options import command_line
from fingerprint.cli.terminal import Progress, resumable
from fingerprint.errors import MissingExtra
from fingerprint.evaluation.protocols import names


class _Options(TypedDict):
    model: Path | None
    encoder: str | None
    protocol: tuple[str, ...]
    quick: bool
    registry: Path | None
    seed: int
    jobs: int
    cache: Path | None


@click.command("evaluate")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@options.model
@options.encoder
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for report.html, .json and .md.")
@click.option(
    "--protocol",
    multiple=True,
    metavar="NAME",
    type=click.Choice(names()),
    help=f"Repeatable: {', '.join(names())}.  [default: all]",
)
@click.option("--quick", is_flag=True, help="Use a smaller sample: minutes instead of an hour, wider intervals.")
@options.registry
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws the sample, folds and bootstrap."
)
@options.jobs
@click.option("--cache", type=click.Path(path_type=Path), help="Folder for finished work.  [default: the user's cache]")
def command(corpora: tuple[Path, ...], out: Path, **given: Unpack[_Options]) -> None:
    """Report how often a model is right, on which cases, and how often an attribution is wrong.

    Each CORPUS is a file or folder of parquet or JSON lines with "response" and "release". A corpus that the model
    was trained on is tested in folds: by models that are trained like it, without the test cases. Any other corpus is
    tested on the model itself (external-test). An interrupted command continues where it was if you give it again.
    """
    try:
        from fingerprint.evaluation.config import FULL, QUICK
        from fingerprint.evaluation.run import Settings, evaluate
    except ImportError:
        raise MissingExtra("evaluating", "evaluate") from None
    settings = Settings(
        model=given["model"] or data_dir("models") / "default",
        registry=given["registry"],
        protocols=given["protocol"],
        config=QUICK if given["quick"] else FULL,
        seed=given["seed"],
        jobs=given["jobs"],
        cache=given["cache"],
        command=command_line("evaluate", corpora, click.get_current_context().params, ("corpora", "jobs", "cache")),
        encoder=given["encoder"],
    )
    with resumable(), Progress() as progress:
        report = evaluate(list(corpora), out, settings, progress)
    for line in report["summary"]["headline"]:
        click.echo(line["text"])
    click.echo(f"{out}: report.html, report.json and report.md written")
