"""The nearest centroid of the Stealth Model Fingerprint Lab over its 460 features, written from its description.

256 hashed character 3- and 4-grams, 130 rates of function words, 30 of discourse markers, and 44 numbers about
structure: lengths, variation of sentence lengths, punctuation, markdown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from benchmarks.peers.peer import Peer

_WORDS = (
    "a about above after again against all also an and any are as at be because been before being below between "
    "both but by can could did do does doing down during each either even every few for from further had has have "
    "having he her here him his how i if in into is it its itself just less like many may me might more most much "
    "must my no not of off on once one only or other our out over own rather same she should since so some still "
    "such than that the their them then there these they this those through to too under until up us very was we "
    "were what when where which while who why will with within without would yet you your "
)
FUNCTION_WORDS = tuple(_WORDS.split())
MARKERS = (
    "however", "therefore", "moreover", "furthermore", "additionally", "in addition", "for example", "for instance",
    "in conclusion", "in summary", "overall", "ultimately", "first", "second", "finally", "on the other hand",
    "as a result", "in other words", "that said", "of course", "let's", "here's", "note that", "keep in mind",
    "it's important to", "it's worth", "sure", "certainly", "great question", "i hope",
)  # fmt: skip
MARKS = tuple(",.;:!?-—–…()[]\"“'’/*`%")
MARKDOWN = tuple(
    re.compile(pattern, re.M)
    for pattern in (
        r"^#{1,6} ",
        r"^\s*[-*•] ",
        r"^\s*\d+[.)] ",
        r"\*\*",
        r"^```",
        r"^\s*\|",
        r"^> ",
        r"^(?:---|\*\*\*)",
    )
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE = re.compile(r"[.!?。！？]+(?:\s|$)|\n+")
_MARKER = re.compile(r"\b(" + "|".join(re.escape(marker) for marker in MARKERS) + r")\b")
_HASHED = HashingVectorizer(
    analyzer="char", ngram_range=(3, 4), n_features=256, alternate_sign=False, norm="l1", dtype=np.float32
)
WIDTH = 256 + len(FUNCTION_WORDS) + len(MARKERS) + 44


class Stealth(Peer):
    name = "Stealth Model Fingerprint Lab's centroid"
    lab_by = "best"
    score = "-squared distance"

    def fit(
        self, texts: Sequence[str], prompts: Sequence[str], corpora: Sequence[str], releases: Sequence[str]
    ) -> Self:
        raw = features(texts)
        self.mean, self.scale = raw.mean(axis=0), raw.std(axis=0)
        self.scale[self.scale == 0] = 1
        names, release = np.unique(np.asarray(releases), return_inverse=True)
        x = without_prompts((raw - self.mean) / self.scale, np.asarray(prompts), release)
        self.releases = names.tolist()
        self.centres = np.stack([x[release == i].mean(axis=0) for i in range(len(names))])
        return self

    def scores(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """No reference has the prompts of the cases, so their effect cannot be removed."""
        x = (features(texts) - self.mean) / self.scale
        return (2 * x @ self.centres.T - (self.centres**2).sum(axis=1)) / x.shape[1]


def without_prompts(
    x: NDArray[np.floating], prompts: NDArray[np.str_], release: NDArray[np.integer]
) -> NDArray[np.floating]:
    """Return `x` (rows, features) minus each prompt's mean over the releases that answered it, if there are two."""
    out = x.copy()
    order = np.argsort(prompts, kind="stable")
    for rows in np.split(order, np.flatnonzero(prompts[order][1:] != prompts[order][:-1]) + 1):
        who = np.unique(release[rows])
        if len(who) > 1:
            out[rows] -= np.mean([x[rows[release[rows] == one]].mean(axis=0) for one in who], axis=0)
    return out


def features(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return (texts, WIDTH) features."""
    return np.hstack([_HASHED.transform(texts).toarray(), np.array([_style(text) for text in texts])])


def _style(text: str) -> list[float]:
    folded = text.lower().replace("’", "'")
    words = _WORD.findall(folded)
    count = max(len(words), 1)
    of_words = Counter(words)
    of_markers = Counter(_MARKER.findall(folded))
    return [
        *(of_words[word] / count for word in FUNCTION_WORDS),
        *(of_markers[marker] / count for marker in MARKERS),
        *_structure(text, words),
    ]


def _structure(text: str, words: list[str]) -> list[float]:
    sentences = [float(len(_WORD.findall(part))) for part in _SENTENCE.split(text) if _WORD.search(part)] or [0.0]
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    lines = [line for line in text.split("\n") if line.strip()]
    length, count = max(len(text), 1), max(len(words), 1)
    lengths, marks = np.array(sentences), Counter(text)
    return [
        float(np.log(length)),
        float(np.log(count)),
        float(np.log(len(sentences))),
        float(np.log(max(len(lines), 1))),
        float(np.log(max(len(paragraphs), 1))),
        sum(map(len, words)) / count,
        len(set(words)) / count**0.5,
        float(lengths.mean()),
        float(lengths.std()),
        float(np.abs(np.diff(lengths)).mean()) if len(lengths) > 1 else 0.0,
        float((lengths <= 6).mean()),
        float((lengths >= 25).mean()),
        sum(c.isupper() for c in text) / length,
        sum(c.isdigit() for c in text) / length,
        *(marks[mark] / length for mark in MARKS),
        *(len(pattern.findall(text)) / max(len(lines), 1) for pattern in MARKDOWN),
    ]
