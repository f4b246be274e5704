"""What a shell completes: names of labs, releases, corpora and probe sets. Each is read when it is asked for.

The functions have the form that click wants for `shell_complete`. What cannot be read completes to nothing: a shell
that is asked for a name is no place for an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias

import click
from click.shell_completion import CompletionItem

from fingerprint.base.escaping import printable
from fingerprint.base.files import data_dir
from fingerprint.errors import FingerprintError

Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _named(names: Callable[[click.Context], Iterable[tuple[str, str]]]) -> Complete:
    """Complete to names, with a word about each; `names` may fail."""

    @wraps(names)
    def complete(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            found = dict(names(context))
        except (FingerprintError, OSError, ValueError, KeyError, TypeError):
            return []
        # A name that a shell cannot show as it is would not be the name that is meant.
        return [
            CompletionItem(name, help=printable(about))
            for name, about in found.items()
            if name.startswith(incomplete) and printable(name) == name
        ]

    return complete


@_named
def claimed(context: click.Context) -> Iterable[tuple[str, str]]:
    """Releases, families, lines and labs that the model knows."""
    labels = _labels(context)
    for entry in labels["releases"]:
        yield entry["release"], f"release of {entry['lab']}"
        yield entry["family"], f"family of {entry['lab']}"
        yield entry["line"], f"line of {entry['lab']}"
    for lab in labels["labs"]:
        yield lab, "lab"


@_named
def known_labs(context: click.Context) -> Iterable[tuple[str, str]]:
    """Labs that the model knows."""
    return ((lab, "") for lab in _labels(context)["labs"])


def candidates(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Labs that the model knows, after those that stand there already."""
    before, comma, last = incomplete.rpartition(",")
    there = set(before.split(","))
    found = known_labs(context, param, last)
    return [CompletionItem(before + comma + item.value) for item in found if item.value not in there]


@_named
def releases(context: click.Context) -> Iterable[tuple[str, str]]:
    """Releases of the registry."""
    from fingerprint.data.registry import Registry

    for entry in Registry.load(context.params.get("registry")).releases.values():
        yield entry.release, " ".join(filter(None, (entry.lab, entry.released)))


@_named
def labs(context: click.Context) -> Iterable[tuple[str, str]]:
    """Labs of the registry."""
    from fingerprint.data.registry import Registry

    registry = Registry.load(context.params.get("registry"))
    return ((entry.lab, registry.display(entry.lab)) for entry in registry.releases.values())


@_named
def probe_sets(context: click.Context) -> Iterable[tuple[str, str]]:
    """Sets of probes that ship."""
    from fingerprint.data.probes import listed

    return ((name, entry["purpose"]) for name, entry in listed().items())


@_named
def corpora(context: click.Context) -> Iterable[tuple[str, str]]:
    """Public corpora that have a manifest."""
    from fingerprint.corpora.manifest import all_manifests

    return ((manifest.name, ", ".join(manifest.domain)) for manifest in all_manifests())


def files(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete names of files."""
    return [CompletionItem(incomplete, type="file")]


def _labels(context: click.Context) -> Any:
    """What the model knows, unchecked: loading a whole model would take seconds."""
    folder = context.params.get("model") or data_dir("models") / "default"
    return json.loads((Path(folder) / "labels.json").read_bytes())
