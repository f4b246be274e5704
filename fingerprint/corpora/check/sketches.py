"""What is seen in each response alone: the costly part of a check, a batch at a time, in any process."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.corpora.rows import Batch, text
from fingerprint.data.names import given_names, mask_names
from fingerprint.data.usable import BROKEN, LEAST_CHARACTERS, is_refusal

# MinHash (Broder 1997) by datasketch: 128 hashes estimate a Jaccard similarity to about 0.035.
HASHES = 128
# Shorter responses are alike by chance.
LEAST_LIKE = 100
_GRAM = 8
_MOST = 8_000
_PROSE = 1_000
_LEAST_LETTERS = 40
_SURE = 0.99
_CODE = re.compile(r"```.*?(?:```|\Z)", re.S)
_DATES = ("date", "created", "created_at", "timestamp", "tstamp")
_MIX = np.uint32(0x9E3779B1)


@dataclass(frozen=True)
class Weighed:
    """Of n rows. digest: of the bare response; signature (k, HASHES) and signed (k,) the rows that have one; the
    rest, a value a row: release and model as written, corpus, language as written and as found (empty where not
    sure), date (text or number, if any), names given, and whether the response is short, refuses, holds broken
    characters, and whether its prompt is empty, with and without an id."""

    release: list[str]
    model: list[str]
    corpus: list[str]
    language: list[str]
    found: list[str]
    date: list[Any]
    names: list[tuple[str, ...]]
    digest: list[bytes]
    length: NDArray[np.int64]
    refuses: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    no_prompt: NDArray[np.bool_]
    no_id: NDArray[np.bool_]
    signature: NDArray[np.uint32]
    signed: NDArray[np.int64]


def weigh(batch: Batch) -> Weighed:
    """Looks at each row of a batch."""
    rows = batch.rows
    bare = [row["response"].strip() for row in rows]
    stem = batch.path.name.split(".")[0]
    signed = [i for i, response in enumerate(bare) if len(response) >= LEAST_LIKE]
    return Weighed(
        release=[text(row, "release") for row in rows],
        model=[text(row, "source_model") for row in rows],
        corpus=[text(row, "corpus") or stem for row in rows],
        language=[text(row, "language") for row in rows],
        found=[language(response) for response in bare],
        date=[next((row[name] for name in _DATES if row.get(name)), None) for row in rows],
        names=[tuple(sorted(set(given_names(response)))) for response in bare],
        digest=[hashlib.blake2b(b.encode("utf-8", "replace"), digest_size=16).digest() for b in bare],
        length=np.array([len(response) for response in bare], np.int64),
        refuses=np.array([len(b) >= LEAST_CHARACTERS and is_refusal(b) for b in bare], bool),
        broken=np.array([BROKEN.search(row["response"]) is not None for row in rows], bool),
        no_prompt=np.array([not text(row, "prompt").strip() for row in rows], bool),
        no_id=np.array([not text(row, "prompt_id") for row in rows], bool),
        signature=np.array([signature(bare[i]) for i in signed], np.uint32).reshape(-1, HASHES),
        signed=np.array(signed, np.int64),
    )


def signature(response: str) -> NDArray[np.uint32]:
    """(HASHES,) of the response's shingles of eight characters; case, spaces and self-given names do not count."""
    from datasketch import MinHash

    made = MinHash(num_perm=HASHES, hashfunc=int, scheme="affine32")
    made.update_batch(_shingles(" ".join(mask_names(response[:_MOST]).lower().split())).tolist())
    return made.hashvalues.astype(np.uint32)


def _shingles(response: str) -> NDArray[np.uint32]:
    codes = np.frombuffer(response.encode("utf-32-le", "replace"), np.uint32)
    size = max(len(codes) - _GRAM + 1, 1)
    value = np.zeros(size, np.uint32)
    for i in range(_GRAM):
        value = (value ^ codes[i : i + size]) * _MIX
        value ^= value >> np.uint32(15)
    return np.unique(value)


def language(response: str) -> str:
    """The language (ISO 639) that a response's prose is surely in; empty where it is not sure, or nearly all code."""
    prose = _CODE.sub(" ", response)[:_PROSE]
    if sum(map(str.isalpha, prose)) < _LEAST_LETTERS:
        return ""
    name, share = _identifier().classify(prose)
    return str(name) if share >= _SURE and name != "zxx" else ""


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
