"""Ctrl-C in commands that can be given again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

FEATURES = "goes on with the features made so far"


@contextmanager
def resumable(again: str = "goes on where it was") -> Iterator[None]:
    """Says on stderr, once a Ctrl-C has ended what it holds, what the same command does when it is given again."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"fingerprint: interrupted; the same command {again}", err=True)
        raise
