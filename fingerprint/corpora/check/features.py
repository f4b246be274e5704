"""Features of single responses: the costly part of a check, a batch at a time, in any process."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.corpora.rows import Batch, text
from fingerprint.data.cleaning import LONGEST_RESPONSE, clean
from fingerprint.data.names import given_names, mask_names
from fingerprint.data.response import BROKEN, LEAST_CHARACTERS, is_refusal

# The standard error of an estimated Jaccard similarity is at most 0.5 / sqrt(128) = 0.044.
HASHES = 128
# Two models may give the same answer of a sentence by chance: shorter responses have no signature.
LEAST_SIGNED = 100
# Characters in a shingle: long enough that two texts of one language share few by chance.
_SHINGLE = 8
# Characters that the language identifier reads, and letters that it needs: on less it is often wrong.
_PROSE = 1_000
_LEAST_LETTERS = 40
# A language is stated only above this probability: a finding must not be a guess.
_CERTAIN = 0.99
_CODE = re.compile(r"```.*?(?:```|\Z)", re.S)
_DATES = ("date", "created", "created_at", "timestamp", "tstamp")
# The golden ratio in 32 bits: multiplication by it mixes all lower bits into the higher ones (Knuth, TAOCP 3, 6.4).
_MULTIPLIER = np.uint32(0x9E3779B1)


@dataclass(frozen=True)
class RowFeatures:
    """What a check knows about n rows.

    Attributes:
        release: The label as written.
        model: The source's name of the model as written.
        corpus: The corpus as written, else the file's name.
        language: The language as written.
        found: The language found (ISO 639), empty if it is not certain.
        date: Text or number, None if there is none.
        names: Names of models and labs that the response gives.
        digest: Of the stripped response, for exact duplicates.
        length: (n,) characters of the stripped response.
        refuses: (n,) whether it is a refusal.
        mended: The steps of cleaning that change the response; all else is of the clean one.
        broken: (n,) whether it has NUL or lone surrogate characters.
        no_prompt: (n,) whether the prompt is empty.
        no_id: (n,) whether the prompt's id is empty.
        signature: (k, HASHES) MinHash signatures of the rows that are long enough, for near-duplicates.
        signed: (k,) the numbers of these rows.
    """

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
    mended: list[tuple[str, ...]]
    broken: NDArray[np.bool_]
    no_prompt: NDArray[np.bool_]
    no_id: NDArray[np.bool_]
    signature: NDArray[np.uint32]
    signed: NDArray[np.int64]


def row_features(batch: Batch) -> RowFeatures:
    """Compute the features of each row of a batch."""
    rows = batch.rows
    cleaned = [clean(row["response"]) for row in rows]
    bare = [found.text.strip() for found in cleaned]
    stem = batch.path.name.split(".")[0]
    signed = [i for i, response in enumerate(bare) if len(response) >= LEAST_SIGNED]
    return RowFeatures(
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
        mended=[found.mended for found in cleaned],
        broken=np.array([BROKEN.search(row["response"]) is not None for row in rows], bool),
        no_prompt=np.array([not text(row, "prompt").strip() for row in rows], bool),
        no_id=np.array([not text(row, "prompt_id") for row in rows], bool),
        signature=np.array([signature(bare[i]) for i in signed], np.uint32).reshape(-1, HASHES),
        signed=np.array(signed, np.int64),
    )


def signature(response: str) -> NDArray[np.uint32]:
    """Return the MinHash signature of a response's shingles of eight characters.

    Case, white space and names that a model gives itself do not count.

    Args:
        response: The response.

    Returns:
        (HASHES,) minima.

    References:
        Broder, "On the resemblance and containment of documents", Compression and Complexity of Sequences 1997.
    """
    from datasketch import MinHash

    made = MinHash(num_perm=HASHES, hashfunc=int, scheme="affine32")
    made.update_batch(_shingles(" ".join(mask_names(response[:LONGEST_RESPONSE]).lower().split())).tolist())
    return made.hashvalues.astype(np.uint32)


def _shingles(response: str) -> NDArray[np.uint32]:
    codes = np.frombuffer(response.encode("utf-32-le", "replace"), np.uint32)
    size = max(len(codes) - _SHINGLE + 1, 1)
    value = np.zeros(size, np.uint32)
    for i in range(_SHINGLE):
        value = (value ^ codes[i : i + size]) * _MULTIPLIER
        value ^= value >> np.uint32(15)
    return np.unique(value)


def language(response: str) -> str:
    """Return the language (ISO 639) of a response's prose; empty if it is uncertain or nearly all is code."""
    prose = _CODE.sub(" ", response)[:_PROSE]
    if sum(map(str.isalpha, prose)) < _LEAST_LETTERS:
        return ""
    name, share = _identifier().classify(prose)
    return str(name) if share >= _CERTAIN and name != "zxx" else ""


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
