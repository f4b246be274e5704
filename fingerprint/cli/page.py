"""`--html`: the verdict of a verb as a page too."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from fingerprint.base.escaping import printable
from fingerprint.errors import FingerprintError, MissingExtra

if TYPE_CHECKING:
    from fingerprint.api import Fingerprint
    from fingerprint.data.response import Case
    from fingerprint.report.page import Result


SUFFIXES = (".html", ".htm")
"""What the file of a page can end in."""


@dataclass(frozen=True)
class PageWriter:
    """Writes the page of one result.

    Args:
        out: The file.
        known: The model that gave the result.
        folder: Its folder.
        given: The files that results are about, as the user named them.
    """

    out: Path
    known: Fingerprint
    folder: Path
    given: Sequence[str]

    def write(self, result: Result, cases: Sequence[Case]) -> None:
        """Write the page, whole or not at all.

        Args:
            result: What the model said.
            cases: What was judged, in the order of the result.

        Raises:
            FingerprintError: The file cannot be written.
        """
        from fingerprint.base.files import write_atomically
        from fingerprint.data.reader import expanded
        from fingerprint.data.registry import Registry
        from fingerprint.report.page import GivenFile, PageContext, Provenance, Surroundings, render_page
        from fingerprint.store.versions import identity

        sha256 = identity(self.folder)
        names = expanded(self.given, lambda error: None)
        files = [GivenFile.of(Path(name)) if Path(name).is_file() else GivenFile(name, "", 0) for name in names]
        context = PageContext(
            tuple(cases),
            self.known.loaded,
            Surroundings.load(self.known.loaded, sha256),
            Registry.load().labs,
            Provenance.now(files, sha256, command_given()),
        )
        text = render_page(result, context)
        try:
            write_atomically(self.out, text.encode())
        except OSError as error:
            raise FingerprintError(f"{self.out}: cannot be written ({error.strerror or error})") from None
        click.echo(f"{printable(str(self.out))}: written", err=True)


def check_page(out: Path | None, is_one: bool) -> None:
    """Refuse a page that could not be written, before any work is done.

    Args:
        out: The value of --html; None where it was not given.
        is_one: Whether the verb has one result.

    Raises:
        FingerprintError: It has another ending than a page, or its folder does not exist.
        MissingExtra: Without what pages are made with.
        click.UsageError: For several results.
    """
    if out is None:
        return
    if not is_one:
        raise click.UsageError("--html shows one verdict: give one FILE, or --together")
    if out.suffix.lower() not in SUFFIXES:
        raise FingerprintError(f"{out}: a page needs a name that ends in {' or '.join(SUFFIXES)}")
    if not out.absolute().parent.is_dir():
        raise FingerprintError(f"{out}: cannot be written: there is no folder {out.parent}")
    try:
        import jinja2  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtra("--html", "report") from None


def command_given() -> str:
    """Return the command line that was given, without defaults and --color, quoted for a shell."""
    context = click.get_current_context()
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        # What is not in `params` says how the terminal looks (--color), and nothing about the verdict.
        if name not in context.params or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        values: Iterable[object] = value if isinstance(value, tuple) else (value,)
        if isinstance(parameter, click.Argument):
            words += map(str, values)
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[0])
        else:
            for one in values:
                words += [parameter.opts[0], str(one)]
    return shlex.join(["fingerprint", context.info_name or "", *words])
