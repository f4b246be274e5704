"""`fingerprint train`"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import completion, options
from fingerprint.cli.options import command_line
from fingerprint.cli.terminal import FEATURES, Progress, resumable
from fingerprint.errors import MissingExtra

# Not in the lineage: where and how fast, and what config.json of the model says.
_UNRECORDED = ("corpora", "out", "name", "jobs", "scheduler", "cache", "config_from", "seed", "encoder")


def _month(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise click.BadParameter("expected YYYY-MM, such as 2026-02")
    return value


@click.command("train")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Model folder to write.")
@options.registry
@click.option("--released-before", metavar="YYYY-MM", callback=_month, help="Use only releases from before this month.")
@click.option(
    "--exclude-release",
    multiple=True,
    metavar="RELEASE",
    shell_complete=completion.releases,
    help="Leave out with its group; repeatable.",
)
@click.option(
    "--exclude-lab",
    multiple=True,
    metavar="LAB",
    shell_complete=completion.labs,
    help="Leave out with all its releases; repeatable.",
)
@click.option(
    "--config",
    "config_from",
    metavar="FILE|MODEL",
    type=click.Path(path_type=Path),
    help="Hyper-parameters: a JSON file, or a model that was trained with them.  [default: those of the program]",
)
@click.option("--encoder", metavar="NAME|PATH", help="A sentence-transformers model.  [default: as the config says]")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="The same inputs and seed give the same bytes.  [default: as the config says]",
)
@options.jobs
@options.scheduler
@options.features_cache
@click.option("--name", help="Name of the model.  [default: that of its folder]")
@click.option("--licence", metavar="NAME", help="Licence of the model, such as apache-2.0, for its card.")
@click.option("--replace", is_flag=True, help="Replace the model at --out, unless the new one is worse.")
@click.option("--force", is_flag=True, help="With --replace: also if the new one is worse.")
def command(corpora: tuple[Path, ...], out: Path, config_from: Path | None, **given: Any) -> None:
    """Train a model on each CORPUS: files or folders of parquet or JSON lines with "response" and "release".

    After an interrupt, the same command goes on with the features that it has counted. The date in the model is that
    of SOURCE_DATE_EPOCH, if it is set. With --replace, the new model and the one at --out predict responses that
    neither has learned. If the new model is worse, nothing changes, and the exit code is 3. Otherwise the old model
    is kept as a version (fingerprint models).
    """
    if given["force"] and not given["replace"]:
        raise click.UsageError("--force goes with --replace")
    try:
        from fingerprint.base.cluster import cluster
        from fingerprint.config import Config
        from fingerprint.report.models import render_comparison
        from fingerprint.training.comparison import check_written
        from fingerprint.training.model import Settings
        from fingerprint.training.run import override, read_config, train, train_and_replace
    except ImportError:
        raise MissingExtra("training", "train") from None
    config = read_config(config_from) if config_from else Config()
    config = override(config, given["seed"], given["encoder"])
    settings = Settings(
        registry=given["registry"],
        released_before=given["released_before"],
        exclude_releases=given["exclude_release"],
        exclude_labs=given["exclude_lab"],
        jobs=given["jobs"],
        cache=given["cache"],
        name=given["name"] or out.resolve().name,
        licence=given["licence"] or "",
        command=command_line("train", corpora, click.get_current_context().params, _UNRECORDED),
    )
    with cluster(given["scheduler"]), resumable(FEATURES), Progress() as progress:
        if given["replace"]:
            comparison, written = train_and_replace(
                list(corpora), out, settings, config, progress, force=given["force"]
            )
        else:
            train(list(corpora), out, settings, config, progress)
    if given["replace"] and comparison:
        click.echo(render_comparison(comparison.to_dict()), nl=False)
        check_written(comparison, written)
    elif given["replace"]:
        click.echo("not compared: the old model has no regression set")
    click.echo(f"{printable(str(out))}: written")
