"""How often the combined answer is right, by replay of releases that a model was not trained on.

    python -m benchmarks.combined CASES.jsonl --out corpora/combined.json

CASES has one prediction by style a line: {"release", "kind", "expect", "responses", "weight", "labs"}. `kind` says what
was left out of the model: "unseen" (the release), "both" (release and corpus), "later" (all releases of its time and
after), "unknown" (the lab). `weight` is that of the case in the mixture that was expected. `labs` holds the
probability of each lab and of "unknown".

The counts of six prompts of `tokens` come from the table of public tokenizers, with a template and slips. The table
knows of no use that the model could not know of: without the family of the release from its month on, without its lab,
or without all releases of its month and later. A release whose tokenizer is not public gets the counts of another one,
which is left out of the table.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import msgspec
import numpy as np
from numpy.random import Generator

from benchmarks.tokenizers.__main__ import slips
from fingerprint.base.files import write_atomically
from fingerprint.base.keys import text_hash
from fingerprint.data.probes import load_probes
from fingerprint.data.registry import Registry, Release
from fingerprint.data.tokenizers import TokenizerTable, users
from fingerprint.model.verdict import (
    UNKNOWN,
    CombinedRates,
    LabShare,
    SelfIdentification,
    SideEvidence,
    SideRatio,
    StatementRatio,
    TokenCounts,
)
from fingerprint.side.combination import MeasuredRates, combined_shares
from fingerprint.side.evidence import SideTables
from fingerprint.side.self_identification import StatementRates
from fingerprint.side.token_counts import KnownTokenizers, Tokenizer, compare
from fingerprint.store.folder import load

PROMPTS = 6
LIMITS = (0.5, 0.7, 0.8, 0.9, 0.95)
# Fewer cases or releases above a limit say too little.
FEWEST_CASES, FEWEST_RELEASES = 30, 10
# What models that name another lab most often say that they are.
LIE = "openai"
NAMES = ("none", "own", "lie")


@dataclass(frozen=True)
class Replayed:
    """One case.

    Attributes:
        kind, expect, responses, release, weight: As the file has them.
        public: Whether the tokenizer of the release is public.
        right: Whether the first lab is right, and its probability, by style and with each kind of name.
    """

    kind: str
    expect: str
    responses: int
    release: str
    weight: float
    public: bool
    right: Mapping[str, tuple[bool, float, str]]


class World:
    """The table, and what of it a case may know."""

    def __init__(self, names: StatementRates, rng: Generator):
        self._table, self._registry, self._names, self._rng = TokenizerTable.load(), Registry.load(), names, rng
        self._prompts = [probe.id for probe in load_probes("tokens").probes]
        self._known: dict[tuple[str, str, int], KnownTokenizers] = {}

    @cached_property
    def _users(self) -> list[dict[str, str]]:
        """The lab of each release that uses each tokenizer."""
        return [users(one.users, self._registry) for one in self._table.tokenizers]

    @cached_property
    def _tokenizer(self) -> dict[str, int]:
        """The index of each release's public tokenizer."""
        return {release: i for i, named in enumerate(self._users) for release in named}

    @cached_property
    def _all_counts(self) -> list[dict[str, int]]:
        """The counts of the probes by each tokenizer."""
        prompts = [self._table.prompts[name] for name in self._prompts]
        return [{one.digest: one.counts[i] for one in prompts} for i in range(len(self._table.tokenizers))]

    @cached_property
    def _elsewhere(self) -> dict[str, str]:
        return users(self._table.elsewhere, self._registry)

    def replay(self, case: Mapping[str, Any]) -> Replayed | None:
        """Combine one case with counts and names; None where nothing is known about the tokenizer."""
        release = self._registry.releases.get(case["release"])
        if release is None or release.release not in self._tokenizer | self._elsewhere:
            return None
        public = release.release in self._tokenizer
        # All cases of a release have the same stand-in.
        at = self._tokenizer[release.release] if public else text_hash(release.release) % len(self._table.tokenizers)
        known = self._knowing(release, case["kind"], -1 if public else at)
        style = [LabShare(lab, share) for lab, share in case["labs"].items()]
        labs = [lab for lab in case["labs"] if lab != UNKNOWN]
        counts = self._counts(at)
        found = compare(counts, known, labs)
        if found is None:
            return None
        ratios = tuple(SideRatio(lab, llr) for lab, llr in found.llr.items())
        tokens = TokenCounts("", found.compared, found.tokenizers, found.agree, found.ruled_out, ratios)
        truth = release.lab if release.lab in labs else UNKNOWN
        right = {}
        for name in NAMES:
            side = SideEvidence(tokens, self._named(name, release.lab, labs))
            first = combined_shares(style, side)[0]
            right[name] = (first.lab == truth, first.probability, first.lab)
        best = max(style, key=lambda share: share.probability)
        right["style"] = (best.lab == truth, best.probability, best.lab)
        return Replayed(case["kind"], case["expect"], case["responses"], release.release, case["weight"], public, right)

    def _counts(self, at: int) -> dict[str, int]:
        template = int(self._rng.integers(3, 300))
        some = self._rng.choice(len(self._prompts), PROMPTS, replace=False)
        prompts = [self._table.prompts[self._prompts[i]] for i in some]
        return {one.digest: slips(one.counts[at] + template, self._rng) for one in prompts}

    def _named(self, what: str, own: str, labs: Sequence[str]) -> SelfIdentification:
        if what == "none":
            return SelfIdentification("", (), ())
        llr = self._names.log_likelihood_ratios({own if what == "own" else LIE: 1}, labs)
        return SelfIdentification("", (), tuple(StatementRatio(lab, value, 0.0) for lab, value in llr.items()))

    def _knowing(self, release: Release, kind: str, stand_in: int) -> KnownTokenizers:
        """What would be known of tokenizers without what the case leaves out; stand_in: is left out too."""
        key = (f"{release.lab} {release.family} {release.released}", kind, stand_in)
        if key not in self._known:
            tokenizers, elsewhere = (
                [],
                {name: lab for name, lab in self._elsewhere.items() if self._may(name, release, kind)},
            )
            for i, one in enumerate(self._table.tokenizers):
                named = {name: lab for name, lab in self._users[i].items() if self._may(name, release, kind)}
                if i == stand_in:
                    elsewhere |= named
                elif named:
                    tokenizers.append(Tokenizer(named, self._all_counts[i], one.name))
            number: dict[str, int] = defaultdict(int)
            for lab in elsewhere.values():
                number[lab] += 1
            self._known[key] = KnownTokenizers(tokenizers, number)
        return self._known[key]

    def _may(self, name: str, release: Release, kind: str) -> bool:
        other = self._registry.releases[name]
        if kind == "unknown":
            return other.lab != release.lab
        if kind == "later":
            return bool(other.released) and other.released < release.released
        is_earlier = bool(other.released) and other.released < release.released
        return (other.lab, other.family) != (release.lab, release.family) or is_earlier


def rates(rows: Sequence[Replayed], limit: float, by: str = "none") -> CombinedRates | None:
    """Return how often answers of at least this probability are right; None for too few of them."""
    weight = np.array([row.weight for row in rows])
    sure = np.array([row.right[by][1] >= limit and row.right[by][2] != UNKNOWN for row in rows])
    releases = len({row.release for row, is_sure in zip(rows, sure, strict=True) if is_sure})
    if sure.sum() < FEWEST_CASES or releases < FEWEST_RELEASES:
        return None
    wrong, by_style = (np.array([not row.right[name][0] for row in rows]) for name in (by, "style"))
    of = weight * sure
    return CombinedRates(
        int(sure.sum()),
        releases,
        *(
            round(float(share), 4)
            for share in (of.sum() / weight.sum(), of @ wrong / of.sum(), of @ by_style / of.sum())
        ),
    )


def table(rows: Sequence[Replayed]) -> Iterator[str]:
    """Yield the lines of a table: top-1 of each kind, by style alone and combined."""
    yield "| expect | left out | responses | cases | releases | style | with counts | own name | a lie |"
    yield "|" + "---|" * 9
    groups: dict[tuple[str, str, int], list[Replayed]] = defaultdict(list)
    for row in rows:
        groups[row.expect, row.kind, row.responses].append(row)
    for (expect, kind, responses), some in sorted(groups.items()):
        shares = [np.mean([row.right[name][0] for row in some]) for name in ("style", *NAMES)]
        numbers = [str(responses), str(len(some)), str(len({row.release for row in some}))]
        yield "| " + " | ".join([expect, kind, *numbers, *(f"{share:.3f}" for share in shares)]) + " |"


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the rates are written.")
@click.option("--model", default="models/default", type=click.Path(exists=True, path_type=Path))
@click.option("--seed", default=0, show_default=True)
def main(file: Path, out: Path | None, model: Path, seed: int) -> None:
    names = SideTables.from_document(load(model).documents["side"]).names
    if names is None:
        raise click.UsageError(f"{model}: knows nothing of what models call themselves")
    world = World(names, np.random.default_rng(seed))
    with file.open() as lines:
        replayed = [row for line in lines if (row := world.replay(json.loads(line)))]
    for title, rows in (("All", replayed), ("Without stand-ins", [row for row in replayed if row.public])):
        print(f"{title}\n\n" + "\n".join(table(rows)) + "\n")
    found: dict[str, dict[str, dict[str, CombinedRates]]] = {}
    print("| expect | responses | P(first) | cases | releases | share | wrong | by style | style: share | wrong |")
    print("|" + "---|" * 10)
    for expect in sorted({row.expect for row in replayed}):
        for size in sorted({row.responses for row in replayed}):
            rows = [row for row in replayed if (row.expect, row.responses) == (expect, size)]
            for limit in LIMITS:
                one, style = rates(rows, limit), rates(rows, limit, "style")
                if one is None:
                    continue
                found.setdefault(expect, {}).setdefault(str(size), {})[str(limit)] = one
                beside = [f"{style.share:.3f}", f"{style.wrong:.3f}"] if style else ["-", "-"]
                shares = [f"{value:.3f}" for value in (one.share, one.wrong, one.wrong_by_style)]
                cells = [expect, str(size), str(limit), str(one.cases), str(one.releases), *shares, *beside]
                print("| " + " | ".join(cells) + " |")
    for public in (True, False):
        rows = [row for row in replayed if row.public == public and row.responses >= 10]
        means = ", ".join(f"{name} {np.mean([row.right[name][0] for row in rows]):.3f}" for name in ("style", *NAMES))
        print(f"\n10 or 25 responses, tokenizer {'public' if public else 'not public'} ({len(rows)} cases): {means}")
    if out:
        text = msgspec.json.format(msgspec.json.encode(MeasuredRates(found)), indent=1)
        write_atomically(out, text + b"\n")


if __name__ == "__main__":
    main()
