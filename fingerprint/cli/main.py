"""The group of verbs, and what all verbs share: errors in one line, exit codes, Ctrl-C."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.exceptions import NoSuchCommand
from click.shell_completion import CompletionItem

from fingerprint import __version__
from fingerprint.base.escaping import printable
from fingerprint.errors import FingerprintError

_DEBUG = "--debug"
# EX_SOFTWARE of sysexits.h, which Windows lacks.
_FAULT = 70
# Characters of an unforeseen error's own message.
_LONGEST_SAID = 200


class Verb(NamedTuple):
    """A command that is imported when it is called.

    Attributes:
        command: Where it is, as `module:attribute`.
        help: One line of the group's help.
    """

    command: str
    help: str


VERBS = {
    "identify": Verb("fingerprint.cli.identify:command", "Say who wrote the responses in FILE..."),
    "verify": Verb("fingerprint.cli.verify:command", "Say whether the claimed model wrote the responses in FILE..."),
    "compare": Verb(
        "fingerprint.cli.compare:command", "Say whether one model wrote A and B, or two; or when A changed."
    ),
    "serve": Verb("fingerprint.cli.serve:command", "Serve a web page on this machine that answers these questions."),
    "collect": Verb("fingerprint.cli.collect:command", "Ask models the probes and keep their answers."),
    "probe": Verb("fingerprint.cli.probe:command", "Question a live MODEL, and identify it as it goes."),
    "watch": Verb(
        "fingerprint.cli.watch:command", "Probe the models that are new at a provider; write a page and a feed."
    ),
    "train": Verb("fingerprint.cli.train:command", "Train a model on CORPUS... and write it to a folder."),
    "update": Verb("fingerprint.cli.update:command", "Add the releases of CORPUS... to MODEL."),
    "models": Verb("fingerprint.cli.models:command", "List what a model knows, and its versions; share models."),
    "evaluate": Verb("fingerprint.cli.evaluate:command", "Report how often a model is right on CORPUS..."),
    "corpora": Verb(
        "fingerprint.cli.corpora:command",
        "List, fetch, import, check and describe corpora; add releases to the registry.",
    ),
}


class LazyGroup(click.Group):
    """A group that lists its verbs without importing them.

    Args:
        verbs: The commands by name, in the order of the help.
    """

    def __init__(self, *args: Any, verbs: Mapping[str, Verb], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the verbs."""
        return list(self.verbs)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a verb; the error for a name that is none names those that are like it."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=self.verbs, ctx=ctx) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete to verbs without importing them, and to options."""
        verbs = [
            CompletionItem(name, help=verb.help) for name, verb in self.verbs.items() if name.startswith(incomplete)
        ]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        if cmd_name not in self.verbs:
            return None
        module, _, attribute = self.verbs[cmd_name].command.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in self.verbs.items()])


@click.group(cls=LazyGroup, verbs=VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of an error that the program did not foresee.")
@click.pass_context
def group(context: click.Context, debug: bool) -> None:
    """Says which lab's language model wrote a set of responses, and how sure that is."""
    context.obj = debug


def complain(error: FingerprintError) -> None:
    """Print an error on stderr, in one printable line."""
    click.echo(f"fingerprint: {printable(str(error))}", err=True)


def unforeseen(error: Exception, file: str, debug: bool) -> None:
    """Print an error that the program did not foresee: a fault of the program, whatever the file holds.

    Args:
        error: The error.
        file: What was read when it happened; empty if that is not known.
        debug: Whether to print the traceback too.
    """
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True)
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    said = f"{type(error).__name__} in {where}: {' '.join(str(error).split())[:_LONGEST_SAID]}"
    complain(
        FingerprintError(f"{file and f'{file}: '}{said}; a fault of the program: report it, with what --debug shows")
    )


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done, 2 for input that is not as expected, 3 for a new model that is worse than the one that it
    would replace, 70 for a fault of the program, 130 for Ctrl-C; of `verify` and `compare` 1 for
    "inconsistent", "different" and "changed", and 3 for "inconclusive". `--debug` counts wherever it stands.

    Args:
        args: The arguments, None for those of the process.
    """
    given = sys.argv[1:] if args is None else args
    debug = _DEBUG in given
    given = [*([_DEBUG] if debug else []), *(arg for arg in given if arg != _DEBUG)]
    try:
        code = group.main(given, prog_name="fingerprint", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except FingerprintError as error:
        complain(error)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        # Python would complain again when it flushes a closed stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        unforeseen(error, "", debug)
        sys.exit(_FAULT)
    sys.exit(code or 0)
