"""Findings about responses that are the same, word for word: within a release, and under two names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from fingerprint.corpora.check.finding import Finding, Mending
from fingerprint.corpora.check.sketches import LEAST_LIKE, Weighed


class Same:
    """Sees batches in order; keeps a digest and a few numbers of each distinct response."""

    def __init__(self) -> None:
        self._first: dict[tuple[bytes, int], int] = {}
        self._releases: dict[bytes, list[int]] = {}
        self._names: dict[str, int] = {}
        self._again: Counter[str] = Counter()
        self._shared: Counter[tuple[str, str]] = Counter()

    def see(self, start: int, seen: Weighed, releases: Sequence[str], mending: Mending) -> None:
        """releases: of each row, as the registry names it."""
        for i, release in enumerate(releases):
            if not seen.length[i]:
                continue
            code = self._names.setdefault(release, len(self._names))
            key = seen.digest[i]
            if (key, code) in self._first:
                self._again[release] += 1
                mending.leave_out([start + i], "the same response of the release again")
                continue
            self._first[key, code] = start + i
            self._under_two_names(key, code, start + i, int(seen.length[i]), mending)

    def findings(self) -> Iterator[Finding]:
        """All of them, once every batch was seen."""
        yield from Finding.of("the same response of a release again", self._again, "left out but for the first")
        shared = Counter({f"{a} and {b}": count for (a, b), count in self._shared.items()})
        yield from Finding.of(
            "the same response under two names (pairs)",
            shared,
            f"left out where it has {LEAST_LIKE} characters",
        )

    def _under_two_names(self, key: bytes, code: int, row: int, length: int, mending: Mending) -> None:
        before = self._releases.setdefault(key, [])
        if before:
            names = list(self._names)
            for other in before:
                first, second = sorted((names[other], names[code]))
                self._shared[first, second] += 1
            if length >= LEAST_LIKE:
                # Nobody can say whose it is.
                rows = [self._first[key, other] for other in before]
                mending.leave_out([*rows, row], "the same response under two names")
        before.append(code)
