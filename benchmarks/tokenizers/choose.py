"""Choose the probes of the set `tokens`: any two tokenizers must differ on as many of them as possible.

    python -m benchmarks.tokenizers.choose PACKAGES > corpora/probes/tokens.jsonl

PACKAGES is the folder of the packages that `fingerprint corpora tokenizers` reads. Write the counts anew afterwards.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import click
import numpy as np

from benchmarks.tokenizers.pool import AFTER, BARE, BEFORE, POOL, Group
from fingerprint.corpora.tokenizers import counts_of
from fingerprint.data.tokenizers import TokenizerTable

# Pairs that differ on fewer prompts are listed.
_SHOWN = 12


def differing(one: Sequence[int], other: Sequence[int]) -> int:
    """Return on how many prompts two tokenizers differ, whatever constants their templates add."""
    shifts = Counter(a - b for a, b in zip(one, other, strict=True))
    return len(one) - max(shifts.values())


def chosen(counts: Mapping[str, Sequence[int]], first: str, groups: Sequence[Group]) -> list[str]:
    """Choose prompts greedily, so that the two tokenizers that differ on the fewest prompts differ on many.

    Args:
        counts: (T,) tokens of each prompt by each tokenizer.
        first: The prompt that is chosen first.
        groups: The other prompts, and how many of each group are chosen.
    """
    taken = [first]
    pairs = list(combinations(range(len(counts[first])), 2))
    left = {name: group for group in groups for name in group.texts}

    def close(name: str) -> float:
        rows = np.array([counts[one] for one in (*taken, name)])
        # A soft minimum over the pairs, so that the second closest pair counts too.
        return sum(4.0 ** -differing(rows[:, a].tolist(), rows[:, b].tolist()) for a, b in pairs)

    while left:
        # Of equals the shortest.
        best = min(left, key=lambda name: (close(name), max(counts[name])))
        taken.append(best)
        group = left.pop(best)
        if sum(name in group.texts for name in taken) == group.chosen:
            left = {name: other for name, other in left.items() if other is not group}
    return taken


@click.command()
@click.argument("packages", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(packages: Path) -> None:
    table = TokenizerTable.load()
    texts = {"bare": BARE} | {name: text for group in POOL for name, text in group.texts.items()}
    asked = [BEFORE + text + AFTER for text in texts.values()]
    columns = [counts_of(one, packages, asked, lambda name: print(name, file=sys.stderr)) for one in table.tokenizers]
    counts = dict(zip(texts, zip(*columns, strict=True), strict=True))
    names = chosen(counts, "bare", POOL)
    for one, other in combinations(range(len(table.tokenizers)), 2):
        fewest = differing([counts[n][one] for n in names], [counts[n][other] for n in names])
        if fewest < _SHOWN:
            pair = f"{table.tokenizers[one].name}, {table.tokenizers[other].name}"
            print(f"{pair}: differ on {fewest} of {len(names)}", file=sys.stderr)
    for name in names:
        message = {"role": "user", "content": BEFORE + texts[name] + AFTER}
        probe = {"id": f"tokens-{name}", "messages": [message], "domain": "token-counts", "max_tokens": 1}
        print(json.dumps(probe, ensure_ascii=False))


if __name__ == "__main__":
    main()
