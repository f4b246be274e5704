"""Options that several verbs share, and the command line as it was given."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fingerprint.cli import completion
from fingerprint.errors import FingerprintError
from fingerprint.model.verdict import FALSE_ACCEPTS, FALSE_ALARMS, FALSE_ATTRIBUTIONS

if TYPE_CHECKING:
    from fingerprint.data.rows import Options

F = TypeVar("F", bound=Callable[..., Any])

# The same as in fingerprint.collect.asking, which --help does not import; a test compares them.
TIMEOUT = 180.0
# The same as fingerprint.model.calibration.Expect, which --help does not import either; a test compares them.
EXPECTATIONS = ("any", "new", "known")

RATE = click.FloatRange(0, 1, min_open=True, max_open=True)
"""A share of cases that may be judged wrongly."""

model = click.option("--model", type=click.Path(path_type=Path), help="Model folder.  [default: the one that ships]")
encoder = click.option(
    "--encoder", metavar="NAME", help="Let MODEL load this sentence-transformers model, which it was trained with."
)
registry = click.option(
    "--registry", type=click.Path(path_type=Path), help="Registry of releases.  [default: the one that ships]"
)
jobs = click.option(
    "--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes.  [default: one a core]"
)
scheduler = click.option(
    "--scheduler", metavar="ADDRESS", help="Dask scheduler, such as tcp://HOST:8786: its workers do the work of --jobs."
)
features_cache = click.option(
    "--cache", type=click.Path(path_type=Path), help="Where features are kept.  [default: the user's cache]"
)
verbose = click.option("--verbose", "-v", is_flag=True, help="Show all details in text.")


def _colour(context: click.Context, param: click.Parameter, value: str) -> None:
    """Tell click, which then colours nothing or takes colours away."""
    automatic = False if os.environ.get("NO_COLOR") else None
    context.color = {"always": True, "never": False}.get(value, automatic)


color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    expose_value=False,
    is_eager=True,
    callback=_colour,
    help="Colour the headline of text; auto does on a terminal, unless NO_COLOR is set.",
)
text_or_json = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)

candidates = click.option(
    "--candidates",
    metavar="NAME,...",
    shell_complete=completion.candidates,
    help="Ask which of these labs it is, if any: two or more labs, or the labs of these families or releases.",
)
top = click.option(
    "--top",
    type=click.IntRange(min=1),
    help="Rows of each ranking.  [default: in text 5 labs and 3 releases, 10 of each with --verbose; in JSON all]",
)
false_attributions = click.option(
    "--false-attributions",
    type=RATE,
    default=FALSE_ATTRIBUTIONS,
    show_default=True,
    help="Share of attributions that may name a wrong lab, in each kind of case that is expected.",
)
false_alarms = click.option(
    "--false-alarms",
    type=RATE,
    default=FALSE_ALARMS,
    show_default=True,
    help="Share of true claims that may be called inconsistent.",
)
false_accepts = click.option(
    "--false-accepts",
    type=RATE,
    default=FALSE_ACCEPTS,
    show_default=True,
    help="Share of false claims, of each kind, that may be called consistent.",
)
html = click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PAGE",
    help="Also write the verdict to PAGE, whose name ends in .html or .htm, as a page for people that needs no "
    "network. It quotes the responses.",
)
plot = click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PICTURE",
    help="Also draw the ranking to PICTURE, whose name ends in .svg or .png.",
)
style_only = click.option("--style-only", is_flag=True, help="Leave out token counts and self-identification.")

format_in = click.option(
    "--format-in", metavar="NAME", default="", help="Format of the files (docs/formats.md).  [default: by content]"
)
column = click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="[FIELD=]NAME",
    help="Column that holds the response, or another FIELD: model, prompt, prompt_id, system, language; repeatable.",
)
parts = click.option(
    "--parts",
    metavar="PART,...",
    default="prose,code",
    show_default=True,
    help="What of the messages counts: prose, code, tools.",
)

base_url = click.option(
    "--base-url", metavar="URL", help="Address in place of the provider's own; it receives the key."
)
answers = click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the answers."
)
max_cost = click.option(
    "--max-cost", type=click.FloatRange(0, min_open=True), metavar="USD", help="Stop before it costs more."
)
timeout = click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=TIMEOUT,
    show_default=True,
    help="Seconds for one request.",
)


def expect(default: str) -> Callable[[F], F]:
    """Return the option --expect with the default of a verb."""
    return click.option(
        "--expect",
        type=click.Choice(EXPECTATIONS),
        default=default,
        show_default=True,
        help="What the responses probably are: of a new release (a stealth model), of a known one (an audit), or any. "
        "Probabilities and error rates are those of the cases that are expected.",
    )


def reading(format_in: str, columns: Iterable[str], parts: str) -> Options:
    """Return how files are read, by the options `format_in`, `column` and `parts`.

    Raises:
        FingerprintError: An option names what does not exist.
    """
    from fingerprint.data.formats.tables import FIELDS
    from fingerprint.data.response import Part
    from fingerprint.data.rows import Options

    named: dict[str, tuple[str, ...]] = {}
    for one in columns:
        field, is_named, name = one.partition("=")
        if not is_named or field not in FIELDS:
            field, name = "response", one
        named[field] = (*named.get(field, ()), name)
    wanted = dict.fromkeys(name.strip() for name in parts.split(",") if name.strip())
    strange = [name for name in wanted if name not in set(Part)]
    if strange or not wanted:
        raise FingerprintError(f"--parts: {', '.join(strange) or 'nothing'} is none of {', '.join(Part)}")
    return Options(format_in, named, tuple(map(Part, wanted)))


def command_line(
    verb: str, arguments: Iterable[object], options: Mapping[str, object], left_out: Collection[str]
) -> str:
    """Return the command that was given, for the record of what it made.

    Args:
        verb: Its name.
        arguments: Its arguments.
        options: The values by the names of their parameters; None, False and () mean that it was not given.
        left_out: Parameters that say where and how fast, and nothing about what is made.

    Returns:
        The command, quoted for a shell.
    """
    words = ["fingerprint", verb, *map(str, arguments)]
    for name, value in options.items():
        if name in left_out or value is None or value is False or value == ():
            continue
        option = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, tuple) else (value,):
            words += [option] if one is True else [option, str(one)]
    return shlex.join(words)
