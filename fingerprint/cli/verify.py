"""`fingerprint verify`"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.files import data_dir
from fingerprint.cli import options
from fingerprint.cli.cases import Cases
from fingerprint.cli.terminal import screen

if TYPE_CHECKING:
    from fingerprint.model.claim_verdict import ClaimVerdict

_FAILED = 2

CODES = {"consistent": 0, "inconsistent": 1, "inconclusive": 3}
"""The exit code of each verdict."""


@click.command("verify")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--claimed",
    required=True,
    metavar="NAME",
    help="Release, line, family or lab that is said to have written them; line:NAME for that level alone.",
)
@options.model
@options.encoder
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="Text for people, one JSON object (a list for several files), or a JUnit test suite.",
)
@options.format_in
@options.column
@options.parts
@click.option("--together", is_flag=True, help="Take the responses of all FILEs for those of one model.")
@options.false_alarms
@options.false_accepts
@click.pass_context
def command(
    context: click.Context, /, files: tuple[str, ...], claimed: str, model: Path | None, form: str, **given: Any
) -> int:
    """Say whether the claimed model wrote the responses in each FILE: consistent, inconsistent or inconclusive.

    Files are read as by identify. The exit code is 0 if all are consistent, 1 if one is inconsistent, 3 if one is
    inconclusive and none inconsistent, and 2 if a FILE cannot be read or holds nothing to judge.
    """
    from fingerprint.api import Fingerprint

    known = Fingerprint.load(model or data_dir("models") / "default", given["encoder"])
    claim = known.claim(claimed)
    rates = {name: given[name] for name in ("false_alarms", "false_accepts")}
    reading = options.reading(given["format_in"], given["columns"], given["parts"])
    cases = Cases(files, reading, given["together"], debug=bool(context.obj))
    is_one = given["together"] or (len(files) == 1 and not Path(files[0]).is_dir())
    words = _write(cases.each(lambda case: known.verify(case, claim, **rates)), form, is_one)
    if cases.failed:
        return _FAILED
    return next((CODES[word] for word in ("inconsistent", "inconclusive") if word in words), CODES["consistent"])


def _write(verdicts: Iterable[ClaimVerdict], form: str, is_one: bool) -> list[str]:
    """Print verdicts, text as they come; return their words."""
    import json

    from fingerprint.data.registry import Registry
    from fingerprint.report.claim import render_claim, render_junit

    labs = Registry.load().labs
    if form == "text":
        width, encoding = screen()
        words = []
        for done, verdict in enumerate(verdicts):
            click.echo(("\n" if done else "") + render_claim(verdict, labs, width, encoding), nl=False)
            words.append(str(verdict.verdict))
        return words
    found = list(verdicts)
    if form == "junit":
        click.echo(render_junit(found, labs))
    elif found:
        values = [verdict.to_dict() for verdict in found]
        click.echo(json.dumps(values[0] if is_one else values, indent=2, allow_nan=False))
    return [str(verdict.verdict) for verdict in found]
