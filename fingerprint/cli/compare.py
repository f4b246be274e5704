"""`fingerprint compare`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.files import data_dir
from fingerprint.cli import options
from fingerprint.cli.terminal import screen
from fingerprint.errors import FingerprintError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fingerprint.data.response import Case
    from fingerprint.data.rows import Options
    from fingerprint.model.comparison import Comparison

# The same as in fingerprint.model.pair_calibration, which --help does not import; a test compares them.
FALSE_ALARMS, FALSE_ACCEPTS = 0.01, 0.05

# Exit codes by verdict, for two files.
_CODES = {"same": 0, "different": 1, "inconclusive": 3}

_rate = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command("compare")
@click.argument("files", nargs=-1, required=True, metavar="A B [C...]")
@options.model
@options.encoder
@options.text_or_json
@options.format_in
@options.column
@options.parts
@click.option(
    "--false-alarms",
    type=_rate,
    default=FALSE_ALARMS,
    show_default=True,
    help="Share of pairs of one release that may be called different.",
)
@click.option(
    "--false-accepts",
    type=_rate,
    default=FALSE_ACCEPTS,
    show_default=True,
    help="Share of pairs of two releases that may be called the same, in each kind of two releases.",
)
def command(files: tuple[str, ...], model: Path | None, form: str, **given: Any) -> int:
    """Say of each two files whether one model wrote both, or two.

    Neither has to be by a release that MODEL knows. The files are read as `fingerprint identify` reads them; "-" is
    standard input. All responses of one file must be by one model. Of two files the exit code is 0 if one model wrote
    both, 1 if two models did, and 3 if that cannot be told. Of more files it is 0. It is 2 if a file cannot be read or
    holds nothing to judge: then nothing is compared.
    """
    if len(files) < 2:
        raise click.UsageError("expected two files or more to compare")
    from fingerprint.api import Fingerprint

    known = Fingerprint.load(model or data_dir("models") / "default", given["encoder"])
    cases = _read(files, options.reading(given["format_in"], given["columns"], given["parts"]))
    found = known.compare(cases, false_alarms=given["false_alarms"], false_accepts=given["false_accepts"])
    click.echo(_rendered(found, form), nl=False)
    return _CODES[found.pairs[0].verdict] if len(found.pairs) == 1 else 0


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
