"""The group of verbs, and what is the same for all of them: errors in one line, exit codes, Ctrl-C."""

from __future__ import annotations

import os
import sys

import click

from fingerprint.base.escaping import printable
from fingerprint.cli.lazy import LazyGroup
from fingerprint.errors import FingerprintError

VERBS = {
    "identify": "Say who wrote the responses in FILE...",
    "collect": "Ask models the probes and keep their answers.",
    "probe": "Question a live MODEL, and identify it as it goes.",
    "train": "Train a model on CORPUS... and write it to a folder.",
    "update": "Add the releases of CORPUS... to MODEL.",
    "models": "List, show and bring back the versions of a model.",
    "evaluate": "Report how often a model is right on CORPUS...",
    "corpora": "List, fetch, import, check and describe corpora; add releases to the registry.",
}


@click.group(
    cls=LazyGroup,
    package="fingerprint.cli",
    verbs=VERBS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="fingerprint")
def group() -> None:
    """Says which lab's language model wrote a set of responses, and how sure that is."""


def complain(error: FingerprintError) -> None:
    """One printable line on stderr."""
    click.echo(f"fingerprint: {printable(str(error))}", err=True)


def main(args: list[str] | None = None) -> None:
    """Runs the command line and exits: 0 done, 2 for input that is not as expected, 3 for a model that is worse than
    the one that it would replace, 130 for Ctrl-C."""
    try:
        code = group.main(args, prog_name="fingerprint", standalone_mode=False)
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
        # Python would complain once more when it flushes what nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code or 0)
