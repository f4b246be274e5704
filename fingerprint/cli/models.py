"""`fingerprint models`"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from fingerprint.base.escaping import printable
from fingerprint.base.files import data_dir
from fingerprint.cli import options


@click.group("models")
def command() -> None:
    """List what a model knows; list its versions and bring one back; share models on the Hugging Face Hub.

    A model that is updated in place or replaced is kept beside the new one, in a folder of the same name that ends in
    ".versions". VERSION is the sha256 of its manifest, or as many of its first digits as are unique.
    """


def _folder(model: Path | None) -> Path:
    return model or data_dir("models") / "default"


@command.command("list")
@options.model
@options.text_or_json
def list_(model: Path | None, form: str) -> None:
    """List the model in use, then its versions, the last replaced first."""
    from fingerprint.report.models import render_versions
    from fingerprint.store.versions import versions

    rows = [{"current": version.current, **version.described()} for version in versions(_folder(model))]
    click.echo(json.dumps(rows, indent=2) + "\n" if form == "json" else render_versions(rows), nl=False)


@command.command("show")
@click.argument("version", required=False)
@options.model
@options.text_or_json
def show(version: str | None, model: Path | None, form: str) -> None:
    """Show the lineage and the whole config of VERSION.  [default: the model in use]"""
    from fingerprint.report.models import render_model
    from fingerprint.store.versions import find, identity

    folder = _folder(model)
    found = find(folder, version or identity(folder))
    known = {**found.described(), "config": found.documents["config"]}
    click.echo(json.dumps(known, indent=2) + "\n" if form == "json" else render_model(known), nl=False)


@command.command("labs")
@options.model
@options.text_or_json
def labs(model: Path | None, form: str) -> None:
    """List the labs that the model knows: releases, dates, responses, how many are recognised, and domains."""
    from fingerprint.report.models import render_labs
    from fingerprint.store.folder import load
    from fingerprint.store.known import known_labs

    _list_known([asdict(lab) for lab in known_labs(load(_folder(model)))], render_labs, form)


@command.command("releases")
@options.model
@options.text_or_json
def releases(model: Path | None, form: str) -> None:
    """List the releases that the model knows: lab, date, responses, how many are recognised, and domains."""
    from fingerprint.report.models import render_releases
    from fingerprint.store.folder import load
    from fingerprint.store.known import known_releases

    _list_known([asdict(release) for release in known_releases(load(_folder(model)))], render_releases, form)


@command.command("use")
@click.argument("version")
@options.model
def use(version: str, model: Path | None) -> None:
    """Put VERSION in the place of the model in use, which is kept."""
    from fingerprint.store import versions

    folder = _folder(model)
    _say(folder, versions.use(folder, version))


@command.command("rollback")
@options.model
def rollback(model: Path | None) -> None:
    """Put back the version that the model in use replaced."""
    from fingerprint.store import versions

    folder = _folder(model)
    _say(folder, versions.rollback(folder))


@command.command("tree")
@options.model
@click.option(
    "--level", type=click.Choice(["lab", "release"]), default="lab", show_default=True, help="What the leaves are."
)
def tree(model: Path | None, level: str) -> None:
    """Print which labs or releases are alike in style, as a tree in the Newick format.

    Programs for phylogenies draw it. The label of a branch is its support, in per cent of bootstrap samples.
    """
    from fingerprint.api import Fingerprint

    click.echo(printable(Fingerprint.load(_folder(model)).tree(level).newick()))


@command.command("migrate")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New model folder.")
def migrate(model: Path, out: Path) -> None:
    """Write MODEL, of an older schema, to a new folder in the present one. The verdicts of both are the same."""
    from fingerprint.store.format import SCHEMA
    from fingerprint.store.maintenance import migrate as write

    schema = write(model, out)
    click.echo(f"{printable(str(out))}: schema {SCHEMA} written, from schema {schema} of {printable(str(model))}")


def _list_known(
    rows: list[dict[str, Any]], render: Callable[[Sequence[Mapping[str, Any]], Mapping[str, str]], str], form: str
) -> None:
    from fingerprint.data.registry import Registry

    click.echo(json.dumps(rows, indent=2) + "\n" if form == "json" else render(rows, Registry.load().labs), nl=False)


@command.command("push")
@click.argument("repository", metavar="OWNER/NAME")
@options.model
@click.option("--private", is_flag=True, help="If the repository is new, only its owner sees it.")
def push(repository: str, model: Path | None, private: bool) -> None:
    """Put the model into the repository OWNER/NAME of the Hugging Face Hub, which is made if there is none.

    The token comes from the environment variable HF_TOKEN. The model card becomes the page of the repository.
    """
    from fingerprint.store import hub

    click.echo(printable(hub.push(_folder(model), repository, private=private)))


@command.command("pull")
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New model folder.")
@click.option("--revision", help="A branch, tag or commit.  [default: the main branch]")
def pull(repository: str, out: Path, revision: str | None) -> None:
    """Fetch the model in the repository OWNER/NAME of the Hugging Face Hub, check it, and write it to a new folder.

    A private repository needs a token in the environment variable HF_TOKEN.
    """
    from fingerprint.store import hub

    commit = hub.pull(repository, out, revision)
    click.echo(printable(f"{out}: written, from commit {commit} of {repository}"))


def _say(folder: Path, sha256: str) -> None:
    click.echo(f"{printable(str(folder))}: {sha256} in use")
