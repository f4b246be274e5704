"""What people would use instead of `fingerprint`, on the same rows and the same cases.

    pip install -e '.[train,peers]'
    python -m benchmarks.peers ../shared/corpora/train ../shared/bench --out docs/results.md

An interrupted run goes on with the next peer.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.peers import catalogue
from benchmarks.peers.page import Conditions, page
from benchmarks.peers.run import CACHE, Settings, run
from fingerprint.base.files import write_atomically


@click.command()
@click.argument("corpora", type=click.Path(exists=True, path_type=Path))
@click.argument("bench", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The results page.")
@click.option("--model", default="models/default", show_default=True, type=click.Path(exists=True, path_type=Path))
@click.option("--rows", default=40, show_default=True, help="Responses of each release that the peers learn from.")
@click.option("--cases", type=int, help="Of each protocol and number of responses, for a quick look.  [default: all]")
@click.option("--repeats", default=3, show_default=True, help="Cold starts of each.")
@click.option("--peer", "peers", multiple=True, type=click.Choice(list(catalogue.PEERS)), help="[default: all]")
@click.option("--work", default=CACHE, type=click.Path(file_okay=False, path_type=Path), help="What is kept.")
def main(corpora: Path, bench: Path, out: Path, model: Path, peers: tuple[str, ...], **given: Any) -> None:
    chosen = list(peers or catalogue.PEERS)
    missing = sorted({needs[1] for name in chosen if (needs := catalogue.kind(name).needs) and not _there(needs[0])})
    if missing:
        raise click.ClickException(f"not installed: {', '.join(missing)}; pip install -e '.[peers]'")
    work: Path = given["work"]
    settings = Settings(corpora, bench, model, given["rows"], given["cases"], given["repeats"], work)
    conditions = Conditions.now(" ".join(["python -m benchmarks.peers", *sys.argv[1:]]))
    start = time.monotonic()

    def say(what: str) -> None:
        click.echo(f"{(time.monotonic() - start) / 60:5.1f} min  {what}")

    found = run(settings, chosen, say)
    write_atomically(out, page(found, conditions, settings).encode())
    say(f"wrote {out}; {shutil.disk_usage(work).free / 2**30:.0f} GB are free, and {work} holds the models")


def _there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


if __name__ == "__main__":
    main()
