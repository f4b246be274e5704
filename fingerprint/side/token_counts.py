"""Token counts: models with one tokenizer have the same counts for the same prompts, up to a constant.

The constant is what a provider's template adds to every prompt, so counts are compared by their differences.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from math import gcd
from statistics import median_low, multimode

import numpy as np
from numpy.typing import NDArray

FEWEST = 4
"""Prompts that two sets of counts must have in common before they are compared."""

# Assumed: how often providers with the same tokenizer count one prompt differently (a trimmed space, a changed
# template), and by how many tokens.
_SLIP, _SLIP_SIZE = 0.02, 3.0
# Assumed of any counts: how often one is out of all proportion (a part was cached and not counted, or cut off), and by
# how many tokens.
_OUTLIER, _OUTLIER_SIZE = 0.01, 100.0
# Assumed: how often a provider rounds its counts.
_ROUNDED = 0.02
# Roughest rounding that is looked for.
_ROUGHEST = 64
# Odds beyond which rounding is certain.
_CERTAIN = 1e9
# Assumed: by which share of a prompt's tokens two tokenizers differ, and how many pairs' worth of evidence that is.
_PRIOR_SPREAD, _PRIOR_PAIRS = 0.15, 1
# Share of the prompts whose counts must agree for one tokenizer; the rest are slips.
_AGREE = 0.9
# Where one explanation is so much less likely than another, it is ruled out.
_RULED_OUT = 0.01

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Tokenizer:
    """The counts of one tokenizer.

    Attributes:
        releases: The lab of each release that has these counts.
        counts: Tokens by the digest of the prompt, up to a constant of all.
        name: Its name in the table of public tokenizers; empty if it is in none.
    """

    releases: Mapping[str, str]
    counts: Counts
    name: str = ""


@dataclass(frozen=True)
class KnownTokenizers:
    """What counts are compared with.

    Attributes:
        tokenizers: The tokenizers whose counts are known.
        elsewhere: By lab, the number of its releases that use a tokenizer of which nothing is known but that it is
            none of these.
    """

    tokenizers: Sequence[Tokenizer]
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def spreads(self) -> Mapping[str, float]:
        """By how many tokens two tokenizers differ on average, for each prompt.

        What is measured on few pairs is drawn to a share of the prompt's tokens.
        """
        expected: dict[str, float] = defaultdict(float)
        for one in self.tokenizers:
            for key, size in _sizes(one.counts).items():
                expected[key] = max(expected[key], _PRIOR_SPREAD * size)
        found: dict[str, list[int]] = defaultdict(list)
        for one, other in combinations(self.tokenizers, 2):
            for key, off in residuals(one.counts, other.counts).items():
                found[key].append(abs(off))
        return {
            key: (sum(found[key]) + _PRIOR_PAIRS * share) / (len(found[key]) + _PRIOR_PAIRS)
            for key, share in expected.items()
        }

    def likelihood_ratios(self, counts: Counts) -> NDArray[np.float64]:
        """Return (T,) the LLR in nats of each tokenizer against a new one; 0 for fewer than two common prompts.

        Args:
            counts: Of the case, by the digest of the prompt.
        """
        return np.array([_same(counts, one.counts, self.spreads) for one in self.tokenizers])


def one_count_each(counted: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """Return one count for each prompt, the most frequent one.

    Args:
        counted: (digest of the system prompt, digest of the prompt, tokens). Another system prompt has another
            constant, so only the system prompt with the most prompts is used.
    """
    by_system: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for system, prompt, tokens in counted:
        by_system[system][prompt].append(tokens)
    if not by_system:
        return {}
    best = max(sorted(by_system), key=lambda system: len(by_system[system]))
    return {prompt: min(multimode(found)) for prompt, found in sorted(by_system[best].items())}


def residuals(counts: Counts, other: Counts) -> dict[str, int]:
    """Return the difference of each common prompt less the constant; empty for fewer than FEWEST prompts."""
    common = sorted(counts.keys() & other.keys())
    if len(common) < FEWEST:
        return {}
    shift = median_low([counts[k] - other[k] for k in common])
    return {k: counts[k] - other[k] - shift for k in common}


def agree(counts: Counts, other: Counts) -> bool:
    """Return whether the same tokenizer may have made both."""
    off = residuals(counts, other)
    return bool(off) and sum(value == 0 for value in off.values()) >= _AGREE * len(off)


def group_by_tokenizer(
    releases: Mapping[str, Counts], lab_of: Mapping[str, str], before: Sequence[Tokenizer] = ()
) -> list[Tokenizer]:
    """Group releases whose counts agree.

    Args:
        releases: The counts of each release.
        lab_of: The lab of each release.
        before: Groups that exist already; they come first, and releases that agree with them join them.

    Returns:
        One entry for each tokenizer.
    """
    found = [(dict(tokenizer.releases), dict(tokenizer.counts), tokenizer.name) for tokenizer in before]
    for name, counts in sorted(releases.items()):
        for names, known, _ in found:
            if agree(counts, known):
                names[name] = lab_of[name]
                shift = median_low([known[k] - counts[k] for k in known.keys() & counts.keys()])
                known |= {k: counts[k] + shift for k in counts.keys() - known.keys()}
                break
        else:
            found.append(({name: lab_of[name]}, dict(counts), ""))
    return [Tokenizer(*one) for one in found]


@dataclass(frozen=True)
class TokenEvidence:
    """How well the counts of a case fit known tokenizers.

    Attributes:
        compared: Number of prompts.
        tokenizers: Names of public tokenizers with the same counts.
        agree: The releases that use these, and others with the same counts.
        llr: LLR in nats of each lab against an unknown one.
        ruled_out: Labs that use no tokenizer, as far as is known, which could have these counts.
    """

    compared: int
    tokenizers: tuple[str, ...]
    agree: tuple[str, ...]
    llr: dict[str, float]
    ruled_out: tuple[str, ...]


def compare(counts: Counts, known: KnownTokenizers, labs: Sequence[str]) -> TokenEvidence | None:
    """Compare the counts of a case with known tokenizers.

    A release of a lab uses a tokenizer that releases of this lab are known to use, or another one: that of another lab
    (fine-tunes, shared bases) or a new one. How often each of these happens is counted over the known releases, by
    Laplace's rule of succession. A tokenizer of the lab's own, of which no counts are known, explains counts as a new
    one does.

    Args:
        counts: Of the case, by the digest of the prompt.
        known: What they are compared with.
        labs: The labs in question.

    Returns:
        The evidence; None if no tokenizer has enough of the prompts.
    """
    enough = [len(one.counts.keys() & counts.keys()) >= FEWEST for one in known.tokenizers]
    tokenizers = [one for one, is_enough in zip(known.tokenizers, enough, strict=True) if is_enough]
    if not tokenizers:
        return None
    elsewhere, same = known.elsewhere, known.likelihood_ratios(counts)[enough]
    owners = [Counter(tokenizer.releases.values()) for tokenizer in tokenizers]
    # An unknown lab uses the tokenizer of another lab, or a new one.
    borrowed = (sum(len(of) > 1 for of in owners) + 1) / (len(owners) + len(elsewhere) + 2)
    anybody = _mixed(borrowed, _mean(same, np.ones(len(same))), 0.0)
    best = max(0.0, float(same.max()))
    # Last, the tokenizers of which nothing is known.
    all_same = np.append(same, 0.0)
    llr, ruled_out = {}, []
    for lab in labs:
        releases = np.array([*(of[lab] for of in owners), elsewhere.get(lab, 0)], float)
        another = np.count_nonzero(releases) / (releases.sum() + 1)
        own = _mean(all_same, releases)
        llr[lab] = float((_mixed(another, anybody, own) if another else anybody) - anybody)
        if another and own - best < np.log(_RULED_OUT):
            ruled_out.append(lab)
    # A new one is ruled out, and no other is far better.
    fits = (same >= -np.log(_RULED_OUT)) & (same - best >= np.log(_RULED_OUT))
    fitting = [one for one, is_fit in zip(tokenizers, fits, strict=True) if is_fit]
    return TokenEvidence(
        max(len(counts.keys() & one.counts.keys()) for one in tokenizers),
        tuple(one.name for one in fitting if one.name),
        tuple(name for one in fitting for name in one.releases),
        llr,
        tuple(ruled_out),
    )


def _same(counts: Counts, known: Counts, spreads: Mapping[str, float]) -> float:
    """Return the LLR of one tokenizer against a different one, whether the provider rounds or not."""
    common = sorted(counts.keys() & known.keys())
    if len(common) < 2:
        return 0.0
    seen, expected = (np.array([of[k] for k in common], np.int64) for of in (counts, known))
    scale = 1 + np.array([spreads[k] for k in common])
    exact = _llr(seen - expected, scale)
    step = gcd(*seen.tolist())
    if not 1 < step <= _ROUGHEST:
        return exact
    # How rounding by this step shifts with the constant is not known: the best shift.
    rounded = [(expected + shift) // step - seen // step for shift in range(step)]
    steps = max(_llr(-off, scale / step) for off in rounded)
    # Counts that are all multiples are likelier where they are rounded.
    odds = _ROUNDED / (1 - _ROUNDED) * float(step) ** (len(common) - 1)
    return _mixed(odds / (1 + odds), steps, exact) if odds < _CERTAIN else steps


def _llr(difference: NDArray[np.int64], scale: NDArray[np.float64]) -> float:
    """Return the LLR of equal counts, up to a constant, against counts that differ by `scale`."""
    off = (difference - median_low(difference.tolist())).astype(float)
    outlier = np.log(_OUTLIER) + _laplace(off, _OUTLIER_SIZE)
    slip = np.log(_SLIP) + _laplace(off, _SLIP_SIZE)
    match = np.logaddexp(np.where(off == 0, np.log1p(-_SLIP), -np.inf), slip)
    match, other = (np.logaddexp(np.log1p(-_OUTLIER) + one, outlier) for one in (match, _laplace(off, scale)))
    return float((match - other).sum())


def _sizes(counts: Counts) -> dict[str, int]:
    """Return about how many tokens each prompt has: those above the shortest, because the constant is not known."""
    least = min(counts.values())
    return {k: value - least for k, value in counts.items()}


def _laplace(value: NDArray[np.float64], scale: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-probabilities of whole numbers under a discrete Laplace distribution.

    References:
        Inusah, S. and Kozubowski, T. J. (2006). A discrete analogue of the Laplace distribution. Journal of
        Statistical Planning and Inference 136.
    """
    q = np.exp(-1 / np.asarray(scale))
    return np.asarray(np.log1p(-q) - np.log1p(q) + np.abs(value) * np.log(q))


def _mean(logs: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the logarithm of the weighted mean of exp(logs); minus infinity without any weight."""
    if not weight.any():
        return -np.inf
    return float(np.logaddexp.reduce(logs[weight > 0] + np.log(weight[weight > 0])) - np.log(weight.sum()))


def _mixed(share: float, one: float, other: float) -> float:
    """Return the logarithm of a mixture, `share` of the one and the rest of the other."""
    return float(np.logaddexp(np.log(share) + one, np.log1p(-share) + other))
