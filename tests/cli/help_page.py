"""Writes the page of all --help texts: python -m tests.cli.help_page docs/cli.md"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fingerprint.cli.main import VERBS, group


def page() -> str:
    """docs/cli.md as it should be."""
    parts = ["# Command line\n", "Made from the program by `make docs`; a test compares.\n"]
    context = click.Context(group, info_name="fingerprint", max_content_width=100, terminal_width=100)
    parts.append(f"```\n{group.get_help(context)}\n```\n")
    for verb in VERBS:
        command = group.get_command(context, verb)
        assert command is not None
        inner = click.Context(command, info_name=verb, parent=context, terminal_width=100)
        parts.append(f"## fingerprint {verb}\n\n```\n{command.get_help(inner)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
