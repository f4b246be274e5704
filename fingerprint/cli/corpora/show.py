"""`fingerprint corpora show`"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options

if TYPE_CHECKING:
    from fingerprint.corpora.manifest import Manifest, Part


@click.command("show")
@click.argument("name")
@options.text_or_json
def command(name: str, form: str) -> None:
    """Show where corpus NAME comes from, its licence, and how its files become our rows.

    NAME is one that `list` gives, or a manifest of your own (.json).
    """
    from fingerprint.corpora.manifest import find_manifest

    manifest = find_manifest(name)
    if form == "json":
        click.echo(json.dumps(dataclasses.asdict(manifest), indent=2, ensure_ascii=False))
        return
    for line in _lines(manifest):
        click.echo(printable(line))


def _lines(manifest: Manifest) -> list[str]:
    return [
        manifest.name,
        f"licence    {manifest.licence}",
        f"use        {manifest.use}",
        f"languages  {', '.join(manifest.language)}",
        f"domains    {', '.join(manifest.domain)}",
        *(f"source     https://github.com/{s.repository} at {s.commit}" for s in manifest.sources),
        f"sha256     {manifest.sha256 or 'not known yet; the commit is the checksum'}",
        *(line for part in manifest.rows for line in _part("responses", part)),
        *(line for part in manifest.prompts for line in _part("prompts", part)),
        *([f"note       {manifest.note}"] if manifest.note else []),
    ]


def _part(what: str, part: Part) -> list[str]:
    lines = [f"{what:<9}  {', '.join(part.files)} ({part.kind})"]
    for name, template in part.fields.items():
        lines.append(f"             {name}: {template if isinstance(template, str) else ' or '.join(template)}")
    return lines
