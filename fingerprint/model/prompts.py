"""The prompts that a model was trained on: known again by their hash, and what answers to each tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import Names
from fingerprint.config import ProbingConfig
from fingerprint.model.plda import Ints

DOCUMENT = "prompts"
"""The document of a model folder with their corpora and kinds."""

HASH_BYTES = 8
"""Bytes of a hash: the 16 hexadecimal digits of `fingerprint.base.keys.digest`."""

BYTES_PER_TOKEN = 4.0
"""Bytes of UTF-8 that a token has on average, in all languages roughly: used to plan, never to count."""

_COLUMNS = ("corpus", "kind", "size", "answer_size", "answers", "releases", "whole", "gain")
_TYPES = {"whole": np.bool_, "gain": np.float16, "answer_size": np.float32}


@dataclass(frozen=True)
class PromptTable:
    """A prompts in ascending order of their hashes; one that is in several corpora has a row for each.

    Attributes:
        corpora: (B,) names of corpora.
        kinds: (G,) domain and language of each kind.
        hash: (A,) hashes, uint64.
        corpus: (A,) code of the corpus.
        kind: (A,) code of the kind.
        size: (A,) bytes of the prompt in UTF-8.
        answer_size: (A,) mean bytes of an answer. Corpora cut long answers, so that it is low for these.
        answers: (A,) answers that the model learned from.
        releases: (A,) releases that gave them.
        whole: (A,) whether the text of the prompt is all that was asked: not cut, and not the frame of several
            questions whose contents the corpus does not have.
        gain: (A,) what an answer is expected to tell about its lab, in units of the mean of its kind.
    """

    corpora: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    hash: NDArray[np.uint64]
    corpus: Ints
    kind: Ints
    size: Ints
    answer_size: NDArray[np.float64]
    answers: Ints
    releases: Ints
    whole: NDArray[np.bool_]
    gain: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.hash)

    def knows(self, digests: Names) -> NDArray[np.bool_]:
        """Return (n,) whether each prompt is one of these.

        Args:
            digests: (n,) as `fingerprint.base.keys.prompt_digest` returns them; an empty one is of no prompt.
        """
        return np.isin(codes_of(digests), self.hash) & np.array([bool(one) for one in digests], bool)

    def of(self, rows: Ints | NDArray[np.bool_]) -> PromptTable:
        """Return some of the prompts."""
        return replace(self, hash=self.hash[rows], **{name: getattr(self, name)[rows] for name in _COLUMNS})

    def worth(self, config: ProbingConfig) -> NDArray[np.float64]:
        """Return (A,) what each prompt is worth: its gain for the cost of asking it, in tokens.

        Args:
            config: What a request and the tokens that are sent cost, in tokens that are written.
        """
        tokens = (self.answer_size + config.sent_price * self.size) / BYTES_PER_TOKEN
        return self.gain / (config.request_tokens + tokens)

    def most_answered(self, most: int) -> PromptTable:
        """Return at most `most` prompts: of each corpus as many, as far as it has them, the most answered first."""
        if len(self) <= most:
            return self
        order = np.lexsort((self.hash, -self.gain, -self.releases, self.corpus))
        first = np.searchsorted(self.corpus[order], self.corpus[order])
        rank = np.arange(len(order)) - first
        return self.of(np.sort(order[np.argsort(rank, kind="stable")[:most]]))

    def joined(self, added: PromptTable, new_releases: Ints) -> PromptTable:
        """Return these prompts and others; of those in both, the answers are counted together.

        Args:
            added: The others.
            new_releases: (A of `added`,) how many of the releases that answered each gave no answer to these prompts.
        """
        corpora = tuple(dict.fromkeys([*self.corpora, *added.corpora]))
        kinds = tuple(dict.fromkeys([*self.kinds, *added.kinds]))
        corpus = np.array([corpora.index(name) for name in added.corpora], np.int64)[added.corpus]
        kind = np.array([kinds.index(one) for one in added.kinds], np.int64)[added.kind]
        place = {key: row for row, key in enumerate(zip(self.hash.tolist(), self.corpus.tolist(), strict=True))}
        at = np.array([place.get(key, -1) for key in zip(added.hash.tolist(), corpus.tolist(), strict=True)], np.int64)
        again, old = np.flatnonzero(at >= 0), at[at >= 0]
        share = added.answers[again] / (added.answers[again] + self.answers[old])
        values = {name: getattr(self, name).copy() for name in _COLUMNS}
        for name in ("answer_size", "gain"):
            values[name][old] += share * (getattr(added, name)[again] - values[name][old])
        values["answers"][old] += added.answers[again]
        values["releases"][old] += new_releases[again]
        values["whole"][old] &= added.whole[again]
        fresh = replace(added, corpus=corpus, kind=kind).of(at < 0)
        merged = {name: np.concatenate([values[name], getattr(fresh, name)]) for name in _COLUMNS}
        hashes = np.concatenate([self.hash, fresh.hash])
        return PromptTable(corpora, kinds, hashes, **merged).of(np.lexsort((merged["corpus"], hashes)))

    def to_document(self) -> dict[str, Any]:
        """Return the names as JSON values, `prompts.json` of a model folder."""
        return {"corpora": list(self.corpora), "kinds": [list(kind) for kind in self.kinds]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of a model folder."""
        hashes = self.hash.astype(">u8").view(np.uint8).reshape(-1, HASH_BYTES)
        columns = {name: getattr(self, name).astype(_TYPES.get(name, np.int32)) for name in _COLUMNS}
        return {"prompt_hash": hashes, **{f"prompt_{name}": values for name, values in columns.items()}}

    @classmethod
    def from_parts(cls, document: Any, arrays: Mapping[str, NDArray[Any]]) -> PromptTable:
        """Return what a model folder holds, as `fingerprint.store` checks it."""
        wide = {"whole": np.bool_, "gain": np.float64, "answer_size": np.float64}
        columns: dict[str, Any] = {name: arrays[f"prompt_{name}"].astype(wide.get(name, np.int64)) for name in _COLUMNS}
        kinds = tuple((str(domain), str(language)) for domain, language in document["kinds"])
        return cls(tuple(document["corpora"]), kinds, hash_codes(arrays["prompt_hash"]), **columns)


def codes_of(digests: Names) -> NDArray[np.uint64]:
    """Return (n,) digests of 16 hexadecimal digits as numbers, 0 for an empty one."""
    return np.array([int(one or "0", 16) for one in digests], np.uint64)


def hash_codes(hashes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return (A,) hashes as numbers, of their (A, HASH_BYTES) bytes."""
    return np.ascontiguousarray(hashes).reshape(-1).view(">u8").astype(np.uint64)
