"""Whether the style of a case changes over time, and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np

from fingerprint.comparison.kernels import Kernel, gram
from fingerprint.comparison.permutations import LEVEL, Bools, Doubles, Ints, p_value, shuffles, smallest_p
from fingerprint.comparison.shared_prompts import prompt_key
from fingerprint.data.formats.values import moment
from fingerprint.data.response import Case, Response

PERMUTATIONS = 999
# Responses before and after a change, at least: the mean of fewer is mostly noise.
LEAST_SEGMENT = 5
# Coordinates of a response: the principal components of the kernel. Those after hold single texts.
_COMPONENTS = 32
# For the interval: splits that are tested, and permutations for each.
_MOST_SPLITS = 60
_SPLIT_PERMUTATIONS = 199
# Numbers that are in memory at once.
_MOST_NUMBERS = 8_000_000


class DriftVerdict(StrEnum):
    """What a search for a change over time can end with."""

    CHANGED = "changed"
    UNCHANGED = "no-change-found"
    INCONCLUSIVE = "inconclusive"


class NoDrift(StrEnum):
    """Why there is no p-value."""

    CONSTANT = "All responses to a prompt are the same, word for word."

    NO_TIMES = "No row carries a time that can be read."
    TOO_FEW = (
        f"A change needs at least {LEAST_SEGMENT} responses before it and {LEAST_SEGMENT} after it, at other times."
    )


@dataclass(frozen=True)
class Change:
    """When the style changed.

    Attributes:
        last_before: The time of the last response before the most likely change, UTC.
        first_after: The time of the first response after it.
        low: The change lies after this time, by a 95 % interval.
        high: And no later than this.
        before: The responses before the most likely change, in order of time.
        after: Those after it.
    """

    last_before: datetime
    first_after: datetime
    low: datetime
    high: datetime
    before: tuple[Response, ...]
    after: tuple[Response, ...]


@dataclass(frozen=True)
class Drift:
    """What a search for a change over time found.

    A small p-value says that the responses did not all come from one distribution. Another effort or system prompt
    does this too.

    Attributes:
        n_used: Responses whose times were compared.
        n_without_time: Responses without a time that can be read.
        is_prompt_fixed: Whether times changed places only among responses to one prompt. If not, few prompts come
            again, and other prompts at other times look like a change.
        p_value: Of no change; None if none could be looked for, and for responses that are all the same.
        smallest_p: The least p-value that any order of these responses could have had.
        change: The change, if the p-value is no larger than LEVEL.
        no_drift: Why there is no p-value.
    """

    n_used: int
    n_without_time: int
    is_prompt_fixed: bool = False
    p_value: float | None = None
    smallest_p: float | None = None
    change: Change | None = None
    no_drift: NoDrift | None = None

    @property
    def verdict(self) -> DriftVerdict:
        """Whether the style changed; inconclusive where no order of these responses could have shown it."""
        if self.change is not None:
            return DriftVerdict.CHANGED
        if self.no_drift is NoDrift.CONSTANT:
            return DriftVerdict.UNCHANGED
        could = self.smallest_p is not None and self.smallest_p <= LEVEL
        return DriftVerdict.UNCHANGED if could else DriftVerdict.INCONCLUSIVE

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: the times in ISO 8601, and how many responses are before and after the change."""
        change = self.change
        return {
            "verdict": str(self.verdict),
            "n_used": self.n_used,
            "n_without_time": self.n_without_time,
            "is_prompt_fixed": self.is_prompt_fixed,
            "p_value": self.p_value,
            "smallest_p": self.smallest_p,
            "change": change
            and {
                **{name: getattr(change, name).isoformat() for name in ("last_before", "first_after", "low", "high")},
                "n_before": len(change.before),
                "n_after": len(change.after),
            },
            "no_drift": self.no_drift and self.no_drift.name.lower().replace("_", "-"),
        }


@dataclass(frozen=True)
class ChangePoint:
    """The most likely split of n responses in order of time. A split k has k responses before it.

    Attributes:
        p_value: Of no change.
        smallest_p: The least p-value that any order could have had.
        split: The most likely split.
        low: The first split of the confidence set; `split` where no change is dated.
        high: The last split of it.
    """

    p_value: float
    smallest_p: float
    split: int
    low: int
    high: int


def find_drift(case: Case, permutations: int = PERMUTATIONS, seed: int = 0) -> Drift:
    """Look for one change in the mean style of a case whose rows carry times.

    Where prompts come again at other times, the mean of each prompt is taken out first, and only responses to one
    prompt change places: the prompts are held fixed, and the p-value is exact.

    Args:
        case: Its responses, with those that repeat another word for word: what stayed the same matters too.
        permutations: Random permutations for the p-value.
        seed: Of the permutations.

    Returns:
        The p-value, and the change with its interval where there is one.

    References:
        As of `change_point`.
    """
    timed = [(when, r) for r in (*case.records, *case.repeats) if (when := moment(r.time)) is not None]
    # A row that is in the files twice was written once.
    timed = list({(when, prompt_key(r), r.response): (when, r) for when, r in timed}.values())
    n_without = sum(moment(r.time) is None for r in (*case.records, *case.repeats))
    if not timed:
        return Drift(0, n_without, no_drift=NoDrift.NO_TIMES)
    repeated = Counter(key for key, _ in {(prompt_key(r), when) for when, r in timed})
    again = [row for row in timed if prompt_key(row[1]) and repeated[prompt_key(row[1])] > 1]
    is_fixed = 2 * len(again) >= len(timed) and len(again) >= 2 * LEAST_SEGMENT
    rows = sorted(again if is_fixed else timed, key=lambda row: row[0])
    times = [when for when, _ in rows]
    responses = [response for _, response in rows]
    seconds = np.array([when.timestamp() for when in times])
    splits = possible_splits(seconds)
    if not len(splits):
        return Drift(len(rows), n_without, is_fixed, no_drift=NoDrift.TOO_FEW)
    codes = {key: i for i, key in enumerate(dict.fromkeys(map(prompt_key, responses)))}
    prompt = np.array([codes[prompt_key(response)] if is_fixed else 0 for response in responses], np.int64)
    if (
        len({(int(one), response.response) for one, response in zip(prompt, responses, strict=True)})
        == prompt.max() + 1
    ):
        # Their coordinates would be rounding errors, which can differ by place.
        return Drift(len(rows), n_without, is_fixed, no_drift=NoDrift.CONSTANT)
    found = change_point(_coordinates([r.response for r in responses], prompt), prompt, splits, permutations, seed)
    change = None
    if found.p_value <= LEVEL:
        change = Change(
            times[found.split - 1],
            times[found.split],
            times[found.low - 1],
            times[found.high],
            tuple(responses[: found.split]),
            tuple(responses[found.split :]),
        )
    return Drift(len(rows), n_without, is_fixed, found.p_value, found.smallest_p, change)


def possible_splits(times: Doubles) -> Ints:
    """Return the splits with LEAST_SEGMENT responses on both sides, between different times.

    Args:
        times: (n,) ascending.

    Returns:
        (S,) how many responses are before each split, ascending.
    """
    at = np.arange(1, len(times))
    inside = (at >= LEAST_SEGMENT) & (len(times) - at >= LEAST_SEGMENT) & (np.diff(times) > 0)
    return at[inside]


def change_point(
    coordinates: Doubles, prompt: Ints, splits: Ints, permutations: int = PERMUTATIONS, seed: int = 0
) -> ChangePoint:
    """Find the split that maximises the CUSUM statistic n / (k (n - k)) * |sum of the first k coordinates|^2.

    The coordinates are of a kernel, so that this is k (n - k) / n times the squared MMD of the two segments. The
    p-value is by permutation within prompts. The interval is not a bootstrap: it inverts a test. For each split, the
    responses are permuted within prompts on each side of it. If the change is there, this changes no distribution, so
    that the largest CUSUM of the data is no more extreme than that of the permutations. Splits where it is among the
    largest 5 % are rejected; the interval spans the others, and covers the true split in 95 % of cases or more. Only
    found changes are reported: of shifts so small that few are found, the interval covers somewhat fewer.

    Args:
        coordinates: (n, D) in order of time, with mean 0 at each prompt.
        prompt: (n,) the prompt of each; all the same where prompts do not come again.
        splits: (S,) the possible splits, ascending, S > 0.
        permutations: For the p-value.
        seed: Of the permutations.

    Returns:
        The split, the p-value and, if this is no larger than LEVEL, the confidence set.

    References:
        Harchaoui & Cappé (2007), Retrospective Multiple Change-Point Estimation with Kernels.
        Antoch & Hušková (2001), Permutation Tests in Change Point Analysis.
        Worsley (1986), Confidence Regions and Tests for a Change-Point (intervals by inverting the test of each split).
    """
    largest = _largest(coordinates, splits, shuffles(prompt, permutations, seed))
    observed = _cusum(coordinates[None], splits)[0]
    best = int(observed.argmax())
    found = float(p_value(largest))
    low = high = best
    if found <= LEVEL:
        low, high = _confidence_set(coordinates, prompt, splits, best, seed)
    return ChangePoint(found, float(smallest_p(largest)), int(splits[best]), int(splits[low]), int(splits[high]))


def _confidence_set(coordinates: Doubles, prompt: Ints, splits: Ints, best: int, seed: int) -> tuple[int, int]:
    """The first and the last of the splits that are not rejected."""
    spaced = np.linspace(0, len(splits) - 1, min(_MOST_SPLITS, len(splits))).round().astype(np.int64)
    tested = np.unique(np.append(spaced, best))
    is_kept: Bools = np.array([at == best or _is_plausible(coordinates, prompt, int(splits[at]), splits, seed)
                               for at in tested])  # fmt: skip
    kept = np.flatnonzero(is_kept)
    # A split between a rejected and an accepted one was not tested: it stays in.
    low = 0 if kept[0] == 0 else int(tested[kept[0] - 1]) + 1
    high = len(splits) - 1 if kept[-1] == len(tested) - 1 else int(tested[kept[-1] + 1]) - 1
    return low, high


def _is_plausible(coordinates: Doubles, prompt: Ints, split: int, splits: Ints, seed: int) -> bool:
    """Whether a change at `split` is not rejected."""
    after = np.arange(len(prompt)) >= split
    orders = shuffles(2 * prompt + after, _SPLIT_PERMUTATIONS, seed)
    return float(p_value(_largest(coordinates, splits, orders))) > LEVEL


def _largest(coordinates: Doubles, splits: Ints, orders: Ints) -> Doubles:
    """(B,) the largest CUSUM under each of (B, n) orders."""
    step = max(_MOST_NUMBERS // coordinates.size, 1)
    parts = [_cusum(coordinates[orders[at : at + step]], splits).max(axis=1) for at in range(0, len(orders), step)]
    return np.concatenate(parts)


def _cusum(ordered: Doubles, splits: Ints) -> Doubles:
    """(B, S) the statistic at each split, of (B, n, D) coordinates."""
    n = ordered.shape[1]
    sums = ordered.cumsum(axis=1)[:, splits - 1]
    return np.einsum("bsd,bsd->bs", sums, sums) * (n / (splits * (n - splits)))


def _coordinates(texts: list[str], prompt: Ints) -> Doubles:
    """(n, D) principal components of the texts' n-gram kernel, with the mean of each prompt taken out."""
    size = np.bincount(prompt)
    means = (prompt[:, None] == np.arange(len(size))) / size
    centring = np.eye(len(texts)) - means @ (prompt[:, None] == np.arange(len(size))).T
    values, vectors = np.linalg.eigh(centring @ gram(texts, Kernel.NGRAMS) @ centring)
    found: Doubles = vectors[:, -_COMPONENTS:] * np.sqrt(np.maximum(values[-_COMPONENTS:], 0.0))
    return found
