"""fastText's supervised classifier: words, pairs of words and their parts, averaged into one vector.

References:
    Joulin et al., "Bag of Tricks for Efficient Text Classification", 2016.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import LEAST_PROBABILITY, Peer, folds, tuning_rows

_LABEL = "__label__"
_MARK = re.compile(r"([^\w\s])")
# fastText does not clear its table, and only a large one comes as zeros from the system: so no small `bucket`.
FIXED = {"loss": "softmax", "bucket": 200_000, "dim": 100, "minCount": 2, "verbose": 0}
TRIED = (
    {"wordNgrams": 2, "minn": 2, "maxn": 4, "lr": 0.1, "epoch": 25},
    {"wordNgrams": 2, "minn": 2, "maxn": 4, "lr": 0.3, "epoch": 25},
    {"wordNgrams": 2, "minn": 2, "maxn": 4, "lr": 0.6, "epoch": 25},
    {"wordNgrams": 2, "minn": 0, "maxn": 0, "lr": 0.3, "epoch": 25},
)


class FastText(Peer):
    name = "fastText, supervised"
    needs = ("fasttext", "fasttext-numpy2")
    lab_by = "sum"
    score = "log-probability"

    def fit(
        self, texts: Sequence[str], prompts: Sequence[str], corpora: Sequence[str], releases: Sequence[str]
    ) -> Self:
        lines = [_line(text) for text in texts]
        rows = tuning_rows(releases)
        # One split: with three the tuning would take longer than everything else.
        learn, ask = (rows[part] for part in folds([prompts[i] for i in rows])[0])
        right = []
        for settings in TRIED:
            right.append(-1)
            if self._learn([lines[i] for i in learn], [releases[i] for i in learn], settings):
                found = self.scores([texts[i] for i in ask]).argmax(axis=1)
                right[-1] = sum(self.releases[best] == releases[i] for best, i in zip(found, ask, strict=True))
        for best in np.argsort(-np.array(right), kind="stable"):
            self.chosen = TRIED[best]
            if self._learn(lines, releases, self.chosen):
                return self
        raise RuntimeError("fastText diverged at every learning rate")

    def _learn(self, lines: Sequence[str], releases: Sequence[str], settings: dict[str, Any]) -> bool:
        """Whether the training ended: with too high a learning rate, fastText reaches NaN."""
        import fasttext

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "train.txt")
            rows = zip(releases, lines, strict=True)
            file.write_text("".join(f"{_LABEL}{release} {line}\n" for release, line in rows), encoding="utf-8")
            threads = len(os.sched_getaffinity(0))
            try:
                self.model = fasttext.train_supervised(str(file), thread=threads, **FIXED, **settings)
            except RuntimeError as error:
                if "NaN" not in str(error):
                    raise
                return False
        self.releases = sorted(set(releases))
        return True

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        at = {_LABEL + release: i for i, release in enumerate(self.releases)}
        out = np.full((len(texts), len(at)), np.log(LEAST_PROBABILITY))
        for i, text in enumerate(texts):
            names, probabilities = self.model.predict(_line(text), k=len(at))
            out[i, [at[name] for name in names]] = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
        return out

    def __getstate__(self) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.bin")
            self.model.save_model(str(file))
            return {**self.__dict__, "model": file.read_bytes()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        import fasttext

        self.__dict__.update(state)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.bin")
            file.write_bytes(state["model"])
            self.model = fasttext.load_model(str(file))


def _line(text: str) -> str:
    """One line with marks apart from words; a line end becomes a word, because layout is style too."""
    text = text.replace(_LABEL, "label").replace("\n", " \u23ce ").replace("\0", " ")
    return " ".join(_MARK.sub(r" \1 ", text).split())
