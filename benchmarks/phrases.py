"""Write the table of words and phrases that pages compare a case with.

    python -m benchmarks.phrases ../shared/corpora/train corpora/phrases.json.zst

Counts at most 10 English responses of each release in each corpus, 1,500 characters of each, names masked. A phrase is
kept if it is in many corpora and labs, so that it belongs to no topic; only its counts by lab are written. Whoever has
no such folder makes one with `fingerprint corpora fetch`.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from fingerprint.data.names import mask_names
from fingerprint.data.phrase_table import PhraseTable
from fingerprint.data.registry import Registry
from fingerprint.features.phrases import ORDERS, phrases_of

RESPONSES, CHARACTERS = 10, 1_500
LEAST_CORPORA, LEAST_LABS = 10, 12
# Of each corpus a phrase needs so many responses, so that it does not count by chance.
LEAST_RESPONSES = 3
# Kept for each number of words, the most frequent.
KEPT = dict(zip(ORDERS, (1_800, 1_600, 600), strict=True))


def read(path: Path, registry: Registry) -> Iterator[tuple[str, str]]:
    """The lab and the text of the responses of a corpus that count."""
    taken: Counter[str] = Counter()
    rows = pq.read_table(path, columns=["release", "response", "language"]).to_pydict()
    for release, text, language in zip(rows["release"], rows["response"], rows["language"], strict=True):
        known = registry.resolve(release) if language in ("", "en", None) else None
        if known and text and known.kind == "lab" and taken[known.release] < RESPONSES:
            taken[known.release] += 1
            yield known.lab, mask_names(text[:CHARACTERS])


def is_wordy(phrase: str) -> bool:
    """Whether it is no name of a variable."""
    return all(len(word) > 1 or word in "ai" for word in phrase.split(" "))


def main(folder: Path, out: Path) -> None:
    registry = Registry.load()
    corpora: Counter[str] = Counter()
    labs_with: defaultdict[str, set[str]] = defaultdict(set)
    everywhere: Counter[str] = Counter()
    paths = sorted(folder.glob("*.parquet"))
    for path in paths:
        seen: Counter[str] = Counter()
        by: defaultdict[str, set[str]] = defaultdict(set)
        for lab, text in read(path, registry):
            for phrase in set(phrases_of(text)):
                seen[phrase] += 1
                by[phrase].add(lab)
        for phrase, count in seen.items():
            if count >= LEAST_RESPONSES:
                corpora[phrase] += 1
                everywhere[phrase] += count
                labs_with[phrase] |= by[phrase]
        print(path.name, len(seen), flush=True)
    wide = [p for p, n in corpora.items() if n >= LEAST_CORPORA and len(labs_with[p]) >= LEAST_LABS and is_wordy(p)]
    phrases = []
    for order, most in KEPT.items():
        own = sorted((p for p in wide if p.count(" ") + 1 == order), key=lambda p: (-everywhere[p], p))
        phrases += own[:most]
    number = {phrase: i for i, phrase in enumerate(phrases)}
    observed: defaultdict[str, Counter[int]] = defaultdict(Counter)
    expected: defaultdict[str, Counter[int]] = defaultdict(Counter)
    total = 0
    for path in paths:
        counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
        words: Counter[str] = Counter()
        for lab, text in read(path, registry):
            for phrase in phrases_of(text):
                words[lab] += " " not in phrase
                if phrase in number:
                    counts[lab][number[phrase]] += 1
        together = sum(counts.values(), Counter[int]())
        total += words.total()
        for lab, of in counts.items():
            observed[lab] += of
            for phrase_number, count in together.items():
                expected[lab][phrase_number] += count * words[lab] / words.total()  # type: ignore[assignment]
    labs = sorted(observed)
    PhraseTable(
        total,
        tuple(phrases),
        tuple(labs),
        tuple(tuple(observed[lab][i] for lab in labs) for i in range(len(phrases))),
        tuple(tuple(round(float(expected[lab][i]), 1) for lab in labs) for i in range(len(phrases))),
    ).write(out)
    print(len(phrases), "phrases,", len(labs), "labs,", total, "words,", out.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
