"""`fingerprint verify`"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.files import data_dir
from fingerprint.cli import completion, options
from fingerprint.cli.cases import Cases
from fingerprint.cli.page import PageWriter, check_page
from fingerprint.cli.terminal import screen
from fingerprint.errors import InputError

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.data.response import Case
    from fingerprint.data.rows import Options
    from fingerprint.model.claim_verdict import ClaimVerdict
    from fingerprint.report.layout import Screen
    from fingerprint.verification.references import ReferenceVerdict

_FAILED = 2

CODES = {"consistent": 0, "inconsistent": 1, "inconclusive": 3}
"""The exit code of each verdict."""


@click.command("verify")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=completion.files)
@click.option(
    "--claimed",
    metavar="NAME",
    shell_complete=completion.claimed,
    help="Release, line, family or lab that is said to have written them; line:NAME for that level alone.",
)
@click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="FILE",
    shell_complete=completion.files,
    help="In place of --claimed: responses that the claimed model is known to have written; repeatable.",
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
@options.html
@options.verbose
@options.color
@click.pass_context
def command(context: click.Context, /, files: tuple[str, ...], model: Path | None, form: str, **given: Any) -> int:
    """Say whether the claimed model wrote the responses in each FILE: consistent, inconsistent or inconclusive.

    The claim is the name of a release, line, family or lab that MODEL knows (--claimed), or responses that the claimed
    model is known to have written (--reference), whether MODEL knows it or not.

    Files are read as by identify. The exit code is 0 if all are consistent, 1 if one is inconsistent, 3 if one is
    inconclusive and none inconsistent, and 2 if a FILE cannot be read or holds nothing to judge.
    """
    if bool(given["claimed"]) == bool(given["references"]):
        raise click.UsageError("say what is claimed by --claimed NAME, or by --reference FILE: one of both")
    is_one = given["together"] or (len(files) == 1 and not Path(files[0]).is_dir())
    check_page(given["html"], is_one)
    reading = options.reading(given["format_in"], given["columns"], given["parts"])
    reference = _reference(given["references"], files, reading) if given["references"] else None
    from fingerprint.api import Fingerprint

    folder = model or data_dir("models") / "default"
    known = Fingerprint.load(folder, given["encoder"])
    verified = _verified(known, given, reference)
    cases = Cases(files, reading, given["together"], debug=bool(context.obj))
    judged: list[tuple[ClaimVerdict | ReferenceVerdict, Case]] = []

    def judge(case: Case) -> ClaimVerdict | ReferenceVerdict:
        verdict = verified(case)
        if given["html"]:
            judged.append((verdict, case))
        return verdict

    verdicts = cases.each(judge)
    words = _show(verdicts, screen(given["verbose"])) if form == "text" else _write(verdicts, form, is_one)
    for verdict, case in judged:
        page = PageWriter(given["html"], known, folder, (*files, *given["references"]))
        page.write(verdict, [case] if reference is None else [case, reference])
    if cases.failed:
        return _FAILED
    return next((CODES[word] for word in ("inconsistent", "inconclusive") if word in words), CODES["consistent"])


def _verified(
    known: Fingerprint, given: Mapping[str, Any], reference: Case | None
) -> Callable[[Case], ClaimVerdict | ReferenceVerdict]:
    """What says whether a case is what is claimed."""
    rates = {name: given[name] for name in ("false_alarms", "false_accepts")}
    if reference is None:
        return partial(known.verify, claimed=known.claim(given["claimed"]), **rates)
    return partial(known.verify_against, reference=reference, **rates)


def _reference(paths: Sequence[str], files: Sequence[str], reading: Options) -> Case:
    """The responses of all references as one case."""
    from fingerprint.data.reader import expanded, read_case
    from fingerprint.data.streams import STDIN

    def fail(error: InputError) -> None:
        raise error

    if STDIN in paths and STDIN in files:
        raise InputError(STDIN, "standard input can be read once only")
    case = read_case(list(expanded(paths, fail)), reading)
    if not case.n_used:
        raise InputError(case.file, f"--reference: {'; '.join(case.warnings)}")
    return case


def _show(verdicts: Iterable[ClaimVerdict | ReferenceVerdict], shown: Screen) -> list[str]:
    """Print verdicts as text, as they come; return their words."""
    from fingerprint.data.registry import Registry

    labs = Registry.load().labs
    words: list[str] = []
    for verdict in verdicts:
        click.echo(("\n" if words else "") + _text(verdict, labs, shown), nl=False)
        words.append(str(verdict.verdict))
    return words


def _write(verdicts: Iterable[ClaimVerdict | ReferenceVerdict], form: str, is_one: bool) -> list[str]:
    """Print verdicts for programs; return their words."""
    import json

    from fingerprint.data.registry import Registry
    from fingerprint.report.claim import render_junit

    found = list(verdicts)
    if form == "junit":
        click.echo(render_junit(found, Registry.load().labs))
    elif found:
        values = [verdict.to_dict() for verdict in found]
        click.echo(json.dumps(values[0] if is_one else values, indent=2, allow_nan=False))
    return [str(verdict.verdict) for verdict in found]


def _text(verdict: ClaimVerdict | ReferenceVerdict, labs: Mapping[str, str], shown: Screen) -> str:
    from fingerprint.model.claim_verdict import ClaimVerdict
    from fingerprint.report.claim import render_claim
    from fingerprint.report.reference import render_reference

    if isinstance(verdict, ClaimVerdict):
        return render_claim(verdict, labs, shown)
    return render_reference(verdict, shown)
