"""`fingerprint compare`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fingerprint.base.files import data_dir
from fingerprint.cli import options
from fingerprint.cli.page import PageWriter, check_page
from fingerprint.cli.terminal import screen
from fingerprint.errors import FingerprintError, InputError
from fingerprint.model.verdict import FALSE_ACCEPTS, FALSE_ALARMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fingerprint.data.response import Case
    from fingerprint.data.rows import Options
    from fingerprint.verification.comparison import Comparison

# Exit codes by verdict, for two files, and for one over time.
_CODES = {"same": 0, "different": 1, "inconclusive": 3}
_DRIFT_CODES = {"no-change-found": 0, "changed": 1, "inconclusive": 3}
# Options that say how the model compares, which a search over time does without.
_OF_THE_MODEL = ("model", "encoder", "false_alarms", "false_accepts", "html")


@click.command("compare")
@click.argument("files", nargs=-1, required=True, metavar="A [B...]")
@click.option(
    "--by", type=click.Choice(["time"]), help="Look for a change over time in A alone, whose rows carry times."
)
@options.model
@options.encoder
@options.text_or_json
@options.format_in
@options.column
@options.parts
@click.option(
    "--false-alarms",
    type=options.RATE,
    default=FALSE_ALARMS,
    show_default=True,
    help="Share of pairs of one release that may be called different.",
)
@click.option(
    "--false-accepts",
    type=options.RATE,
    default=FALSE_ACCEPTS,
    show_default=True,
    help="Share of pairs of two releases that may be called the same, in each kind of two releases.",
)
@options.html
@click.pass_context
def command(
    context: click.Context, /, files: tuple[str, ...], by: str | None, model: Path | None, form: str, **given: Any
) -> int:
    """Say of each two files whether one model wrote both, or two.

    Neither has to be by a release that MODEL knows. The files are read as `fingerprint identify` reads them; "-" is
    standard input. All responses of one file must be by one model. Of two files the exit code is 0 if one model wrote
    both, 1 if two models did, and 3 if that cannot be told. Of more files it is 0. It is 2 if a file cannot be read or
    holds nothing to judge: then nothing is compared.

    With --by time, say of one file whether and when its style changed. No model is needed. The exit code is 0 if no
    change was found, 1 for a change at p <= 0.05, and 3 if that cannot be told: without times, or with too few
    responses.
    """
    reading = options.reading(given["format_in"], given["columns"], given["parts"])
    if by:
        return _over_time(context, files, reading, form)
    if len(files) < 2:
        raise click.UsageError("expected two files or more to compare, or one with --by time")
    check_page(given["html"], is_one=True)
    from fingerprint.api import Fingerprint

    folder = model or data_dir("models") / "default"
    known = Fingerprint.load(folder, given["encoder"])
    cases = _read(files, reading)
    found = known.compare(cases, false_alarms=given["false_alarms"], false_accepts=given["false_accepts"])
    click.echo(_rendered(found, form), nl=False)
    if given["html"]:
        PageWriter(given["html"], known, folder, files).write(found, cases)
    return _CODES[found.pairs[0].verdict] if len(found.pairs) == 1 else 0


def _over_time(context: click.Context, files: Sequence[str], reading: Options, form: str) -> int:
    if len(files) != 1:
        raise click.UsageError(f"--by time looks at one file over time; {len(files)} were given")
    if strange := [name for name in _OF_THE_MODEL if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]:
        raise click.UsageError(f"--by time uses no model; leave out --{strange[0].replace('_', '-')}")
    from fingerprint.comparison.drift import find_drift
    from fingerprint.report.model_free import render_drift, render_drift_json

    (case,) = _read(files, reading)
    if not case.n_used:
        raise InputError(case.file, "no response is left to judge; add responses")
    found = find_drift(case)
    click.echo(
        render_drift_json(case, found) + "\n" if form == "json" else render_drift(case, found, *screen()), nl=False
    )
    return _DRIFT_CODES[found.verdict]


def _read(files: Sequence[str], reading: Options) -> list[Case]:
    from fingerprint.data.reader import read_case
    from fingerprint.data.streams import STDIN

    if files.count(STDIN) > 1:
        raise InputError(STDIN, "standard input can be read once only")
    if folder := next((file for file in files if Path(file).is_dir()), None):
        raise FingerprintError(f"{folder}: a folder; name the files in it that are to be compared")
    return [read_case([file], reading) for file in files]


def _rendered(found: Comparison, form: str) -> str:
    from fingerprint.report.comparison import render_json, render_text

    return render_json(found) + "\n" if form == "json" else render_text(found, *screen())
