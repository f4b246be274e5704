"""`fingerprint corpora add-release`"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options


@click.command("add-release")
@click.argument("release")
@click.option("--lab", help="The lab's name in the registry, such as openai; finetune:NAME for a tuner.")
@click.option("--family", help="Such as gpt-5.")
@click.option("--line", help="Which of the lab's lines it belongs to.  [default: that of its family]")
@click.option("--released", metavar="YYYY-MM", help="When it came out.  [default: not known]")
@click.option("--kind", type=click.Choice(["lab", "base", "finetune"]), help="[default: lab]")
@click.option("--alias", "aliases", multiple=True, help="A name that sources use; repeatable.")
@click.option("--lab-name", help="The name for people of a lab that the registry does not have yet.")
@click.option("--registry", type=click.Path(path_type=Path), help="[default: the one that ships]")
@options.text_or_json
def command(
    release: str, lab: str | None, family: str | None, line: str | None, released: str | None, kind: str | None,
    aliases: tuple[str, ...], lab_name: str | None, registry: Path | None, form: str,
) -> None:  # fmt: skip
    """Add RELEASE to the registry, or aliases to a release that it has.

    Nothing is written where the registry would not be whole with it: names that stand for another release, a lab
    that it does not have, a month still to come.
    """
    from fingerprint.base.files import data_dir
    from fingerprint.corpora.add_release import New, add_release

    path = registry or data_dir("corpora") / "releases.csv"
    entry = add_release(path, New(release, lab, family, line, released, kind, aliases, lab_name))
    if form == "json":
        click.echo(json.dumps(dataclasses.asdict(entry), indent=2, ensure_ascii=False))
        return
    named = f", also {', '.join(entry.aliases)}" if entry.aliases else ""
    about = f"{entry.lab}, family {entry.family}, line {entry.line}, released {entry.released or '(not known)'}"
    click.echo(printable(f"{path}: {entry.release} ({about}, {entry.kind}{named})"))
