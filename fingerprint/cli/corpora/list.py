"""`fingerprint corpora list`"""

from __future__ import annotations

import json

import click

from fingerprint.cli import options


@click.command("list")
@options.text_or_json
def command(form: str) -> None:
    """List the public corpora that have a manifest: licence, use, languages and domains."""
    from fingerprint.corpora.manifest import all_manifests

    found = all_manifests()
    if form == "json":
        click.echo(json.dumps([_entry(m) for m in found], indent=2))
        return
    for manifest in found:
        about = (
            f"{manifest.licence:<11}  {manifest.use:<16}  {','.join(manifest.language)}; {', '.join(manifest.domain)}"
        )
        click.echo(f"{manifest.name:<20}  {about}")


def _entry(manifest: object) -> dict[str, object]:
    names = ("name", "licence", "use", "language", "domain")
    return {name: getattr(manifest, name) for name in names}
