"""`fingerprint train`"""

from __future__ import annotations

import re
from pathlib import Path

import click

from fingerprint.cli import options
from fingerprint.cli.options import command_line
from fingerprint.cli.terminal import FEATURES, Progress, resumable
from fingerprint.errors import MissingExtra
from fingerprint.report.comparison import render

_NOT_TOLD = ("corpora", "out", "name", "jobs", "scheduler", "cache")


def _month(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise click.BadParameter("expected YYYY-MM, such as 2026-02")
    return value


@click.command("train")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Model folder to write.")
@options.registry
@click.option("--released-before", metavar="YYYY-MM", callback=_month, help="Only what was released before this month.")
@click.option(
    "--exclude-release", multiple=True, metavar="RELEASE", help="Leave out with all its variants; repeatable."
)
@click.option("--exclude-lab", multiple=True, metavar="LAB", help="Leave out with all its releases; repeatable.")
@click.option("--encoder", metavar="NAME|PATH", help="A sentence-transformers model.  [default: train a static one]")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Same inputs, same seed: same bytes.",
)
@options.jobs
@options.scheduler
@options.features_cache
@click.option("--name", help="Name of the model.  [default: that of its folder]")
@click.option("--replace", is_flag=True, help="Take the place of the model at --out, unless the new one is worse.")
@click.option("--force", is_flag=True, help="With --replace: also if it is worse.")
def command(
    corpora: tuple[Path, ...], out: Path, registry: Path | None, released_before: str | None,
    exclude_release: tuple[str, ...], exclude_lab: tuple[str, ...], encoder: str | None, seed: int, jobs: int,
    scheduler: str | None, cache: Path | None, name: str | None, replace: bool, force: bool,
) -> None:  # fmt: skip
    """Train a model on each CORPUS, a file or folder of parquet or JSON lines with "response" and "release".

    Interrupted, it goes on where it was when the same command is given again: features are kept by content. The
    day in the model is that of SOURCE_DATE_EPOCH where it is set. With --replace, the new model and the one at --out
    are asked about responses that neither has learned; if the new one is worse, nothing is changed and the exit code
    is 3, and if not, the old one is kept (fingerprint models).
    """
    if force and not replace:
        raise click.UsageError("--force goes with --replace")
    try:
        from fingerprint.base.cluster import cluster
        from fingerprint.cli.comparison import check_written
        from fingerprint.training.retrain import retrain
        from fingerprint.training.run import Settings, train
    except ImportError:
        raise MissingExtra("training", "train") from None
    settings = Settings(
        registry,
        released_before,
        exclude_release,
        exclude_lab,
        encoder,
        seed,
        jobs,
        cache,
        name or out.resolve().name,
        command_line("train", corpora, click.get_current_context().params, _NOT_TOLD),
    )
    with cluster(scheduler), resumable(FEATURES), Progress() as progress:
        if replace:
            comparison, written = retrain(list(corpora), out, settings, force, progress)
        else:
            train(list(corpora), out, settings, progress)
    if replace and comparison:
        click.echo(render(comparison.to_dict()), nl=False)
        check_written(comparison, written)
    elif replace:
        click.echo("not compared: the old model learned what the new one held back")
    click.echo(f"{out}: written")
