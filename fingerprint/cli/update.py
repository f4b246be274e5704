"""`fingerprint update`"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import completion, options
from fingerprint.cli.options import command_line
from fingerprint.cli.terminal import FEATURES, Progress, resumable
from fingerprint.errors import MissingExtra

if TYPE_CHECKING:
    from fingerprint.training.update.run import Outcome

# Not in the lineage: where and how fast.
_UNRECORDED = ("model", "corpora", "out", "jobs", "scheduler", "cache", "form")


@click.command("update")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New model folder, or MODEL itself.")
@click.option(
    "--release",
    metavar="RELEASE",
    shell_complete=completion.releases,
    help="The release that wrote all responses.  [default: as CORPUS says]",
)
@options.encoder
@options.registry
@click.option("--force", is_flag=True, help="Write the updated model also if it is worse than MODEL.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="The same inputs and seed give the same bytes.  [default: that of MODEL]",
)
@options.jobs
@options.scheduler
@options.features_cache
@options.text_or_json
def command(model: Path, corpora: tuple[Path, ...], out: Path, form: str, **given: Any) -> None:
    """Add the releases of each CORPUS, or more responses of known releases, to MODEL. The update does not need the
    corpora that MODEL was trained on.

    A few responses of each new release are not learned: they join the regression set. MODEL and the updated model
    predict the regression set. If the updated model is worse, nothing is written, and the exit code is 3. If --out is
    MODEL, it is replaced in one step and kept as a version (fingerprint models).
    """
    need_training()
    from fingerprint.base.cluster import cluster
    from fingerprint.training.comparison import check_written
    from fingerprint.training.update.run import Settings, update

    settings = Settings(
        registry=given["registry"],
        release=given["release"],
        seed=given["seed"],
        jobs=given["jobs"],
        cache=given["cache"],
        force=given["force"],
        encoder=given["encoder"],
        command=command_line("update", corpora, click.get_current_context().params, _UNRECORDED),
    )
    with cluster(given["scheduler"]), resumable(FEATURES), Progress() as progress:
        outcome = update(model, list(corpora), out, settings, progress)
    click.echo(json.dumps(to_dict(outcome), indent=2) + "\n" if form == "json" else text(outcome), nl=False)
    check_written(outcome.comparison, outcome.written)
    if form == "text":
        click.echo(f"{printable(str(out))}: written")


def need_training() -> None:
    """Check that a model can be updated here.

    Raises:
        MissingExtra: What training needs is not installed.
    """
    try:
        import fingerprint.base.cluster
        import fingerprint.training.update.run  # noqa: F401
    except ImportError:
        raise MissingExtra("updating", "train") from None


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """Return what an update did, as JSON values."""
    return {**asdict(outcome), "comparison": outcome.comparison.to_dict()}


def text(outcome: Outcome) -> str:
    """Return what an update did, for people."""
    from fingerprint.report.models import render_comparison

    lines = [f"{outcome.responses:,} responses learned"]
    lines += [f"{count:,} left out: {printable(reason)}" for reason, count in outcome.left_out.items()]
    for what, names in (("new", outcome.new), ("known, with more responses now", outcome.more)):
        lines += [f"{what}: {printable(', '.join(names))}"] if names else []
    if outcome.out_of_domain:
        lines += [
            f"out-of-domain, or too few responses to tell: {printable(', '.join(outcome.out_of_domain))}",
            "  These releases are recognised only in this corpus. Retrain to recognise them elsewhere.",
        ]
    return "\n".join(lines) + "\n\n" + render_comparison(outcome.comparison.to_dict())
