"""How often the known labs use widespread words and phrases: the reference population of a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from fingerprint.base.files import data_dir, write_atomically
from fingerprint.data.streams import zstd
from fingerprint.errors import InputError

FILE = "phrases.json.zst"
"""Its name in `corpora/`; `python -m benchmarks.phrases` writes it."""

_LARGEST = 1 << 26


@dataclass(frozen=True)
class PhraseTable:
    """Counts of words and phrases in the responses of the training corpora.

    Attributes:
        words: Words that were counted, over all labs.
        phrases: The words and phrases, each in many corpora and of many labs.
        labs: The keys of the labs.
        observed: By phrase, how often each lab used it.
        expected: By phrase, how often each lab would have, had it written as all labs together did in the same
            corpora.
    """

    words: int
    phrases: tuple[str, ...]
    labs: tuple[str, ...]
    observed: tuple[tuple[int, ...], ...]
    expected: tuple[tuple[float, ...], ...]

    @classmethod
    def load(cls, path: Path | None = None) -> PhraseTable:
        """Read a table; None reads the one that ships.

        Raises:
            InputError: For a file that is no such table.
        """
        path = path or data_dir("corpora") / FILE
        try:
            raw = zstd.ZstdDecompressor().decompress(path.read_bytes(), max_length=_LARGEST)
            values = json.loads(raw)
            observed, expected = (tuple(map(tuple, values[name])) for name in ("observed", "expected"))
            return cls(values["words"], tuple(values["phrases"]), tuple(values["labs"]), observed, expected)
        except (OSError, ValueError, KeyError, TypeError, zstd.ZstdError) as error:
            raise InputError(str(path), f"is no table of phrases ({error}); reinstall fingerprint") from None

    def write(self, path: Path) -> None:
        """Write the table as `load` reads it."""
        values = {
            "words": self.words,
            "phrases": self.phrases,
            "labs": self.labs,
            "observed": self.observed,
            "expected": self.expected,
        }
        raw = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
        write_atomically(path, zstd.compress(raw, level=19))

    def total(self, phrase: int) -> int:
        """Return how often all labs used a phrase, by its number."""
        return sum(self.observed[phrase])
