"""`fingerprint corpora check`"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.progress import Progress
from fingerprint.errors import MissingExtra

if TYPE_CHECKING:
    from fingerprint.corpora.check.finding import Finding


@click.command("check")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@click.option("--fix", "folder", type=click.Path(path_type=Path), help="Folder for a mended copy of each file.")
@options.registry
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="Cases of each finding in text.")
@options.text_or_json
@options.jobs
def command(
    corpora: tuple[Path, ...], folder: Path | None, registry: Path | None, top: int, form: str, jobs: int
) -> None:
    """Find what is wrong in each CORPUS, a file or folder of parquet or JSON lines with "response" and "release".

    Looks for responses that are the same or nearly the same, of one release or under two names; releases that the
    registry does not know, dates that contradict it, releases with too little; refusals, fragments, empty prompts,
    other languages than said, names of models. With --fix, a copy is written in which what can be mended is.
    """
    try:
        import datasketch  # noqa: F401
        import joblib  # noqa: F401
        import py3langid  # noqa: F401
    except ImportError:
        raise MissingExtra("checking corpora", "corpora") from None
    from fingerprint.corpora.check.run import check, copies, fix
    from fingerprint.data.registry import Registry

    if folder:
        # What the copy would fail by shall not come after minutes.
        copies(list(corpora), folder)
    with Progress() as progress:
        checked = check(list(corpora), Registry.load(registry), jobs, progress)
        mended = fix(list(corpora), checked, folder, progress) if folder else None
    if form == "json":
        found = {"responses": checked.rows, "findings": [_object(f) for f in checked.findings]}
        if mended:
            found["mended"] = {"folder": str(folder), "responses": mended[0], "left_out": dict(mended[1])}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    click.echo(f"{checked.rows:,} responses")
    for finding in checked.findings:
        _show(finding, top)
    if mended:
        click.echo()
        click.echo(printable(f"{folder}: {mended[0]:,} responses written, {mended[1].total():,} left out"))
        for why, count in mended[1].most_common():
            click.echo(f"  {count:>9,}  {why}")


def _show(finding: Finding, top: int) -> None:
    mended = f" (--fix: {finding.mended})" if finding.mended else ""
    click.echo(f"\n{finding.name}: {finding.rows:,}{mended}")
    for case, count in finding.cases[:top]:
        click.echo(f"  {count:>9,}  {printable(case)}")
    if len(finding.cases) > top:
        click.echo(f"             and {len(finding.cases) - top:,} more")


def _object(finding: Finding) -> dict[str, object]:
    cases = [{"case": case, "rows": count} for case, count in finding.cases]
    return {"finding": finding.name, "rows": finding.rows, "mended": finding.mended, "cases": cases}
