"""Writes the page of all --help texts: python -m tests.cli.help_page docs/cli.md"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from fingerprint.cli.main import group


def page() -> str:
    """docs/cli.md as it should be."""
    parts = ["# Command line\n", "Made from the program by `make docs`; a test compares.\n"]
    context = click.Context(
        group, info_name="fingerprint", max_content_width=100, terminal_width=100, **group.context_settings
    )
    parts.append(f"```\n{group.get_help(context)}\n```\n")
    parts += _verbs(context)
    return "\n".join(parts)


def _verbs(context: click.Context) -> Iterator[str]:
    assert isinstance(context.command, click.Group)
    for verb in context.command.list_commands(context):
        command = context.command.get_command(context, verb)
        assert command is not None
        inner = click.Context(command, info_name=verb, parent=context, terminal_width=100)
        yield f"## {inner.command_path}\n\n```\n{command.get_help(inner)}\n```\n"
        if isinstance(command, click.Group):
            yield from _verbs(inner)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
