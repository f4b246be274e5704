"""How many responses `fingerprint probe` needs, beside a random order, by replay of answers.

    python -m benchmarks.probing ../shared/corpora/train

The model has not seen the replayed prompts, and the information gain was measured on others. A session draws from all
left-out prompts that its release answered. "at random": a fixed number in a random order; "chosen": in the order that
`probe` chooses; "stopped": until `probe` stops.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import numpy as np

from benchmarks.probing.model import Settings, prepare
from benchmarks.probing.replay import LONGEST, How, Plan, Sessions, pools, replay
from fingerprint.base.files import cache_dir

ACCURACIES = (0.8, 0.85, 0.9, 0.925, 0.95, 0.975)
ORDERS = {"at random": How.RANDOM, "chosen": How.CHOSEN}
SHOWN = (1, 2, 3, 4, 5, 7, 10, 15, 20, 25)


def needed(accuracy: np.ndarray, wanted: float) -> float:
    """Return the number of responses from which on an accuracy (n,) is reached, interpolated linearly."""
    best = np.minimum.accumulate(accuracy[::-1])[::-1]
    above = np.flatnonzero(best >= wanted)
    if not len(above):
        return np.nan
    i = above[0]
    return 1.0 if i == 0 else float(i + (wanted - best[i - 1]) / (best[i] - best[i - 1]))


def stopped(sessions: Sessions) -> dict[str, float]:
    n = sessions.stops()
    at = np.arange(len(n)), n - 1
    attributed = sessions.attributed[at] >= 0
    right = sessions.right[at]
    return {
        "responses": float(n.mean()),
        "accuracy": float(right.mean()),
        "coverage": float(attributed.mean()),
        "false": float(np.mean(~right[attributed])) if attributed.any() else np.nan,
    }


@click.command()
@click.argument("corpora", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="models/default", type=click.Path(exists=True, path_type=Path))
@click.option("--draws", default=5, show_default=True, help="Sessions a release and order.")
@click.option("--seed", default=0, show_default=True)
@click.option("--jobs", default=os.cpu_count() or 1)
def main(corpora: tuple[Path, ...], model: Path, draws: int, seed: int, jobs: int) -> None:
    start = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s  {text}", flush=True)

    world = prepare(list(corpora), Settings(model, jobs, seed, cache_dir()), say)
    for known in (True, False):
        some = pools(world, world.in_domain & (world.known == known))
        orders = {name: replay(world, some, Plan(how, draws, seed)) for name, how in ORDERS.items()}
        labs = len({int(world.lab[rows[0]]) for rows in some})
        title = "known releases" if known else "releases that the model was not trained on"
        say(f"{title}: {len(some)} of {labs} labs, {np.mean([len(rows) for rows in some]):.0f} prompts each")
        print("| responses | " + " | ".join(map(str, SHOWN)) + " |\n|---|" + "---|" * len(SHOWN))
        for name, sessions in orders.items():
            accuracy = sessions.right.mean(axis=0)
            print(f"| {name}: lab top-1 | " + " | ".join(f"{accuracy[n - 1]:.3f}" for n in SHOWN) + " |")
        by_order = {name: sessions.right.mean(axis=0) for name, sessions in orders.items()}
        print("| lab top-1 | responses at random | chosen | share |\n|---|---|---|---|")
        for wanted in ACCURACIES:
            a, b = (needed(by_order[name], wanted) for name in ("at random", "chosen"))
            print(f"| {wanted} | {a:.2f} | {b:.2f} | {b / a:.2f} |")
        print("| order, stopped | mean responses | lab top-1 | coverage | false | at random needs | share |")
        print("|---|" + "---|" * 6)
        for name, sessions in orders.items():
            row = stopped(sessions)
            fixed = needed(by_order["at random"], row["accuracy"])
            cells = [f"{row[key]:.3f}" for key in ("responses", "accuracy", "coverage", "false")]
            print("| " + " | ".join([name, *cells, f"{fixed:.1f}", f"{row['responses'] / fixed:.2f}"]) + " |")
    print(f"at most {LONGEST} responses a session; {draws} sessions a release and order; seed {seed}")


if __name__ == "__main__":
    main()
