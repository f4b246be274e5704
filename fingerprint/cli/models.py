"""`fingerprint models`"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click

from fingerprint.base.escaping import printable
from fingerprint.base.locations import data_dir
from fingerprint.cli import options


@click.group("models")
def command() -> None:
    """List, show and bring back the versions of a model.

    Where a model is updated in place or replaced, the one that was there is kept beside it, in a folder of the same
    name that ends in ".versions". A version is named by the sha256 of its manifest, or as much of it as is unique.
    """


def _format(verb: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
        help="Text for people or JSON.",
    )(verb)  # fmt: skip


def _folder(model: Path | None) -> Path:
    return model or data_dir("models") / "default"


@command.command("list")
@options.model
@_format
def list_(model: Path | None, form: str) -> None:
    """The model in use and the versions before it, the last replaced first."""
    from fingerprint.report.models import table
    from fingerprint.store.versions import versions

    rows = [{"current": v.current, **v.described()} for v in versions(_folder(model))]
    click.echo(json.dumps(rows, indent=2) + "\n" if form == "json" else table(rows), nl=False)


@command.command("show")
@click.argument("version", required=False)
@options.model
@_format
def show(version: str | None, model: Path | None, form: str) -> None:
    """What a VERSION was made from, step by step.  [default: the one in use]"""
    from fingerprint.report.models import lineage
    from fingerprint.store.versions import find, identity

    folder = _folder(model)
    known = find(folder, version or identity(folder)).described()
    click.echo(json.dumps(known, indent=2) + "\n" if form == "json" else lineage(known), nl=False)


@command.command("use")
@click.argument("version")
@options.model
def use(version: str, model: Path | None) -> None:
    """Put VERSION in place of the one in use, which is kept."""
    from fingerprint.store import versions

    folder = _folder(model)
    _say(folder, versions.use(folder, version))


@command.command("rollback")
@options.model
def rollback(model: Path | None) -> None:
    """Put back the version that the one in use was made to replace."""
    from fingerprint.store import versions

    folder = _folder(model)
    _say(folder, versions.rollback(folder))


@command.command("migrate")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New model folder.")
def migrate(model: Path, out: Path) -> None:
    """Write MODEL, of an older schema, to a new folder in the present one. Its verdicts stay the same."""
    from fingerprint.store.format import SCHEMA
    from fingerprint.store.maintenance import migrate as write

    schema = write(model, out)
    click.echo(f"{printable(str(out))}: schema {SCHEMA} written, from schema {schema} of {printable(str(model))}")


def _say(folder: Path, sha256: str) -> None:
    click.echo(f"{printable(str(folder))}: {sha256} in use")
