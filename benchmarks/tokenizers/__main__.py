"""How often token counts name the right tokenizer, with every public tokenizer in turn as the suspect.

    python -m benchmarks.tokenizers

A provider adds a constant for its template and, in some sessions, changes counts: it trims a space (a slip of one or
two tokens in single prompts), rounds up, or does not count what it had cached. `probe` chooses the prompts. The suspect
is in the table, or left out of it, so that its counts are those of a tokenizer that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import click
import numpy as np
from numpy.random import Generator

from fingerprint.data.probes import Probe, load_probes
from fingerprint.data.registry import Registry
from fingerprint.data.response import Response
from fingerprint.data.tokenizers import TokenizerTable
from fingerprint.probing.side import SideChoice
from fingerprint.side.evidence import SideTables, counted
from fingerprint.side.token_counts import KnownTokenizers, compare

Noise = Callable[[int, Generator], int]
_LARGEST_TEMPLATE = 300


def exact(count: int, rng: Generator) -> int:
    return count


def slips(count: int, rng: Generator) -> int:
    """One prompt in twenty has one or two tokens more or less."""
    return count + int(rng.choice([-2, -1, 1, 2]) if rng.random() < 0.05 else 0)


def many_slips(count: int, rng: Generator) -> int:
    """One prompt in five has one or two tokens more or less."""
    return count + int(rng.choice([-2, -1, 1, 2]) if rng.random() < 0.2 else 0)


def tens(count: int, rng: Generator) -> int:
    return -(-count // 10) * 10


def cached(count: int, rng: Generator) -> int:
    """One prompt in ten was half cached, and the provider counts the rest."""
    return count // 2 if rng.random() < 0.1 else count


NOISES: Mapping[str, Noise] = {
    "exact": exact,
    "slips in 5 %": slips,
    "slips in 20 %": many_slips,
    "rounded up to tens": tens,
    "10 % half cached": cached,
}


@dataclass(frozen=True)
class Session:
    """What a session found.

    Attributes:
        asked: Prompts that were counted.
        named: The public tokenizers that fit.
        ruled_out: The labs that are ruled out.
    """

    asked: int
    named: tuple[str, ...]
    ruled_out: tuple[str, ...]


def session(
    counts: Mapping[str, int], known: KnownTokenizers, labs: Sequence[str], noise: Noise, rng: Generator
) -> Session:
    """Ask as `probe` does; counts: the tokens of each probe by the suspect."""
    template = int(rng.integers(3, _LARGEST_TEMPLATE))
    left: list[Probe] = list(load_probes("tokens").probes)
    answered: list[Response] = []
    choice = SideChoice(known, names=False)
    while (at := choice.next(left, answered)) is not None:
        probe = left.pop(at)
        usage = {"prompt_tokens": noise(counts[probe.id] + template, rng)}
        answered.append(Response("OK", probe.messages[0][1], probe.id, domain=probe.domain, usage=usage))
    found = compare(counted(answered), known, labs)
    return Session(len(answered), *((found.tokenizers, found.ruled_out) if found else ((), ())))


@click.command()
@click.option("--sessions", default=40, show_default=True, help="Of each suspect.")
@click.option("--seed", default=0, show_default=True)
def main(sessions: int, seed: int) -> None:
    table, registry = TokenizerTable.load(), Registry.load()
    known = SideTables((), None).known_tokenizers(table, registry)
    labs = sorted({lab for one in known.tokenizers for lab in one.releases.values()} | set(known.elsewhere))
    print(f"{len(known.tokenizers)} tokenizers, {len(labs)} labs, {sessions} sessions of each; seed {seed}\n")
    print("| counts | suspect | prompts asked | named alone | among several | none named | wrong named | ", end="")
    print("labs ruled out | its own lab ruled out |\n|" + "---|" * 9)
    for noise_name, noise in NOISES.items():
        for is_known in (True, False):
            rng = np.random.default_rng(seed)
            rows = []
            for i, suspect in enumerate(known.tokenizers):
                others = [one for one in known.tokenizers if is_known or one is not suspect]
                # The lab of a tokenizer that is left out has one of its own that nobody published.
                owners = set(suspect.releases.values())
                elsewhere = known.elsewhere if is_known else {**known.elsewhere, **dict.fromkeys(owners, 1)}
                against = replace(known, tokenizers=others, elsewhere=elsewhere)
                counts = {name: prompt.counts[i] for name, prompt in table.prompts.items()}
                for _ in range(sessions):
                    found = session(counts, against, labs, noise, rng)
                    right = suspect.name in found.named
                    rows.append(
                        (
                            found.asked,
                            right and len(found.named) == 1,
                            right and len(found.named) > 1,
                            not found.named,
                            bool(found.named) and not right,
                            len(found.ruled_out),
                            len(owners & set(found.ruled_out)) / len(owners),
                        )
                    )
            means = np.array(rows, float).mean(axis=0)
            cells = [f"{means[0]:.1f}", *(f"{value:.3f}" for value in means[1:5]), f"{means[5]:.1f}", f"{means[6]:.3f}"]
            print(
                "| " + " | ".join([noise_name, "in the table" if is_known else "left out", *cells]) + " |", flush=True
            )


if __name__ == "__main__":
    main()
