"""`fingerprint identify`"""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fingerprint.base.files import data_dir
from fingerprint.cli import options
from fingerprint.cli.main import complain
from fingerprint.cli.terminal import screen
from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from fingerprint.data.response import Case
    from fingerprint.model.verdict import Verdict

# Rows of each ranking in text, where nothing else is asked for: they fit on a screen.
_TEXT_ROWS = 5


@click.command("identify")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.model
@options.encoder
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="Text for people, one JSON object (a list for several files), or one object a line.",
)
@options.candidates
@options.top
@options.false_attributions
@options.style_only
def command(
    files: tuple[str, ...],
    model: Path | None,
    encoder: str | None,
    form: str,
    candidates: str | None,
    top: int | None,
    false_attributions: float,
    style_only: bool,
) -> int:
    """Say which lab's model wrote the responses in each FILE.

    All responses of one FILE must be by one model. A FILE holds JSON lines with "response" (and "prompt") or
    "messages". It can also be .txt or parquet, and packed as .gz or .zst. "-" is standard input. If a FILE has more
    than 2,000 responses, 2,000 of them are used, spread evenly. The exit code is 2 if a FILE cannot be read; the other
    files get their verdicts.
    """
    from fingerprint.api import Fingerprint

    folder = model or data_dir("models") / "default"
    known = Fingerprint.load(folder, encoder)
    labs = candidates_of(candidates, known.labs)
    failed: list[FingerprintError] = []
    identify = partial(known.identify, candidates=labs, false_attributions=false_attributions, style_only=style_only)
    verdicts = _verdicts(files, identify, failed.append)
    _WRITERS[form]((annotated(verdict, folder) for verdict in verdicts), top, len(files))
    return 2 if failed else 0


def candidates_of(named: str | None, labs: Sequence[str]) -> tuple[str, ...] | None:
    """Return the labs of --candidates, or None where it was not given.

    Args:
        named: The value of the option.
        labs: The labs that the model knows.

    Raises:
        FingerprintError: For a lab that the model does not know, or for none.
    """
    if named is None:
        return None
    wanted = tuple(dict.fromkeys(name.strip().lower() for name in named.split(",") if name.strip()))
    for name in wanted:
        if name not in labs:
            near = difflib.get_close_matches(name, labs, n=3)
            hint = f"; similar: {', '.join(near)}" if near else f"; it knows {', '.join(labs)}"
            raise FingerprintError(f"--candidates: {name}: not a lab in the model{hint}")
    if not wanted:
        raise FingerprintError("--candidates: expected one lab or more, separated by commas")
    return wanted


def _verdicts(
    files: Sequence[str], identify: Callable[[Case], Verdict], fail: Callable[[FingerprintError], None]
) -> Iterator[Verdict]:
    from fingerprint.data.reader import read_case

    for file in files:
        try:
            case = read_case(file)
        except FingerprintError as error:
            complain(error)
            fail(error)
            continue
        yield identify(case)


def annotated(verdict: Verdict, model: Path) -> Verdict:
    """Add what depends on the day and on the folder: that the model is old, and how to add what it lacks."""
    from fingerprint.model.verdict import VerdictWord

    if warning := verdict.model.age_warning(date.today()):
        verdict = replace(verdict, warnings=(*verdict.warnings, warning))
    if verdict.verdict == VerdictWord.NEW_RELEASE:
        from fingerprint.data.corpus import SUFFIXES

        corpus = verdict.file if verdict.file.endswith(SUFFIXES) else "CORPUS"
        update = shlex.join(["fingerprint", "update", str(model), corpus, "--release", "NAME", "--out", str(model)])
        advice = f"If you know which release wrote all of this, add it to the model: {update}"
        verdict = replace(verdict, advice=advice)
    return verdict


def _text(verdicts: Iterator[Verdict], top: int | None, files: int) -> None:
    from fingerprint.data.registry import Registry
    from fingerprint.report.text import render

    names = Registry.load().labs
    width, encoding = screen()
    for done, verdict in enumerate(verdicts):
        click.echo(("\n" if done else "") + render(verdict, names, top or _TEXT_ROWS, width, encoding), nl=False)


def _json(verdicts: Iterator[Verdict], top: int | None, files: int) -> None:
    from fingerprint.report.json import render_list, render_one

    found = list(verdicts)
    if files > 1:
        click.echo(render_list(found, top))
    elif found:
        click.echo(render_one(found[0], top))


def _jsonl(verdicts: Iterator[Verdict], top: int | None, files: int) -> None:
    from fingerprint.report.json import render_one

    for verdict in verdicts:
        click.echo(render_one(verdict, top, indent=None))
        sys.stdout.flush()


_WRITERS = {"text": _text, "json": _json, "jsonl": _jsonl}
