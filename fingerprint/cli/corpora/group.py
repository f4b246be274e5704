"""`fingerprint corpora`"""

from __future__ import annotations

import click

from fingerprint.cli.lazy import LazyGroup

VERBS = {
    "list": "List the public corpora that can be fetched.",
    "show": "Show where a public corpus comes from and how it is read.",
    "fetch": "Fetch a public corpus at its pinned commit.",
    "import": "Turn what other tools wrote into a corpus.",
    "stats": "Count what is in CORPUS...",
    "check": "Find what is wrong in CORPUS..., and mend it in a copy.",
    "add-release": "Add a release or its aliases to the registry.",
}


@click.group("corpora", cls=LazyGroup, package="fingerprint.cli.corpora", verbs=VERBS)
def command() -> None:
    """Corpora of labelled responses, and the registry of releases that they are labelled by."""
