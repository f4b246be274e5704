"""`fingerprint corpora list`, `show` and `fetch`: public corpora that have a manifest."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import completion, options
from fingerprint.cli.terminal import Progress, resumable

if TYPE_CHECKING:
    from fingerprint.corpora.fetch.run import Fetched
    from fingerprint.corpora.manifest import Manifest, Part

_LISTED_NAMES = 10


@click.command("list")
@options.text_or_json
def list_(form: str) -> None:
    """List the public corpora that have a manifest: licence, use, languages and domains."""
    from fingerprint.corpora.manifest import all_manifests

    found = all_manifests()
    if form == "json":
        names = ("name", "licence", "use", "language", "domain")
        click.echo(json.dumps([{name: getattr(manifest, name) for name in names} for manifest in found], indent=2))
        return
    for manifest in found:
        about = (
            f"{manifest.licence:<17}  {manifest.use:<16}  {','.join(manifest.language)}; {', '.join(manifest.domain)}"
        )
        click.echo(f"{manifest.name:<20}  {about}")


@click.command("show")
@click.argument("name", shell_complete=completion.corpora)
@options.text_or_json
def show(name: str, form: str) -> None:
    """Show where corpus NAME comes from, its licence, and how its files become rows.

    NAME is one that `list` gives, or a manifest of your own (.json).
    """
    from fingerprint.corpora.manifest import find_manifest

    manifest = find_manifest(name)
    if form == "json":
        click.echo(json.dumps(dataclasses.asdict(manifest), indent=2, ensure_ascii=False))
        return
    for line in _lines(manifest):
        click.echo(printable(line))


@click.command("fetch")
@click.argument("name", shell_complete=completion.corpora)
@click.option("--out", type=click.Path(path_type=Path), help="Parquet file to write.  [default: NAME.parquet]")
@click.option(
    "--from",
    "mirror",
    metavar="DIR|URL",
    help="A mirror in place of GitHub: OWNER/REPOSITORY/COMMIT.tar.gz and, beside it, .commit.",
)
@options.registry
@click.option("--cache", type=click.Path(path_type=Path), help="Where archives are kept.  [default: the user's cache]")
@options.text_or_json
def fetch(
    name: str, out: Path | None, mirror: str | None, registry: Path | None, cache: Path | None, form: str
) -> None:
    """Fetch the public corpus NAME at the commit that its manifest pins.

    The archive is verified against that commit, whoever served it. Interrupted, the same command goes on where it
    broke off. The archives that it keeps are a mirror for others. NAME is one that `list` gives, or a manifest of your
    own (.json). Rows of names that the registry does not know are left out and counted.
    """
    from fingerprint.base.files import cache_dir
    from fingerprint.corpora.fetch.download import Origin
    from fingerprint.corpora.fetch.run import Context
    from fingerprint.corpora.fetch.run import fetch as fetch_corpus
    from fingerprint.corpora.manifest import find_manifest
    from fingerprint.data.registry import Registry

    manifest = find_manifest(name)
    sources = ", ".join(f"github.com/{s.repository} at {s.commit[:12]}" for s in manifest.sources)
    click.echo(printable(f"{manifest.name}: {sources}; licence {manifest.licence}, use: {manifest.use}"), err=True)
    out = out or Path(f"{manifest.name}.parquet")
    with resumable(), Progress() as progress:
        context = Context(Origin.of(mirror), cache or cache_dir() / "fetched", progress)
        done = fetch_corpus(manifest, out, Registry.load(registry), context)
    if form == "json":
        click.echo(json.dumps({"file": str(out), "licence": manifest.licence} | vars(done), indent=2))
    else:
        _summary(manifest, out, done)


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


def _summary(manifest: Manifest, out: Path, done: Fetched) -> None:
    click.echo(printable(f"{out}: {done.rows:,} responses from {done.files:,} files written"))
    click.echo(f"sha256 of the files: {done.sha256}")
    if not manifest.sha256:
        click.echo("  (the manifest has none yet: the commit was the checksum; put this one there to pin it too)")
    for why, count in done.left_out.items():
        click.echo(f"left out: {count:,} ({why})")
    if done.pointers:
        click.echo(f"left out: {done.pointers:,} files that Git LFS keeps elsewhere")
    if done.unknown:
        named = ", ".join(f"{n} ({c:,})" for n, c in done.unknown.most_common(_LISTED_NAMES))
        more = ", ..." if len(done.unknown) > _LISTED_NAMES else ""
        names = f"{done.unknown.total():,} by {len(done.unknown):,} names that the registry does not know"
        click.echo(printable(f"left out: {names}: {named}{more}"))
