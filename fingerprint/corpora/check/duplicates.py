"""Findings about exact duplicates and near-duplicates: within a release, and under two names."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.corpora.check.features import HASHES, LEAST_SIGNED, RowFeatures
from fingerprint.corpora.check.findings import Finding, Fixes

# Estimated Jaccard similarity from which two responses are near-duplicates.
NEAR = 0.8
# 16 bands of 8 hashes find a pair of similarity s with probability 1 - (1 - s^8)^16: 95 % at 0.8, 99.99 % at 0.9.
_BANDS = 16
# Pairs compared at once: their signatures fill 50 MB.
_BLOCK = 50_000
# The golden ratio in 64 bits (see features._MULTIPLIER).
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class ExactDuplicates:
    """Finds responses that are the same text. Keeps a digest and a few numbers of each different response."""

    def __init__(self) -> None:
        self._first: dict[tuple[bytes, int], int] = {}
        self._releases: dict[bytes, list[int]] = {}
        self._names: dict[str, int] = {}
        self._again: Counter[str] = Counter()
        self._shared: Counter[tuple[str, str]] = Counter()

    def see(self, start: int, seen: RowFeatures, releases: Sequence[str], fixes: Fixes) -> None:
        """Check the next batch.

        Args:
            start: The number of its first row.
            seen: Its features.
            releases: The release of each row, by its name in the registry.
            fixes: Receives what is to be fixed.
        """
        for i, release in enumerate(releases):
            if not seen.length[i]:
                continue
            code = self._names.setdefault(release, len(self._names))
            key = seen.digest[i]
            if (key, code) in self._first:
                self._again[release] += 1
                fixes.leave_out([start + i], "the same response of the release again")
                continue
            self._first[key, code] = start + i
            before = self._releases.setdefault(key, [])
            if before:
                self._count_shared(release, before)
                if seen.length[i] >= LEAST_SIGNED:
                    # Nobody can say which of the releases wrote it.
                    rows = [self._first[key, other] for other in before]
                    fixes.leave_out([*rows, start + i], "the same response under two names")
            before.append(code)

    def findings(self) -> Iterator[Finding]:
        """Yield the findings, after the last batch."""
        yield from Finding.of("the same response of a release again", self._again, "left out but for the first")
        shared = Counter({f"{a} and {b}": count for (a, b), count in self._shared.items()})
        fix = f"left out if it has at least {LEAST_SIGNED} characters"
        yield from Finding.of("the same response under two names (pairs)", shared, fix)

    def _count_shared(self, release: str, before: Sequence[int]) -> None:
        names = list(self._names)
        for other in before:
            first, second = sorted((names[other], release))
            self._shared[first, second] += 1


class NearDuplicates:
    """Finds responses whose shingles are nearly the same, by locality-sensitive hashing of MinHash signatures.

    Two signatures that agree in a whole band are compared. Signatures lie on disk; one band is sorted at a time.

    References:
        Indyk & Motwani, "Approximate nearest neighbors", STOC 1998; Leskovec, Rajaraman & Ullman, Mining of Massive
        Datasets, section 3.4.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `findings`
        self._row: list[NDArray[np.int64]] = []
        self._release: list[NDArray[np.int32]] = []
        self._digest: list[NDArray[np.uint64]] = []
        self._names: dict[str, int] = {}

    def see(self, start: int, seen: RowFeatures, releases: Sequence[str]) -> None:
        """Take the signatures of the next batch.

        Args:
            start: The number of its first row.
            seen: Its features.
            releases: The release of each row, by its name in the registry.
        """
        self._file.write(seen.signature.tobytes())
        self._row.append(seen.signed + start)
        codes = [self._names.setdefault(releases[i], len(self._names)) for i in seen.signed]
        self._release.append(np.array(codes, np.int32))
        self._digest.append(np.array([int.from_bytes(seen.digest[i][:8]) for i in seen.signed], np.uint64))

    def findings(self, fixes: Fixes) -> Iterator[Finding]:
        """Yield the findings, after the last batch, without exact duplicates; `fixes` receives what is to be fixed."""
        row, release, same = (np.concatenate(p or [[]]) for p in (self._row, self._release, self._digest))
        names = list(self._names)
        within: Counter[str] = Counter()
        across: Counter[str] = Counter()
        left_out: set[int] = set()
        for first, second in self._pairs(len(row)):
            if same[first] == same[second]:
                continue
            if release[first] == release[second]:
                # The later of the two is left out, once, and only if the earlier one stays.
                if int(first) not in left_out and int(second) not in left_out:
                    left_out.add(int(second))
                    within[names[release[first]]] += 1
            else:
                a, b = sorted((names[release[first]], names[release[second]]))
                across[f"{a} and {b}"] += 1
        fixes.leave_out((int(row[i]) for i in left_out), "nearly the same response of the release again")
        self._file.close()
        yield from Finding.of("nearly the same response of a release again", within, "left out but for the first")
        yield from Finding.of("nearly the same response under two names (pairs)", across)

    def _pairs(self, count: int) -> NDArray[np.int64]:
        """(pairs, 2) of signatures, the earlier first, in order, that agree in NEAR of their hashes."""
        if count < 2:
            return np.zeros((0, 2), np.int64)
        self._file.flush()
        signatures = np.memmap(self._file, np.uint32, "r", shape=(count, HASHES))
        found = [_band(signatures, band) for band in range(_BANDS)]
        keys = np.unique(np.concatenate(found))
        pairs = np.stack([keys // count, keys % count], 1)
        keep = np.zeros(len(pairs), bool)
        for at in range(0, len(pairs), _BLOCK):
            some = pairs[at : at + _BLOCK]
            keep[at : at + _BLOCK] = (signatures[some[:, 0]] == signatures[some[:, 1]]).mean(1) >= NEAR
        return pairs[keep]


def _band(signatures: NDArray[np.uint32], band: int) -> NDArray[np.int64]:
    """Pairs (first * rows + second) that agree in a band: each with the first and with the next of its bucket."""
    width = HASHES // _BANDS
    count = len(signatures)
    value = np.zeros(count, np.uint64)
    for column in range(band * width, (band + 1) * width):
        value = (value ^ signatures[:, column]) * _MULTIPLIER
        value ^= value >> np.uint64(29)
    order = np.argsort(value, kind="stable")
    value = value[order]
    follows = np.flatnonzero(value[1:] == value[:-1]) + 1
    starts = np.concatenate([[0], np.flatnonzero(value[1:] != value[:-1]) + 1])
    leader = starts[np.searchsorted(starts, follows, side="right") - 1]
    first = np.concatenate([order[leader], order[follows - 1]])
    second = np.concatenate([order[follows], order[follows]])
    return first * count + second
