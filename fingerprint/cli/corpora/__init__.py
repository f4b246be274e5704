"""`fingerprint corpora`: the group; its verbs are imported when they are called."""

from __future__ import annotations

import click

from fingerprint.cli.main import LazyGroup, Verb

VERBS = {
    "list": Verb("fingerprint.cli.corpora.public:list_", "List the public corpora that can be fetched."),
    "show": Verb("fingerprint.cli.corpora.public:show", "Show where a public corpus comes from and how it is read."),
    "fetch": Verb("fingerprint.cli.corpora.public:fetch", "Fetch a public corpus at its pinned commit."),
    "import": Verb("fingerprint.cli.corpora.import_:command", "Turn what other tools wrote into a corpus."),
    "stats": Verb("fingerprint.cli.corpora.local:stats", "Count what is in CORPUS..."),
    "card": Verb("fingerprint.cli.corpora.local:card", "Print the data set card of CORPUS..."),
    "check": Verb("fingerprint.cli.corpora.local:check", "Find what is wrong in CORPUS..., and fix it in a copy."),
    "add-release": Verb("fingerprint.cli.corpora.local:add_release", "Add a release or its aliases to the registry."),
    "tokenizers": Verb("fingerprint.cli.corpora.local:tokenizers", "Count the tokens of the probes anew."),
}


@click.group("corpora", cls=LazyGroup, verbs=VERBS)
def command() -> None:
    """Corpora of labelled responses, and the registry of releases that label them."""
