"""How `fingerprint probe` does with a release that nobody has seen, by the prompts that it may ask.

    python -m benchmarks.probing.unseen ../shared/corpora/train

A small model is trained without some prompts, releases and corpora, and sessions with the left-out releases are
replayed, three ways: prompts of corpora that it does not know (as our own probes are), prompts of corpora that it
knows in a random order, and the same in the order of `--probes best`. A session ends when the verdict is firm, or
after so many responses. "new" is what `probe` expects.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import numpy as np

from benchmarks.probing.model import Settings, prepare
from benchmarks.probing.replay import How, Plan, Sessions, pools, replay
from fingerprint.base.files import cache_dir
from fingerprint.evaluation.config import FULL
from fingerprint.model.calibration import Expect

SHOWN = (1, 3, 5, 8, 12)


def at_stop(sessions: Sessions, longest: int) -> dict[str, float]:
    """Return what sessions found and took when they stopped: means, and medians of responses and answer tokens."""
    n = np.minimum(sessions.stops(), longest)
    at = np.arange(len(n)), n - 1
    right, attributed = sessions.right[at], sessions.attributed[at] >= 0
    return {
        "lab top-1": float(right.mean()),
        "attributed": float(attributed.mean()),
        "false attributions": float(np.mean(~right[attributed])) if attributed.any() else np.nan,
        "responses": float(np.median(n)),
        "answer tokens": float(np.median(sessions.tokens[at])),
    }


@click.command()
@click.argument("corpora", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="models/default", type=click.Path(exists=True, path_type=Path))
@click.option("--draws", default=5, show_default=True, help="Sessions a release and way.")
@click.option("--longest", default=12, show_default=True, help="Responses of a session at most.")
@click.option("--price", default=2.0, show_default=True, help="US dollars for a million tokens that are written.")
@click.option("--seed", default=0, show_default=True)
@click.option("--jobs", default=os.cpu_count() or 1)
def main(corpora: tuple[Path, ...], model: Path, draws: int, longest: int, price: float, seed: int, jobs: int) -> None:
    start = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s  {text}", flush=True)

    world = prepare(list(corpora), Settings(model, jobs, seed, cache_dir(), FULL), say)
    new = ~world.known & (world.lab >= 0)
    inside, outside = pools(world, new & world.in_domain, 1), pools(world, new & ~world.in_domain, 1)
    ways = {
        "corpora that it does not know": (outside, How.CHOSEN),
        "known corpora, at random": (inside, How.RANDOM),
        "known corpora, best": (inside, How.BEST),
    }
    for expect in (Expect.NEW, Expect.ANY):
        print(f"\n--expect {expect}\n\n| prompts of | releases (labs) | " + " | ".join(f"{n}" for n in SHOWN), end="")
        print(" | at stop: lab top-1 | attributed | false attributions | responses | answer tokens | dollars |")
        print("|---|---|" + "---|" * (len(SHOWN) + 6))
        for name, (some, how) in ways.items():
            if not some:
                print(f"| {name} | 0 |")
                continue
            sessions = replay(world, some, Plan(how, draws, seed, longest, expect))
            labs = len({int(world.lab[rows[0]]) for rows in some})
            accuracy = [f"{sessions.right[:, n - 1].mean():.3f}" for n in SHOWN if n <= longest]
            found = at_stop(sessions, longest)
            cells = [f"{found[key]:.3f}" for key in ("lab top-1", "attributed", "false attributions")]
            cells += [f"{found['responses']:.0f}", f"{found['answer tokens']:.0f}"]
            cost = found["answer tokens"] * price / 1e6
            print(
                "| " + " | ".join([name, f"{len(some)} ({labs})", *accuracy, *cells, f"{cost:.4f}"]) + " |", flush=True
            )
    say(f"{draws} sessions a release and way, at most {longest} responses; seed {seed}")


if __name__ == "__main__":
    main()
