"""`fingerprint identify`"""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fingerprint.base.escaping import printable
from fingerprint.base.files import data_dir
from fingerprint.cli import completion, options
from fingerprint.cli.cases import Cases
from fingerprint.cli.page import PageWriter, check_page
from fingerprint.cli.terminal import screen
from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.data.response import Case
    from fingerprint.model.verdict import ModelInfo, Verdict
    from fingerprint.report.layout import Screen


@click.command("identify")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=completion.files)
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
@options.format_in
@options.column
@options.parts
@click.option("--together", is_flag=True, help="Take the responses of all FILEs for those of one model.")
@options.expect("any")
@options.candidates
@options.top
@options.false_attributions
@options.style_only
@options.html
@options.plot
@options.verbose
@options.color
@click.pass_context
def command(
    context: click.Context, /, files: tuple[str, ...], model: Path | None, form: str, together: bool, **given: Any
) -> int:
    """Say which lab's model wrote the responses in each FILE.

    All responses of one FILE must be by one model. The format is recognised by the content (docs/formats.md): answers
    of APIs, chats, logs of coding agents and of evaluations, tables, plain text, packed or not. A folder stands for
    the files in it, "-" for standard input. If a FILE has more than 2,000 responses, 2,000 of them are used, spread
    evenly. The exit code is 2 if a FILE cannot be read or holds nothing to judge; the other files get their verdicts.
    """
    is_one = together or (len(files) == 1 and not Path(files[0]).is_dir())
    check_page(given["html"], is_one)
    _check_plot(given["plot"], is_one)
    from fingerprint.api import Fingerprint

    folder = model or data_dir("models") / "default"
    known = Fingerprint.load(folder, given["encoder"])
    labs = candidates_of(given["candidates"], known.labs)
    identify = partial(
        known.identify,
        candidates=labs,
        expect=given["expect"],
        false_attributions=given["false_attributions"],
        style_only=given["style_only"],
    )
    reading = options.reading(given["format_in"], given["columns"], given["parts"])
    cases = Cases(files, reading, together, debug=bool(context.obj))
    judged: list[tuple[Verdict, Case]] = []

    def judge(case: Case) -> Verdict:
        verdict = annotated(identify(case), folder)
        if given["html"] or given["plot"]:
            judged.append((verdict, case))
        return verdict

    verdicts = cases.each(judge)
    if form == "text":
        _text(verdicts, given["top"], given["verbose"])
    else:
        from fingerprint.report.advice import dated

        # Text has it once a run instead (`age_lines`).
        _WRITERS[form](map(dated, verdicts), given["top"], is_one)
    for verdict, case in judged:
        if given["html"]:
            PageWriter(given["html"], known, folder, files).write(verdict, [case])
        if given["plot"]:
            _plot(verdict, known, given["plot"])
    return 2 if cases.failed else 0


def _check_plot(out: Path | None, is_one: bool) -> None:
    if out is None:
        return
    if not is_one:
        raise click.UsageError("--plot shows one verdict: give one FILE, or --together")
    from fingerprint.report.plot import check_plot

    check_plot(out)


def _plot(verdict: Verdict, known: Fingerprint, out: Path) -> None:
    from fingerprint.data.registry import Registry
    from fingerprint.report.plot import write_plot

    write_plot(verdict, known.loaded, Registry.load().labs, out)
    click.echo(f"{printable(str(out))}: written", err=True)


def candidates_of(named: str | None, labs: Sequence[str]) -> tuple[str, ...] | None:
    """Return the labs of --candidates, or None where it was not given.

    Args:
        named: The value of the option: labs, families, lines and releases, by any name.
        labs: The labs that the model knows.

    Raises:
        FingerprintError: For a name that stands for no lab of the model, for none, and for one lab alone.
    """
    if named is None:
        return None
    from fingerprint.data.registry import Registry

    registry = Registry.load()
    wanted: dict[str, None] = {}
    for name in filter(None, map(str.strip, named.split(","))):
        found = [lab for lab in (name.lower(), *registry.labs_of(name)) if lab in labs]
        if not found:
            near = difflib.get_close_matches(name.lower(), labs, n=3)
            similar = " or ".join(registry.candidates(name, 3)) or ", ".join(near)
            hint = f"similar: {similar}" if similar else "fingerprint models labs lists its labs"
            raise FingerprintError(f"--candidates: {name}: not a lab in the model, nor a model of one; {hint}")
        wanted |= dict.fromkeys(found)
    if not wanted:
        raise FingerprintError("--candidates: expected two labs or more, separated by commas")
    if len(wanted) == 1:
        from fingerprint.api import one_candidate

        raise FingerprintError(one_candidate("--candidates", *wanted))
    return tuple(wanted)


def annotated(verdict: Verdict, model: Path) -> Verdict:
    """Add what the verdict alone does not hold.

    Args:
        verdict: The verdict.
        model: The model folder.

    Returns:
        The verdict with advice: how to add a new release to the model, what would settle a verdict that attributes
        nothing, or what to ask where it is no candidate.
    """
    from fingerprint.model.verdict import VerdictWord
    from fingerprint.report.advice import what_would_settle

    match verdict.verdict:
        case VerdictWord.NEW_RELEASE:
            return replace(verdict, advice=_how_to_add(verdict.file, model))
        case VerdictWord.LIKELY | VerdictWord.INCONCLUSIVE:
            return replace(verdict, advice=what_would_settle(verdict))
        case VerdictWord.NONE_OF_THESE:
            return replace(verdict, advice="Identify without --candidates to ask about all labs that the model knows.")
        case VerdictWord.ATTRIBUTED | VerdictWord.UNKNOWN:
            return verdict


def age_lines(model: ModelInfo, screen: Screen) -> str:
    """Return a warning if the model is old today, as the last lines of a run; empty if it is not."""
    from fingerprint.report.layout import as_text

    warning = model.age_warning(date.today())
    return "\n" + as_text([screen.sentences([f"warning: {warning}"])], screen.encoding) if warning else ""


def _how_to_add(file: str, model: Path) -> str:
    from fingerprint.data.corpus import SUFFIXES

    corpus = file if file.endswith(SUFFIXES) else "CORPUS"
    update = shlex.join(["fingerprint", "update", str(model), corpus, "--release", "NAME", "--out", str(model)])
    return f"If you know which release wrote all of this, add it to the model: {update}"


def _text(verdicts: Iterator[Verdict], top: int | None, verbose: bool) -> None:
    from fingerprint.data.registry import Registry
    from fingerprint.report.text import render

    names = Registry.load().labs
    shown, model = screen(verbose), None
    for done, verdict in enumerate(verdicts):
        click.echo(("\n" if done else "") + render(verdict, names, top, shown), nl=False)
        model = verdict.model
    if model is not None:
        click.echo(age_lines(model, shown), nl=False)


def _json(verdicts: Iterator[Verdict], top: int | None, is_one: bool) -> None:
    from fingerprint.report.json import render_list, render_one

    found = list(verdicts)
    if not is_one:
        click.echo(render_list(found, top))
    elif found:
        click.echo(render_one(found[0], top))


def _jsonl(verdicts: Iterator[Verdict], top: int | None, is_one: bool) -> None:
    from fingerprint.report.json import render_one

    for verdict in verdicts:
        click.echo(render_one(verdict, top, indent=None))
        sys.stdout.flush()


_WRITERS = {"json": _json, "jsonl": _jsonl}
