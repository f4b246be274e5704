"""Findings about responses that are nearly the same, within a release and under two names.

Locality-sensitive hashing (Indyk & Motwani 1998; Leskovec et al., Mining of Massive Datasets, 3.4) of MinHash
signatures: those that agree in a whole band are compared. Signatures lie on disk, and a band is sorted at a time.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.corpora.check.finding import Finding, Mending
from fingerprint.corpora.check.sketches import HASHES, Weighed

ALIKE = 0.8
# 16 bands of 8: of pairs at 0.8 nineteen in twenty are found, at 0.9 all but one in a thousand.
_BANDS = 16
_STEP = 50_000


class Alike:
    """Sees batches in order."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed once all was seen
        self._row: list[NDArray[np.int64]] = []
        self._release: list[NDArray[np.int32]] = []
        self._digest: list[NDArray[np.uint64]] = []
        self._names: dict[str, int] = {}

    def see(self, start: int, seen: Weighed, releases: Sequence[str]) -> None:
        """releases: of each row, as the registry names it."""
        self._file.write(seen.signature.tobytes())
        self._row.append(seen.signed + start)
        codes = [self._names.setdefault(releases[i], len(self._names)) for i in seen.signed]
        self._release.append(np.array(codes, np.int32))
        self._digest.append(np.array([int.from_bytes(seen.digest[i][:8]) for i in seen.signed], np.uint64))

    def findings(self, mending: Mending) -> Iterator[Finding]:
        """All of them, once every batch was seen; what is word for word the same is not among them."""
        row, release, same = (np.concatenate(p or [[]]) for p in (self._row, self._release, self._digest))
        names = list(self._names)
        within: Counter[str] = Counter()
        across: Counter[str] = Counter()
        left_out: set[int] = set()
        for first, second in self._pairs(len(row)):
            if same[first] == same[second]:
                continue
            if release[first] == release[second]:
                # The later of two goes, once, and only where the earlier stays.
                if int(first) not in left_out and int(second) not in left_out:
                    left_out.add(int(second))
                    within[names[release[first]]] += 1
            else:
                a, b = sorted((names[release[first]], names[release[second]]))
                across[f"{a} and {b}"] += 1
        mending.leave_out((int(row[i]) for i in left_out), "nearly the same response of the release again")
        self._file.close()
        yield from Finding.of("nearly the same response of a release again", within, "left out but for the first")
        yield from Finding.of("nearly the same response under two names (pairs)", across)

    def _pairs(self, count: int) -> NDArray[np.int64]:
        """(pairs, 2) of signatures, the earlier first, in order, that agree in ALIKE of their hashes."""
        if count < 2:
            return np.zeros((0, 2), np.int64)
        self._file.flush()
        signatures = np.memmap(self._file, np.uint32, "r", shape=(count, HASHES))
        found = [self._band(signatures, band) for band in range(_BANDS)]
        keys = np.unique(np.concatenate(found))
        pairs = np.stack([keys // count, keys % count], 1)
        keep = np.zeros(len(pairs), bool)
        for at in range(0, len(pairs), _STEP):
            some = pairs[at : at + _STEP]
            keep[at : at + _STEP] = (signatures[some[:, 0]] == signatures[some[:, 1]]).mean(1) >= ALIKE
        return pairs[keep]

    def _band(self, signatures: NDArray[np.uint32], band: int) -> NDArray[np.int64]:
        """Pairs (first * rows + second) that agree in a band: each with the first and with the next of its kind."""
        width = HASHES // _BANDS
        count = len(signatures)
        value = np.zeros(count, np.uint64)
        for column in range(band * width, (band + 1) * width):
            value = (value ^ signatures[:, column]) * np.uint64(0x9E3779B97F4A7C15)
            value ^= value >> np.uint64(29)
        order = np.argsort(value, kind="stable")
        value = value[order]
        follows = np.flatnonzero(value[1:] == value[:-1]) + 1
        starts = np.concatenate([[0], np.flatnonzero(value[1:] != value[:-1]) + 1])
        leader = starts[np.searchsorted(starts, follows, side="right") - 1]
        first = np.concatenate([order[leader], order[follows - 1]])
        second = np.concatenate([order[follows], order[follows]])
        return first * count + second
