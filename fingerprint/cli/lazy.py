"""Groups of verbs, each a file of its own that is imported when it is called."""

from __future__ import annotations

import importlib
import keyword
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """`verbs` (name: what it does) are modules of `package`, which have a `command`."""

    def __init__(self, *args: Any, package: str, verbs: Mapping[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.package, self.verbs = package, verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `verbs`."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the verb."""
        if cmd_name not in self.verbs:
            return None
        command: click.Command = _module(self.package, cmd_name).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.verbs.items()))


def _module(package: str, verb: str) -> Any:
    name = verb.replace("-", "_")
    # `import` is no name of a module that could be imported.
    return importlib.import_module(f"{package}.{name}_" if keyword.iskeyword(name) else f"{package}.{name}")
