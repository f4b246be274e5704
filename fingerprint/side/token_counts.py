"""Token counts: models with one tokenizer have the same counts for the same prompts, up to a constant.

The constant is what a provider's template adds to every prompt, so counts are compared by their differences.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median_low, multimode

import numpy as np
from numpy.typing import NDArray

FEWEST = 4
"""Prompts that two sets of counts must have in common before they are compared."""

# Assumed: how often providers with the same tokenizer count one prompt differently (a trimmed space, a changed
# template), and by how many tokens.
_SLIP, _SLIP_SIZE = 0.02, 3.0
# By which share of a prompt's tokens two tokenizers differ: where fewer than three pairs are known, and at least.
_PRIOR_SPREAD, _LEAST_SPREAD = 0.15, 0.02
_FEWEST_PAIRS = 3
# Share of the prompts whose counts must agree for one tokenizer; the rest are slips.
_AGREE = 0.9

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Tokenizer:
    """The counts of one tokenizer.

    Attributes:
        releases: The lab of each release that has these counts.
        counts: Tokens by the key of the prompt, up to a constant of all.
    """

    releases: Mapping[str, str]
    counts: Counts


def prompt_key(prompt_id: str, digest: str) -> str:
    """Return the key of a prompt: its id and its digest, so that another version of a probe is another prompt."""
    return f"{prompt_id}|{digest}"


def one_count_each(counted: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """Return one count for each prompt, the most frequent one.

    Args:
        counted: (system prompt, key of the prompt, tokens). Another system prompt has another constant, so only the
            system prompt with the most prompts is used.
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
    found = [(dict(tokenizer.releases), dict(tokenizer.counts)) for tokenizer in before]
    for name, counts in sorted(releases.items()):
        for names, known in found:
            if agree(counts, known):
                names[name] = lab_of[name]
                shift = median_low([known[k] - counts[k] for k in known.keys() & counts.keys()])
                known |= {k: counts[k] + shift for k in counts.keys() - known.keys()}
                break
        else:
            found.append(({name: lab_of[name]}, dict(counts)))
    return [Tokenizer(names, counts) for names, counts in found]


@dataclass(frozen=True)
class TokenEvidence:
    """How well the counts of a case fit known tokenizers.

    Attributes:
        compared: Number of prompts.
        agree: Releases with the same counts.
        llr: LLR in nats of each lab against an unknown one.
    """

    compared: int
    agree: tuple[str, ...]
    llr: dict[str, float]


def compare(counts: Counts, known: Sequence[Tokenizer], labs: Sequence[str]) -> TokenEvidence | None:
    """Compare the counts of a case with known tokenizers.

    A release of a lab uses a tokenizer of that lab, or another one: that of another lab (fine-tunes, shared bases) or
    a new one. How often each of these happens is counted over the known releases, by Laplace's rule of succession.

    Args:
        counts: Of the case.
        known: The tokenizers of known releases.
        labs: The labs in question.

    Returns:
        The evidence; None if no tokenizer has enough of the prompts.
    """
    at = [i for i, tokenizer in enumerate(known) if residuals(counts, tokenizer.counts)]
    if not at:
        return None
    compared = max(len(residuals(counts, known[i].counts)) for i in at)
    spread = _spread(known)
    # (tokenizers,) the LLR of the same tokenizer against any other one.
    same = np.zeros(len(known))
    for i in at:
        same[i] = _same(residuals(counts, known[i].counts), _sizes(known[i].counts), spread)
    owners = [Counter(tokenizer.releases.values()) for tokenizer in known]
    weight = {lab: np.array([of[lab] for of in owners], float) for lab in labs}
    # An unknown lab uses the tokenizer of another lab, or a new one.
    borrowed = (sum(len(of) > 1 for of in owners) + 1) / (len(known) + 2)
    anybody = _mixed(borrowed, _mean(same, np.ones(len(known))), 0.0)
    llr = {}
    for lab, releases in weight.items():
        another = np.count_nonzero(releases) / (releases.sum() + 1)
        own = _mixed(another, anybody, _mean(same, releases)) if another else anybody
        llr[lab] = float(own - anybody)
    names = [name for i in at if agree(counts, known[i].counts) for name in known[i].releases]
    return TokenEvidence(compared, tuple(names), llr)


def _same(off: Mapping[str, int], sizes: Mapping[str, int], spread: float) -> float:
    """Return the LLR in nats of one tokenizer against two different ones; off: residuals by prompt."""
    value = np.array(list(off.values()), float)
    slip = np.log(_SLIP) + _laplace(value, _SLIP_SIZE)
    match = np.logaddexp(np.where(value == 0, np.log1p(-_SLIP), -np.inf), slip)
    other = _laplace(value, 1 + spread * np.array([sizes[k] for k in off]))
    return float((match - other).sum())


def _sizes(counts: Counts) -> dict[str, int]:
    """Return about how many tokens each prompt has: those above the shortest, because the constant is not known."""
    least = min(counts.values())
    return {k: value - least for k, value in counts.items()}


def _spread(known: Sequence[Tokenizer]) -> float:
    """Return by which share of a prompt's tokens known tokenizers differ on average."""
    shares = []
    for one, other in combinations(known, 2):
        off = residuals(one.counts, other.counts)
        if off and (size := sum(_sizes(one.counts)[k] for k in off)):
            shares.append(sum(map(abs, off.values())) / size)
    return max(float(np.mean(shares)), _LEAST_SPREAD) if len(shares) >= _FEWEST_PAIRS else _PRIOR_SPREAD


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
