"""Speed and memory beside scikit-learn, side by side in one run.

    python -m benchmarks.speed ../shared/corpora/train

On the same responses: features a second on one core, and a whole process from a cold start to the answer on 100
responses. Both sides take turns, because the load of the machine changes; the ratio of the medians is what counts.
"""

from __future__ import annotations

import json
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline
from threadpoolctl import threadpool_limits

from benchmarks.measured import measured, program
from fingerprint.config import FeatureConfig
from fingerprint.data.corpus import read_corpora
from fingerprint.data.names import mask_names
from fingerprint.data.registry import Registry
from fingerprint.features.counts_cache import SHARD_ROWS
from fingerprint.features.ngrams import count
from fingerprint.features.weights import unit_rows

# Without a limit the peer's weights would take gigabytes; a larger vocabulary makes it slower still.
FEATURES = 100_000
COUNTED = FeatureConfig()
PEER = """
import json, pickle, sys
model = pickle.load(open(sys.argv[1], "rb"))
texts = [json.loads(line)["response"] for line in open(sys.argv[2])]
print(model.predict_proba(texts).mean(axis=0).argmax())
"""


def peer_features() -> FeatureUnion:
    return FeatureUnion(
        [
            ("char", TfidfVectorizer(analyzer="char", ngram_range=(2, 4), sublinear_tf=True, max_features=FEATURES)),
            ("word", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=FEATURES)),
        ]
    )


def our_features(texts: list[str]) -> sparse.csr_matrix:
    """Count features in shards, as training does."""
    shards = (texts[i : i + SHARD_ROWS] for i in range(0, len(texts), SHARD_ROWS))
    counted = (count([mask_names(text) for text in some], COUNTED) for some in shards)
    return sparse.vstack([unit_rows(counts, None, COUNTED.buckets) for counts in counted])


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cold(command: list[str]) -> tuple[float, float]:
    """Return seconds and peak megabytes of a whole process."""
    took = measured(command)
    return took["seconds"], took["peak_mb"]


@click.command()
@click.argument("corpora", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="models/default", type=click.Path(exists=True, path_type=Path))
@click.option("--rows", default=10_000, show_default=True)
@click.option("--repeats", default=5, show_default=True)
def main(corpora: tuple[Path, ...], model: Path, rows: int, repeats: int) -> None:
    registry = Registry.load(None)
    corpus = read_corpora(list(corpora), registry)
    at = np.sort(np.random.default_rng(0).choice(len(corpus), min(rows, len(corpus)), replace=False))
    texts = [corpus.texts(int(i), int(i) + 1)[0] for i in at]
    labs = []
    for i in at:
        entry = registry.resolve(str(corpus.release[i]))
        labs.append(entry.lab if entry else "")
    peer = Pipeline([("features", peer_features()), ("classify", LogisticRegression(C=10, max_iter=30))])
    print(f"{len(texts)} responses, {sum(map(len, texts)) / 1e6:.1f} million characters", flush=True)
    taken = seconds(lambda: peer.fit(texts, labs))
    print(f"scikit-learn trained in {taken:.0f} s", flush=True)

    theirs, ours = [], []
    with threadpool_limits(1):
        for _ in range(max(repeats // 2, 2)):
            theirs.append(seconds(lambda: peer["features"].transform(texts)))
            ours.append(seconds(lambda: our_features(texts)))
    a, b = statistics.median(theirs), statistics.median(ours)
    print(f"features, one core: scikit-learn {a:.1f} s, fingerprint {b:.1f} s, {a / b:.1f} times its rate", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        pickled, case = Path(folder, "peer.pickle"), Path(folder, "case.jsonl")
        pickled.write_bytes(pickle.dumps(peer))
        case.write_text("".join(json.dumps({"response": text}) + "\n" for text in texts[:100]))
        ours_at = program()
        commands = {
            "scikit-learn": [sys.executable, "-c", PEER, str(pickled), str(case)],
            "fingerprint": [ours_at, "identify", str(case), "--model", str(model)],
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(repeats):
            for name, command in commands.items():
                found[name].append(cold(command))
    for name, runs in found.items():
        median, peak = statistics.median(r[0] for r in runs), max(r[1] for r in runs)
        print(f"identify 100, cold: {name} {median:.2f} s, peak {peak:.0f} MB")
    a, b = (statistics.median(r[0] for r in found[name]) for name in ("scikit-learn", "fingerprint"))
    print(f"identify 100, cold: {a / b:.1f} times as fast as scikit-learn")


if __name__ == "__main__":
    main()
