"""What the prompts of the training corpora tell: measured on the embeddings of their answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize
from fingerprint.config import ProbingConfig
from fingerprint.data.corpus import Corpus
from fingerprint.model.plda import Floats, Indexed, Ints, Plda
from fingerprint.model.prompts import PromptTable, codes_of
from fingerprint.training.likelihood import KnownReleases

# Rows that are projected at once; more where one prompt has more answers.
_BLOCK = 4_000
# A variance that is 0 but for rounding.
_TINY = 1e-9


@dataclass(frozen=True)
class Answers:
    """The answers to known prompts.

    Attributes:
        corpus: All responses.
        at: (n,) the rows of those that count and whose prompt's text is known.
        prompt: (n,) the code of the prompt in its corpus.
        first: (A,) of each prompt one of the n.
    """

    corpus: Corpus
    at: Ints
    prompt: Ints
    first: Ints

    @classmethod
    def of(cls, corpus: Corpus, keep: NDArray[np.bool_]) -> Answers:
        """Choose the answers.

        Args:
            corpus: The responses.
            keep: (rows,) which of them count.
        """
        at = np.flatnonzero(keep & np.array([bool(one) for one in corpus.asked], bool))
        # In the order of the table: by hash, then by corpus.
        keys = [f"{asked} {name}" for asked, name in zip(corpus.asked[at], corpus.corpus[at], strict=True)]
        prompt = factorize(keys)[1]
        return cls(corpus, at, prompt, np.unique(prompt, return_index=True)[1])

    def releases(self, of: NDArray[np.bool_] | None = None) -> Ints:
        """Return (A,) how many releases answered each prompt; of: (n,) the answers that count, None for all."""
        release = factorize(self.corpus.release[self.at])[1]
        some = np.ones(len(self.at), bool) if of is None else of
        pairs = np.unique(np.stack([self.prompt[some], release[some]]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.first))


def learn_prompts(
    corpus: Corpus,
    keep: NDArray[np.bool_],
    rows: NDArray[np.float32] | Indexed,
    fitted: tuple[Plda, KnownReleases],
    config: ProbingConfig,
) -> PromptTable | None:
    """Return the prompts that a model was trained on; None where no corpus has the text of any.

    Args:
        corpus: The responses.
        keep: (rows,) which of them the model was trained on, all by releases that it knows.
        rows: (rows, D) their embeddings, read a few at a time.
        fitted: PLDA, and the releases that the model knows.
        config: As of `measure_prompts`, and how many prompts are kept.
    """
    answers = Answers.of(corpus, keep)
    if not len(answers.first):
        return None
    plda, known = fitted
    lab_of = dict(zip(known.names, known.lab.tolist(), strict=True))
    lab = np.array([lab_of[name] for name in corpus.release[answers.at]], np.int64)
    return measure_prompts(answers, rows, lab, plda, config).most_answered(config.prompts)


def measure_prompts(
    answers: Answers, rows: NDArray[np.float32] | Indexed, lab: Ints, plda: Plda, config: ProbingConfig
) -> PromptTable:
    """Measure the prompts of a corpus.

    `gain` is about the lab: the variance between labs of the answers to one prompt, in units of the variance within
    labs, so the expected log-likelihood ratio of one lab against another, if answers are Gaussian with one covariance
    (half of Jeffreys' divergence). Both variances are estimated by moments for each prompt, over the dimensions of
    PLDA, each weighted by the labs' share of its variance. Few answers say little about one prompt: `prompt_prior`
    answers' worth of the mean of its corpus and kind stand behind it, and the mean of the kind behind that. The model
    was trained on these answers, so the figure is only used relative to the mean of its kind, whose level is measured
    on held-out responses (`InformationGain`).

    Args:
        answers: The answers to A prompts.
        rows: (rows, D) the embeddings of the corpus, read a few at a time.
        lab: (n,) code of the lab of each of the answers.
        plda: In whose basis they are compared.
        config: The prior, and how long a whole prompt is.

    Returns:
        The table.

    References:
        Jeffreys, H. (1946). An invariant form for the prior probability in estimation problems. Proc. R. Soc. A 186.
        Searle, S. R., Casella, G. and McCulloch, C. E. (1992). Variance Components, section 3.6 (estimation by moments
        from unbalanced data).
    """
    corpus, at, count = answers.corpus, answers.at, np.bincount(answers.prompt)
    corpora, corpus_code = factorize(corpus.corpus[at[answers.first]])
    kinds, kind_code = _kinds(answers)
    size = np.array([corpus.prompt_sizes[one] for one in corpus.asked[at[answers.first]]], np.int64)
    gain = _between_labs(answers, rows, lab, plda, config.prompt_prior)
    group = kind_code * max(len(corpora), 1) + corpus_code
    of_kind = _shrunk(gain, count, kind_code, _mean(gain, count), config.prompt_prior)
    of_group = _shrunk(gain, count, group, of_kind[kind_code], config.prompt_prior)
    expected = of_group[group]
    told = np.isfinite(gain)
    weight = np.where(told, count / (count + config.prompt_prior), 0.0)
    gain = np.maximum(expected + weight * (np.where(told, gain, expected) - expected), 0.0)
    level = of_kind[kind_code]
    return PromptTable(
        tuple(corpora),
        tuple(kinds),
        hash=codes_of(corpus.asked[at[answers.first]]),
        corpus=corpus_code,
        kind=kind_code,
        size=size,
        answer_size=np.maximum(np.bincount(answers.prompt, corpus.sizes()[at]) / count, 1.0),
        answers=count,
        releases=answers.releases(),
        whole=(size <= config.whole_prompt) & (_questions(answers) <= 1),
        gain=np.where(level > _TINY, gain / np.maximum(level, _TINY), 1.0),
    )


def _between_labs(answers: Answers, rows: NDArray[np.float32] | Indexed, lab: Ints, plda: Plda, prior: float) -> Floats:
    """(A,) the variance between labs in units of that within them; NaN where no two labs answered."""
    share = plda.between_labs / (plda.between_labs + plda.within)
    scale = np.sqrt(share / plda.within)
    between, within = (np.zeros(len(answers.first)) for _ in range(2))
    freedom, size = np.zeros((2, len(answers.first)), np.int64), np.ones(len(answers.first))
    order = np.lexsort((lab, answers.prompt))
    for block in _blocks(answers.prompt[order]):
        some = order[block]
        points = plda.project(rows[answers.at[some]]) * scale
        prompt, cell = answers.prompt[some], lab[some]
        starts = np.flatnonzero(np.append(True, (np.diff(prompt) != 0) | (np.diff(cell) != 0)))
        firsts = np.flatnonzero(np.append(True, np.diff(prompt) != 0))
        n_cell, n = np.diff(np.append(starts, len(some))), np.diff(np.append(firsts, len(some)))
        of = np.searchsorted(firsts, starts, side="right") - 1
        squares = np.add.reduceat((points**2).sum(axis=1), firsts)
        cells = np.bincount(of, (np.add.reduceat(points, starts) ** 2).sum(axis=1) / n_cell)
        means = (np.add.reduceat(points, firsts) ** 2).sum(axis=1) / n
        code, labs = prompt[firsts], np.bincount(of)
        between[code], within[code] = cells - means, squares - cells
        freedom[:, code] = labs - 1, n - labs
        # The size of a balanced design with the same expected mean squares.
        size[code] = (n - np.bincount(of, n_cell**2) / n) / np.maximum(labs - 1, 1)
    pooled = within.sum() / max(freedom[1].sum(), 1) or 1.0
    # A prompt with one answer a lab says nothing about the variance within labs: the mean of all stands behind it.
    own = (within + prior * pooled) / (freedom[1] + prior)
    told = freedom[0] > 0
    found = (between / np.maximum(freedom[0], 1) - own) / np.maximum(size, _TINY) / np.maximum(own, _TINY)
    return np.where(told, found, np.nan)


def _blocks(prompt: Ints) -> Iterator[slice]:
    """Parts of sorted rows that hold all rows of a prompt."""
    start = 0
    while start < len(prompt):
        last = prompt[min(start + _BLOCK, len(prompt)) - 1]
        stop = int(np.searchsorted(prompt, last, side="right"))
        yield slice(start, stop)
        start = stop


def _mean(gain: Floats, count: Ints) -> float:
    told = np.isfinite(gain)
    return float(np.average(gain[told], weights=count[told])) if told.any() else 0.0


def _shrunk(gain: Floats, count: Ints, group: Ints, prior: Floats | float, weight: float) -> Floats:
    """(groups,) the mean gain of each group of prompts, with `weight` answers' worth of `prior` (A,) behind it."""
    told, groups = np.isfinite(gain), int(group.max(initial=-1)) + 1
    total = np.bincount(group[told], gain[told] * count[told], groups)
    behind = np.zeros(groups)
    behind[group] = prior
    return (total + weight * behind) / (np.bincount(group[told], count[told], groups) + weight)


def _kinds(answers: Answers) -> tuple[list[tuple[str, str]], Ints]:
    """The kinds of prompts, and (A,) the code of the most frequent one of each prompt's answers."""
    corpus, at = answers.corpus, answers.at
    found: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    for prompt, domain, language in zip(answers.prompt.tolist(), corpus.domain[at], corpus.language[at], strict=True):
        found[prompt][domain, language] += 1
    chosen = [min(found[p], key=lambda kind, p=p: (-found[p][kind], kind)) for p in range(len(answers.first))]  # type: ignore[misc]
    kinds = sorted(set(chosen))
    return kinds, np.array([kinds.index(kind) for kind in chosen], np.int64)


def _questions(answers: Answers) -> Ints:
    """(A,) how many different questions of a corpus have this text as their prompt."""
    keys = factorize(answers.corpus.prompt[answers.at])[1]
    pairs = np.unique(np.stack([answers.prompt, keys]), axis=1)
    return np.bincount(pairs[0], minlength=len(answers.first))
