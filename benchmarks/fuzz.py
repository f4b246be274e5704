"""Sound files of every format with bytes flipped, cut and doubled: every one must end in a case or in one line.

    python -m benchmarks.fuzz --flips 10000

Whatever else comes out is written to --out with the bytes that it came from, and the exit code is 1.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

from fingerprint.data.formats import FORMATS
from fingerprint.data.reader import read_case
from fingerprint.data.rows import Options
from fingerprint.errors import InputError
from tests.data.samples import SAMPLES

# Bytes that forms are made of come more often than chance would have them.
_TELLING = b'"\\{}[],:\n\r\t <>|`#-_*&;0ntu\x00\x80\xc3\xe2\xff'


def damaged(data: bytes, chance: random.Random) -> bytes:
    """`data` with one to eight of its bytes or stretches changed."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        at = chance.randrange(len(found) + 1)
        kind = chance.randrange(6)
        if kind < 2 and at < len(found):
            found[at] ^= 1 << chance.randrange(8)
        elif kind == 2 and at < len(found):
            found[at] = chance.choice(_TELLING)
        elif kind == 3:
            found[at:at] = found[at : at + chance.randrange(1, 64)]
        elif kind == 4:
            del found[at : at + chance.randrange(1, 64)]
        elif kind == 5 and chance.random() < 0.2:
            del found[at:]
    return bytes(found)


class Counters:
    """How the files of one format ended."""

    def __init__(self, out: Path):
        self._out = out
        self.read = self.refused = self.wrong = 0
        self.slowest = 0.0

    def count(self, path: Path, options: Options) -> None:
        began = time.perf_counter()
        try:
            read_case(str(path), options)
            self.read += 1
        except InputError as error:
            self.refused += 1
            if "\n" in str(error):
                self._keep(path, f"more than one line: {error}")
        except Exception:
            self._keep(path, traceback.format_exc())
        self.slowest = max(self.slowest, time.perf_counter() - began)

    def _keep(self, path: Path, said: str) -> None:
        self.wrong += 1
        self._out.mkdir(parents=True, exist_ok=True)
        name = self._out / f"{path.stem}-{self.wrong}"
        name.with_suffix(".bin").write_bytes(path.read_bytes())
        name.with_suffix(".txt").write_text(said)


@click.command()
@click.option("--flips", default=10_000, show_default=True, help="Files of each format.")
@click.option("--seed", default=0, show_default=True)
@click.option("--format", "names", multiple=True, help="Only these; repeatable.")
@click.option("--out", default="/tmp/fuzz", type=click.Path(path_type=Path), show_default=True)
def main(flips: int, seed: int, names: tuple[str, ...], out: Path) -> None:
    click.echo("| format | read | refused in one line | neither | slowest (s) |\n|---|---|---|---|---|")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names or FORMATS:
            counters, chance = Counters(out), random.Random(f"{seed} {name}")
            sample = SAMPLES[name]
            path = Path(folder) / f"{name}{Path(sample.name).suffix}"
            for i in range(flips):
                path.write_bytes(damaged(sample.data, chance))
                counters.count(path, Options(format=name if i % 2 else ""))
            wrong += counters.wrong
            click.echo(
                f"| {name} | {counters.read:,} | {counters.refused:,} | {counters.wrong} | {counters.slowest:.2f} |"
            )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
