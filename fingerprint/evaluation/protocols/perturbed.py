"""perturbed: same-set cases of the first fold whose responses a person or a server changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fingerprint.data.corpus import Corpus
from fingerprint.data.names import mask_names
from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Protocol, parts_alone
from fingerprint.evaluation.study import Study
from fingerprint.features.ngrams import count
from fingerprint.features.text_forms import plain
from fingerprint.metrics.predictions import ClassNames, Ints
from fingerprint.report.evaluation.figures import View
from fingerprint.training.cases import CaseSet, Questions, collect_evidence
from fingerprint.training.embedding import Embeddings
from fingerprint.training.fitted import Fitted
from fingerprint.training.splits import CaseKind

_EMOJI = re.compile("[\U0001f300-\U0001faff☀-➿\ufe0f]")
_DASHES = re.compile(r"\s?[—–]\s?")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'"})
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
# Where a script writes no spaces: a text with fewer words than this for its length is taken to be in one.
_LONGEST_WORDS, _CHARACTERS_A_WORD = 20, 2
# Responses that are in memory with their n-grams.
_BLOCK = 1_000

UNCHANGED = "unchanged"
MIXED = "mixed with 20 % of another model's"
_MIXED_SHARE = 0.2


def cut(words: int) -> Callable[[str], str]:
    """Return what keeps the first words of a text, or twice as many characters where a script writes no spaces."""

    def change(text: str) -> str:
        ends = [m.end() for m in re.finditer(r"\S+", text)]
        if len(ends) * _LONGEST_WORDS < len(text):
            return text[: words * _CHARACTERS_A_WORD]
        return text if len(ends) <= words else text[: ends[words - 1]]

    return change


def without_emoji_and_dashes(text: str) -> str:
    """Remove emoji, and write a comma for each dash."""
    return _DASHES.sub(", ", _EMOJI.sub("", text))


def half_of_the_sentences(text: str) -> str:
    """Keep half of the sentences, drawn by the length of the text: the same text is always changed in the same way."""
    parts = [part for part in _SENTENCE.split(text) if part.strip()]
    if len(parts) < 2:
        return text
    rng = np.random.default_rng(len(text))
    keep = np.sort(rng.permutation(len(parts))[: (len(parts) + 1) // 2])
    return " ".join(parts[i] for i in keep)


PERTURBATIONS: dict[str, Callable[[str], str]] = {
    "markdown stripped": plain,
    "cut to 50 words": cut(50),
    "cut to 100 words": cut(100),
    "cut to 200 words": cut(200),
    "lower-cased": str.lower,
    "emoji and dashes removed": without_emoji_and_dashes,
    "plain quotes": lambda text: text.translate(_QUOTES),
    "half of the sentences": half_of_the_sentences,
}


@dataclass(frozen=True)
class PerturbedCases:
    """Perturbs same-set cases of a fold, for the model of the fold.

    Attributes:
        corpus: What the rows of the cases are of.
        names: The classes.
        most: Cases of each number of responses.
        seed: Chooses the cases.
    """

    corpus: Corpus
    names: ClassNames
    most: int
    seed: int

    def __call__(self, fitted: Fitted, cases: CaseSet) -> CaseSet:
        """Return the perturbed cases; their part is the perturbation."""
        rng = np.random.default_rng(self.seed)
        chosen: list[int] = []
        for n in np.unique(cases.covariates.count):
            of = np.flatnonzero((cases.kind == CaseKind.SAME) & (cases.covariates.count == n))
            chosen += rng.permutation(of)[: self.most].tolist()
        own = [cases.rows[i] for i in chosen]
        questions = Questions(own, CaseKind.SAME, [], [self.names.releases[cases.release[i]] for i in chosen])
        rows = np.unique(np.concatenate(own))
        texts = self.corpus.of(rows).texts(0, len(rows))
        original = _embed(fitted, texts)

        def perturbed(questions: Questions, part: str, embeddings: Embeddings) -> CaseSet:
            of_part = questions.within(part)
            return collect_evidence(fitted.likelihood, fitted.known, self.names, of_part, rows, embeddings)

        parts = [perturbed(questions, UNCHANGED, original)]
        for name, change in PERTURBATIONS.items():
            parts.append(perturbed(questions, name, _embed(fitted, [change(text) for text in texts])))
        mixed = [_mixed(i, questions, rng) for i in range(len(own))]
        parts.append(perturbed(Questions(mixed, CaseKind.SAME, [], questions.release), MIXED, original))
        return CaseSet.joined(parts)


def _embed(fitted: Fitted, texts: Sequence[str]) -> Embeddings:
    masked = [mask_names(text) for text in texts]
    features = fitted.space.vocabulary.features
    blocks = [fitted.embed(count(masked[i : i + _BLOCK], features)) for i in range(0, len(masked), _BLOCK)]
    return Embeddings(np.concatenate([b.rows for b in blocks]), np.concatenate([b.size for b in blocks]))


def _mixed(i: int, questions: Questions, rng: np.random.Generator) -> Ints:
    """The responses of a case, of which a fifth (from three on, at least one) is another release's."""
    cases, true = questions.rows, questions.release
    own = cases[i]
    other = [j for j in rng.permutation(len(cases)) if true[j] != true[i] and len(cases[j]) == len(own)]
    replaced = max(round(_MIXED_SHARE * len(own)), int(len(own) > 2))
    if not replaced or not other:
        return own
    return np.concatenate([own[replaced:], cases[other[0]][:replaced]])


def _more_cases(study: Study) -> PerturbedCases:
    sample = study.sample
    return PerturbedCases(sample.corpus, sample.names, study.config.perturbed_cases, sample.context.config.seed)


def _ask(study: Study) -> Tested | None:
    return None if study.folds is None else Tested(study.folds.more["perturbed"])


PROTOCOL = Protocol(
    name="perturbed",
    question="The same-set cases of one fold, with changed responses.",
    left_out="A fifth of the prompts.",
    order=70,
    ask=_ask,
    parts=parts_alone,
    views=frozenset({View.PARTS}),
    more_cases=_more_cases,
)
