"""`fingerprint evaluate`"""

from __future__ import annotations

from pathlib import Path

import click

from fingerprint.base.files import data_dir
from fingerprint.cli import options
from fingerprint.cli.options import command_line
from fingerprint.cli.terminal import Progress, resumable
from fingerprint.errors import MissingExtra

# As in fingerprint.evaluation.protocols, which a --help shall not wait for; a test compares them.
PROTOCOLS = (
    "same-set",
    "other-set",
    "unseen-release",
    "at-the-time",
    "unknown-lab",
    "perturbed",
    "by language and domain",
    "controls",
)


@click.command("evaluate")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@options.model
@options.encoder
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for report.html, .json and .md.")
@click.option("--protocol", multiple=True, type=click.Choice(PROTOCOLS), help="Repeatable.  [default: all]")
@click.option("--quick", is_flag=True, help="A stated sample: the same report within minutes, with wider intervals.")
@options.registry
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of sample, folds and bootstrap."
)
@options.jobs
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Where what is done is kept.  [default: the user's cache]"
)
def command(
    corpora: tuple[Path, ...], model: Path | None, encoder: str | None, out: Path, protocol: tuple[str, ...],
    quick: bool, registry: Path | None, seed: int, jobs: int, cache: Path | None,
) -> None:  # fmt: skip
    """Report how often a model is right, on what, and how often a claim is wrong.

    Each CORPUS is a file or folder of parquet or JSON lines with "response" and "release". Corpora that the model was
    trained on are asked about in folds, by models made like it without what is asked; others of the model itself.
    Interrupted, it goes on where it was when the same command is given again.
    """
    try:
        from fingerprint.evaluation.plan import FULL, QUICK
        from fingerprint.evaluation.run import Settings, evaluate
    except ImportError:
        raise MissingExtra("evaluating", "report") from None
    given = click.get_current_context().params
    settings = Settings(
        model or data_dir("models") / "default", registry, protocol or PROTOCOLS, QUICK if quick else FULL, seed, jobs,
        cache, command_line("evaluate", corpora, given, ("corpora", "jobs", "cache")), encoder,
    )  # fmt: skip
    with resumable(), Progress() as progress:
        report = evaluate(list(corpora), out, settings, progress)
    for line in report["summary"]["headline"]:
        click.echo(line["text"])
    click.echo(f"{out}: report.html, report.json and report.md written")
