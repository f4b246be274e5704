"""`fingerprint corpora stats`"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.progress import Progress

# As in fingerprint.corpora.stats, which a --help shall not wait for; a test compares them.
BY = ("release", "lab", "language", "domain", "corpus", "variant", "kind")
_NUMBERS = ("responses", "releases", "labs", "prompts", "no_prompt", "mean_characters")


@click.command("stats")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice(BY), help="A row for each of its values, in place of one for each file.")
@options.registry
@options.text_or_json
def command(corpora: tuple[Path, ...], by: str | None, registry: Path | None, form: str) -> None:
    """Count what is in each CORPUS: responses, releases, labs, prompts, responses without one, mean length."""
    from fingerprint.corpora.stats import count
    from fingerprint.data.registry import Registry

    with Progress() as progress:
        stats = count(list(corpora), Registry.load(registry), by, progress)
    groups = {name: one.object() for name, one in sorted(stats.groups.items(), key=lambda g: -g[1].responses)}
    if form == "json":
        found: dict[str, Any] = {"total": stats.total.object(), "files": stats.files, "unknown": dict(stats.unknown)}
        click.echo(json.dumps(found | ({"by": by, "groups": groups} if by else {}), indent=2, ensure_ascii=False))
        return
    rows = groups if by else {Path(name).name: one for name, one in stats.files.items()}
    rows["total"] = stats.total.object()
    width = max(map(len, rows))
    click.echo(" " * width + "".join(f"{name.replace('_', ' '):>17}" for name in _NUMBERS))
    for name, one in rows.items():
        click.echo(f"{printable(name or '(none)'):<{width}}" + "".join(f"{one[n]:>17,}" for n in _NUMBERS))
    if stats.unknown:
        named = ", ".join(sorted(stats.unknown)[:10])
        click.echo(printable(f"{len(stats.unknown)} releases are not in the registry: {named}"))
