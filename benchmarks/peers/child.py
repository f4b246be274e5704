"""A process of its own for the work whose time and memory are measured.

python -m benchmarks.peers.child fit NAME ROWS.parquet MODEL.joblib COST.json CACHE
python -m benchmarks.peers.child score MODEL.joblib TEXTS.parquet SCORES.npy CACHE
python -m benchmarks.peers.child ask MODEL.joblib RESPONSES.jsonl

`ask` is the cold start of a peer: it loads the saved model and says who wrote a file of responses. So that it pays for
no other work, the imports of the others are in their functions.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import joblib

from fingerprint.data.names import mask_names

if TYPE_CHECKING:
    from benchmarks.peers.peer import Peer

# Responses at once: over 447 releases the scores of a few hundred take megabytes.
BATCH = 500


def fit(name: str, rows: Path, model: Path, cost: Path, cache: Path) -> None:
    import pyarrow.parquet as pq

    from benchmarks.peers import catalogue
    from benchmarks.peers.cases import COLUMNS

    peer = catalogue.make(name)
    _keep(peer, cache)
    table = pq.read_table(rows)
    columns = [table[column].to_pylist() for column in COLUMNS]
    start = time.perf_counter()
    peer.fit(*columns)
    seconds = time.perf_counter() - start + peer.borrowed.seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    joblib.dump(peer, model)
    found = {"seconds": seconds, "megabytes": max(peak, peer.borrowed.megabytes), "chosen": peer.chosen}
    cost.write_text(json.dumps(found))


def score(model: Path, texts: Path, out: Path, cache: Path) -> None:
    import numpy as np
    import pyarrow.parquet as pq

    peer = joblib.load(model)
    _keep(peer, cache)
    tested = pq.read_table(texts)["text"].to_pylist()
    parts = [peer.scores(tested[i : i + BATCH]).astype(np.float32) for i in range(0, len(tested), BATCH)]
    np.save(out, np.concatenate(parts))


def ask(model: Path, responses: Path) -> None:
    peer = joblib.load(model)
    with responses.open(encoding="utf-8") as lines:
        texts = [mask_names(json.loads(line)["response"]) for line in lines]
    print(peer.releases[int(peer.scores(texts).mean(axis=0).argmax())])


def _keep(peer: Peer, cache: Path) -> None:
    from benchmarks.peers.minilm import Encoder

    encoder = getattr(peer, "encoder", None)
    if isinstance(encoder, Encoder):
        encoder.folder = cache


if __name__ == "__main__":
    verb, *given = sys.argv[1:]
    if verb == "fit":
        fit(given[0], *map(Path, given[1:]))
    elif verb == "score":
        score(*map(Path, given))
    else:
        ask(*map(Path, given))
