"""What token counts say: models with one tokenizer count the same strings alike, but for a constant.

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
"""Prompts that must be the same before their counts are compared."""

# How often a provider counts one prompt otherwise than another does with the same tokenizer (a trimmed space, a
# changed template), and how far off it then is.
_SLIP, _SLIP_SIZE = 0.02, 3.0
# By how much of a string's tokens two tokenizers differ, where too few are known to tell; and at least.
_USUAL_SPREAD, _LEAST_SPREAD = 0.15, 0.02
_FEWEST_PAIRS = 3
_AGREE = 0.9

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Tokenizer:
    """What is counted with one tokenizer. releases: whose counts these are, and the lab of each; counts: tokens by the
    prompt's key, up to a constant of all."""

    releases: Mapping[str, str]
    counts: Counts


def prompt_key(prompt_id: str, digest: str) -> str:
    """Of a prompt: its id and what it says, so that another version of a probe is another prompt."""
    return f"{prompt_id}|{digest}"


def one_count_each(counted: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """(system prompt, prompt's key, tokens) to one count a prompt, the most frequent one; of the system prompt with
    most prompts, for another one is another constant."""
    by_system: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for system, prompt, tokens in counted:
        by_system[system][prompt].append(tokens)
    if not by_system:
        return {}
    best = max(sorted(by_system), key=lambda system: len(by_system[system]))
    return {prompt: min(multimode(found)) for prompt, found in sorted(by_system[best].items())}


def residuals(counts: Counts, other: Counts) -> dict[str, int]:
    """By how many tokens each common prompt differs once the constant is taken off; empty for too few prompts."""
    common = sorted(counts.keys() & other.keys())
    if len(common) < FEWEST:
        return {}
    shift = median_low([counts[k] - other[k] for k in common])
    return {k: counts[k] - other[k] - shift for k in common}


def agree(counts: Counts, other: Counts) -> bool:
    """Whether one tokenizer may have made both."""
    off = residuals(counts, other)
    return bool(off) and sum(value == 0 for value in off.values()) >= _AGREE * len(off)


def group_by_tokenizer(
    releases: Mapping[str, Counts], lab_of: Mapping[str, str], before: Sequence[Tokenizer] = ()
) -> list[Tokenizer]:
    """One entry for all releases whose counts agree, in the order of their names; those of `before` come first, and
    what agrees with them is added to them."""
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
class Reading:
    """How well a suspect's counts fit. compared: prompts; agree: releases whose counts are the same; ratio: nats for
    each lab against a lab about which nothing is known."""

    compared: int
    agree: tuple[str, ...]
    ratio: dict[str, float]


def read(counts: Counts, known: Sequence[Tokenizer], labs: Sequence[str]) -> Reading | None:
    """None where too few prompts are known.

    A release of a lab may use a tokenizer of that lab, or a fresh one, as every other lab's: somebody else's
    (fine-tunes, shared bases), or a new one. How often which is the case is counted over the known releases, by
    Laplace's rule of succession.
    """
    at = [i for i, tokenizer in enumerate(known) if residuals(counts, tokenizer.counts)]
    if not at:
        return None
    compared = max(len(residuals(counts, known[i].counts)) for i in at)
    spread = _spread(known)
    # Of the same tokenizer against another one, whichever that is.
    same = np.zeros(len(known))
    for i in at:
        same[i] = _same(residuals(counts, known[i].counts), _sizes(known[i].counts), spread)
    owners = [Counter(tokenizer.releases.values()) for tokenizer in known]
    weight = {lab: np.array([of[lab] for of in owners], float) for lab in labs}
    # Of a lab that is not known: somebody else's tokenizer, or a new one.
    borrowed = (sum(len(of) > 1 for of in owners) + 1) / (len(known) + 2)
    anybody = _mixed(borrowed, _mean(same, np.ones(len(known))), 0.0)
    ratio = {}
    for lab, releases in weight.items():
        fresh = np.count_nonzero(releases) / (releases.sum() + 1)
        own = _mixed(fresh, anybody, _mean(same, releases)) if fresh else anybody
        ratio[lab] = float(own - anybody)
    names = [name for i in at if agree(counts, known[i].counts) for name in known[i].releases]
    return Reading(compared, tuple(names), ratio)


def _same(off: Mapping[str, int], sizes: Mapping[str, int], spread: float) -> float:
    """Log-likelihood ratio of counts being made by one tokenizer against two."""
    value = np.array(list(off.values()), float)
    slip = np.log(_SLIP) + _laplace(value, _SLIP_SIZE)
    match = np.logaddexp(np.where(value == 0, np.log1p(-_SLIP), -np.inf), slip)
    other = _laplace(value, 1 + spread * np.array([sizes[k] for k in off]))
    return float((match - other).sum())


def _sizes(counts: Counts) -> dict[str, int]:
    """About how many tokens each prompt has: what it has more than the shortest, for the constant is not known."""
    least = min(counts.values())
    return {k: value - least for k, value in counts.items()}


def _spread(known: Sequence[Tokenizer]) -> float:
    """How far known tokenizers differ on a string, as a share of its tokens."""
    shares = []
    for one, other in combinations(known, 2):
        off = residuals(one.counts, other.counts)
        if off and (size := sum(_sizes(one.counts)[k] for k in off)):
            shares.append(sum(map(abs, off.values())) / size)
    return max(float(np.mean(shares)), _LEAST_SPREAD) if len(shares) >= _FEWEST_PAIRS else _USUAL_SPREAD


def _laplace(value: NDArray[np.float64], scale: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-probability of whole numbers whose mean size is about `scale` (Inusah & Kozubowski 2006)."""
    q = np.exp(-1 / np.asarray(scale))
    return np.asarray(np.log1p(-q) - np.log1p(q) + np.abs(value) * np.log(q))


def _mean(logs: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Logarithm of the weighted mean of what `logs` are logarithms of; minus infinity without any weight."""
    if not weight.any():
        return -np.inf
    return float(np.logaddexp.reduce(logs[weight > 0] + np.log(weight[weight > 0])) - np.log(weight.sum()))


def _mixed(share: float, one: float, other: float) -> float:
    """Logarithm of a mixture, `share` of the one and the rest of the other."""
    return float(np.logaddexp(np.log(share) + one, np.log1p(-share) + other))
