"""`fingerprint corpora import`"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import completion, options
from fingerprint.cli.terminal import Progress
from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from fingerprint.corpora.importing import Imported, Understood

_SHOWN = 70


@click.command("import")
@click.argument("source", metavar="FILE|DATASET")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Parquet or JSON lines file to write.")
@click.option(
    "--release", shell_complete=completion.releases, help="Whose the responses are, where the file does not say."
)
@click.option("--rename", multiple=True, metavar="NAME=RELEASE", help="What a name in the file stands for; repeatable.")
@click.option("--skip-unknown", is_flag=True, help="Leave out rows of names that the registry does not know.")
@options.format_in
@options.column
@options.parts
@click.option("--split", default="train", show_default=True, help="Of a data set of the Hugging Face Hub.")
@click.option("--revision", help="Of a data set of the Hugging Face Hub: a commit.")
@click.option("--corpus", help="The corpus' name.  [default: that of the file written]")
@click.option("--language", default="", help="Of the responses (ISO 639), where the file does not say.")
@click.option("--domain", default="", help="Of the prompts, such as chat or code.")
@click.option("--licence", default="", help="Kept in parquet files.")
@options.registry
@options.text_or_json
def command(source: str, out: Path, rename: tuple[str, ...], form: str, **given: Any) -> None:
    """Turn what other tools wrote into a corpus.

    Knows the formats of docs/formats.md by their content: answers of APIs, chats, logs of coding agents and of
    evaluations, tables; and data sets of the Hugging Face Hub (OWNER/NAME).
    """
    from fingerprint.corpora.importing import Labelling, Source, Target, import_rows, understand
    from fingerprint.data.containers import Place
    from fingerprint.data.registry import Registry

    licence, release = given["licence"], given["release"]
    if licence and out.suffix != ".parquet":
        raise FingerprintError(f"--licence: {out} is no parquet file, which alone keeps it")
    read = options.reading(given["format_in"], given["columns"], given["parts"])
    whence = Source(Place(source, given["split"], given["revision"]), read)
    found = understand(whence)
    if form == "text":
        _show(source, found)
    if release is None and any(not one.model for one in found.sample):
        release = _ask(source)
    labelling = Labelling(
        Registry.load(given["registry"]),
        release,
        _pairs("--rename", rename),
        given["skip_unknown"],
        given["language"],
        given["domain"],
    )
    target = Target(out, given["corpus"] or out.name.split(".")[0], {"licence": licence, "source": source})
    with Progress() as progress:
        done = import_rows(whence, target, labelling, progress)
    if form == "json":
        sample = [dataclasses.asdict(one) for one in found.sample]
        click.echo(json.dumps({"file": str(out)} | vars(found) | {"sample": sample} | vars(done), indent=2))
    else:
        _say(out, done)


def _pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(one.partition("=")[::2] for one in given)
    for name, value in pairs.items():
        if not name or not value:
            raise FingerprintError(f"{option}: expected two names with = between them")
    return pairs


def _show(source: str, found: Understood) -> None:
    columns = ", ".join(f"{field} from {' and '.join(names)}" for field, names in found.columns.items())
    click.echo(printable(f"{source}: {found.form}{f' ({columns})' if columns else ''}"))
    for one in found.sample:
        click.echo(printable(f"  model     {one.model or '(not said)'}"))
        if one.prompt or one.prompt_id:
            click.echo(printable(f"  prompt    {_short(one.prompt or one.prompt_id)}"))
        click.echo(printable(f"  response  {_short(one.text)}"))


def _short(text: str) -> str:
    line = " ".join(text[: 4 * _SHOWN].split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."


def _ask(source: str) -> str:
    if not sys.stdin.isatty():
        raise FingerprintError(f"{source}: does not say whose the responses are; name the release with --release")
    return str(click.prompt("Whose are the responses? Release", err=True))


def _say(out: Path, done: Imported) -> None:
    releases = f"{len(done.releases):,} release" + ("" if len(done.releases) == 1 else "s")
    click.echo(printable(f"read: {done.summary}"))
    for warning in done.warnings:
        click.echo(f"warning: {warning}")
    for why, count in done.left_out.items():
        click.echo(f"left out: {count:,} {why}")
    click.echo(printable(f"{out}: {done.releases.total():,} responses of {releases} written"))
