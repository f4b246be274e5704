"""`fingerprint serve`"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fingerprint.base.files import data_dir
from fingerprint.cli import options
from fingerprint.errors import FingerprintError, MissingExtra

_MEGA = 1_000_000
_PORT = 8000
_UPLOAD = 50
# Listen on all addresses; no browser calls a server so.
_EVERY = ("0.0.0.0", "::")


@click.command("serve")
@options.model
@options.encoder
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=_PORT, show_default=True, help="Port; 0 for any that is free."
)
@click.option("--expose", is_flag=True, help="Allow a --host that other machines reach.")
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="Name under which browsers reach the server, beside localhost and --host; repeatable.",
)
@click.option(
    "--max-upload",
    type=click.IntRange(min=1),
    default=_UPLOAD,
    show_default=True,
    metavar="MB",
    help="Megabytes that one request may send.",
)
@click.option(
    "--workers", type=click.IntRange(1, 8), default=2, show_default=True, help="Verdicts that are made at once."
)
def command(model: Path | None, encoder: str | None, host: str, port: int, **given: Any) -> None:
    """Serve a web page on this machine: drop or paste responses, choose a question, see the verdict.

    The same is a JSON API, described at /api/openapi.json. Only programs on this machine reach the server, unless
    --expose allows more (docs/serve.md). Files are removed as soon as their verdict is made, and verdicts are
    forgotten after 15 minutes. Ctrl-C stops the server.
    """
    try:
        from fingerprint.web.app import Settings, create_app
        from fingerprint.web.server import LOCAL, as_browsers_write, is_local, serve
    except ModuleNotFoundError:
        raise MissingExtra("fingerprint serve", "web") from None
    if not is_local(host) and not given["expose"]:
        raise FingerprintError(
            f"--host {host}: everybody who reaches this address could use the server; it asks for no password and "
            "encrypts nothing. Give --expose if you want that"
        )
    names = (*LOCAL, *map(as_browsers_write, [*([host] if host not in _EVERY else []), *given["names"]]))
    from fingerprint.web.answers import Answers

    click.echo("Loading the model; the first time, the map of its releases is drawn.", err=True)
    answers = Answers.load(model or data_dir("models") / "default", encoder)
    settings = Settings(names, most_bytes=given["max_upload"] * _MEGA, workers=given["workers"])
    serve(create_app(answers, settings), host, port, lambda url: click.echo(f"{url} (Ctrl-C stops the server)"))
