"""`fingerprint corpora fetch`"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.interrupt import resumable
from fingerprint.cli.progress import Progress

if TYPE_CHECKING:
    from fingerprint.corpora.fetch.run import Fetched
    from fingerprint.corpora.manifest import Manifest

_LISTED = 10


@click.command("fetch")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="Parquet file to write.  [default: NAME.parquet]")
@click.option(
    "--from", "mirror", metavar="DIR|URL",
    help="A mirror in place of GitHub: OWNER/REPOSITORY/COMMIT.tar.gz and, beside it, .commit.",
)  # fmt: skip
@options.registry
@click.option("--cache", type=click.Path(path_type=Path), help="Where archives are kept.  [default: the user's cache]")
@options.text_or_json
def command(
    name: str, out: Path | None, mirror: str | None, registry: Path | None, cache: Path | None, form: str
) -> None:
    """Fetch the public corpus NAME at the commit that its manifest pins.

    The archive is refused where it is not that very commit, whoever served it. Interrupted, the same command goes on
    where it broke off. What it keeps is a mirror for others. NAME is one that `list` gives, or a manifest of your own
    (.json). Rows of names that the registry does not know are left out and counted.
    """
    from fingerprint.base.files import cache_dir
    from fingerprint.corpora.fetch.run import fetch
    from fingerprint.corpora.fetch.urls import Origin
    from fingerprint.corpora.manifest import find_manifest
    from fingerprint.data.registry import Registry

    manifest = find_manifest(name)
    sources = ", ".join(f"github.com/{s.repository} at {s.commit[:12]}" for s in manifest.sources)
    click.echo(printable(f"{manifest.name}: {sources}; licence {manifest.licence}, use: {manifest.use}"), err=True)
    out = out or Path(f"{manifest.name}.parquet")
    with resumable(), Progress() as progress:
        done = fetch(
            manifest, out, Origin.of(mirror), cache or cache_dir() / "fetched", Registry.load(registry), progress
        )
    if form == "json":
        click.echo(json.dumps({"file": str(out), "licence": manifest.licence} | vars(done), indent=2))
    else:
        _say(manifest, out, done)


def _say(manifest: Manifest, out: Path, done: Fetched) -> None:
    click.echo(printable(f"{out}: {done.rows:,} responses from {done.files:,} files written"))
    click.echo(f"sha256 of the files: {done.sha256}")
    if not manifest.sha256:
        click.echo("  (the manifest has none yet: the commit was the checksum; put this one there to pin it too)")
    for why, count in done.left_out.items():
        click.echo(f"left out: {count:,} ({why})")
    if done.pointers:
        click.echo(f"left out: {done.pointers:,} files that Git LFS keeps elsewhere")
    if done.unknown:
        named = ", ".join(f"{n} ({c:,})" for n, c in done.unknown.most_common(_LISTED))
        more = ", ..." if len(done.unknown) > _LISTED else ""
        names = f"{done.unknown.total():,} by {len(done.unknown):,} names that the registry does not know"
        click.echo(printable(f"left out: {names}: {named}{more}"))
