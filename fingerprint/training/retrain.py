"""`train --replace`: a newly trained model takes the place of an older one, unless it is worse."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fingerprint.base.threads import ONE_THREAD
from fingerprint.loading import Loaded, load_whole
from fingerprint.store.folder import pack
from fingerprint.store.versions import identity, replace
from fingerprint.training.card import card
from fingerprint.training.comparison import Comparison, compare
from fingerprint.training.data import Report
from fingerprint.training.predictor import CaseSet, Predictor
from fingerprint.training.regression_set import RegressionSet
from fingerprint.training.run import Made, Settings, make


@ONE_THREAD
def retrain(
    corpora: list[Path], out: Path, settings: Settings, force: bool, progress: Report
) -> tuple[Comparison | None, bool]:
    """Trains on `corpora`, compares the model with the one at `out`, and puts it there unless the comparison refuses
    it and not `force`; the one that was there is kept among its versions.

    Both are asked about what was held back from the new model: the same few prompts of each release were from the
    old one. Returns the comparison, None where the old model held nothing back, and whether the new one was written.
    Raises as `train`, and ModelError where there is no model at `out`.
    """
    parent = identity(out)
    stored, old = load_whole(out, settings.encoder)
    held_back = len(stored.arrays["regression_release"]) > 0
    made = make(corpora, settings, progress)
    comparison = _compare(old, made, progress) if held_back else None
    step = made.documents["training"]["lineage"][-1]
    step["parent"], step["gate"] = parent, comparison.to_dict() if comparison else None
    written = force or comparison is None or not comparison.refused
    if written:
        replace(out, pack(out, made.arrays, made.documents, card(made.documents), made.encoder), parent)
    return comparison, written


def _compare(old: Loaded, made: Made, progress: Report) -> Comparison:
    known = [entry["release"] for entry in old.releases]
    entries = made.documents["labels"]["releases"]
    held = RegressionSet.of(made.arrays)
    truth = [entries[code] for code in held.release]
    asked = CaseSet.about([entry["release"] for entry in truth], [entry["lab"] for entry in truth])
    embeddings, sizes = [], []
    for done, row in enumerate(made.held_rows.tolist()):
        embedding, size = old.read(made.corpus.texts(row, row + 1))
        embeddings.append(embedding)
        sizes.append(size)
        progress("the old model", done + 1, len(made.held_rows))
    before = RegressionSet(np.concatenate(embeddings), np.concatenate(sizes), held.release)
    new = Predictor.of(made.arrays, made.documents)
    answers = asked.answers(Predictor.loaded(old), before), asked.answers(new, held)
    return compare(asked, answers[0], answers[1], known, new.releases)
