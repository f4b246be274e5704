"""Whether two cases sampled their responses from one distribution, by a test that needs no model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from fingerprint.comparison.kernels import Doubles, Kernel, gram
from fingerprint.comparison.permutations import Bools, Ints, labellings, p_value, smallest_p
from fingerprint.comparison.shared_prompts import Pooled, SharedPrompts

PERMUTATIONS = 999
# The least number of responses that each case needs.
LEAST = 2
# A statistic that varies by less over the labellings is the same under all of them.
_CONSTANT = 1e-9


class NoTest(StrEnum):
    """Why there is no p-value."""

    NO_SHARED_PROMPTS = "The two answered no prompt in common, and different prompts alone make responses differ."
    TOO_FEW = f"The test needs at least {LEAST} responses of each case to shared prompts."


@dataclass(frozen=True)
class TwoSampleTest:
    """What a two-sample test found.

    A small p-value says that the two did not sample from one distribution. It does not say "two models": another
    effort, system prompt, temperature or version of one model does the same. A large p-value does not say "one model".

    Attributes:
        kernel: How texts were compared.
        n_prompts: Shared prompts.
        n_first: Responses of the first case to them.
        n_second: Those of the second case.
        across: What the differences of the prompts have in common (a difference of style): the mean product of the
            differences at two prompts, without bias, in squared units of the kernel. None with one prompt.
        within: The mean squared MMD at one prompt, without bias. None if no prompt has two responses of each case.
        p_value: Of "each prompt's responses are exchangeable between the two cases"; None without a test.
        smallest_p: The least p-value that any labelling of these responses could have had; None without a test.
        n_labellings: How many labellings were compared, with the observed one.
        is_exhaustive: Whether these are all there are.
        no_test: Why there is no p-value; None if there is one.
    """

    kernel: Kernel
    n_prompts: int
    n_first: int
    n_second: int
    across: float | None = None
    within: float | None = None
    p_value: float | None = None
    smallest_p: float | None = None
    n_labellings: int = 0
    is_exhaustive: bool = False
    no_test: NoTest | None = None

    def rejects(self, level: float) -> bool:
        """Return whether the p-value is no larger than `level`."""
        return self.p_value is not None and self.p_value <= level

    def could_reject(self, level: float) -> bool:
        """Return whether any labelling of these responses would have had a p-value no larger than `level`."""
        return self.smallest_p is not None and self.smallest_p <= level

    def meaning(self, level: float) -> str:
        """Return in words what the test says at a false-alarm rate of `level`."""
        if self.p_value is None:
            return str(self.no_test)
        if self.rejects(level):
            return (
                f"The two did not sample from one distribution (p = {self.p_value:.3g}). Two models do this, and so do "
                "two efforts, system prompts, temperatures or versions of one model."
            )
        if not self.could_reject(level):
            return (
                f"These responses cannot show a difference: their smallest possible p-value is {self.smallest_p:.3g}, "
                f"above {level:g}. More shared prompts, or more responses to each, would."
            )
        return (
            f"The test found no difference (p = {self.p_value:.3g}). This does not show that the two are one model: "
            "more responses may tell them apart."
        )


def two_sample_test(
    shared: SharedPrompts, kernel: Kernel = Kernel.NGRAMS, permutations: int = PERMUTATIONS, seed: int = 0
) -> TwoSampleTest:
    """Test whether two cases sampled their responses to each shared prompt from one distribution.

    Labels change places only within a prompt, so that the prompts are held fixed and the p-value is exact if the
    responses to a prompt are exchangeable. Two statistics are used. With d_p the difference of the two cases' mean
    kernel embeddings at prompt p and w_p its weight, one is the sum of w_p^2 |d_p|^2, the maximum mean discrepancy of
    the pairs (prompt, response) under a kernel that is 0 between prompts. The other is the sum of w_p w_q <d_p, d_q>
    over different prompts p and q: it finds a shift that the prompts share, and needs no more than one response to a
    prompt. Each is put in units of its standard deviation over all labellings, and the larger counts. The choice is
    part of what is permuted.

    Args:
        shared: The responses by prompt.
        kernel: How texts are compared.
        permutations: Random permutations; if there are no more labellings than that, all are compared.
        seed: Of the permutations.

    Returns:
        The p-value and what it means. No p-value without shared prompts, or with too few responses.

    References:
        Gao, Liang & Guestrin (2024), Model Equality Testing: Which Model Is This API Serving?, arXiv 2410.20247.
        Gretton et al. (2012), A Kernel Two-Sample Test, JMLR 13, lemma 6.
        Schrab et al. (2023), MMD Aggregated Two-Sample Test, JMLR 24 (several statistics in one exact test).
    """
    pooled = shared.pooled()
    n_second = int(pooled.second.sum())
    n_first = len(pooled.texts) - n_second
    found = TwoSampleTest(kernel, len(shared.prompts), n_first, n_second)
    if not shared.prompts:
        return _without(found, NoTest.NO_SHARED_PROMPTS)
    if min(n_first, n_second) < LEAST:
        return _without(found, NoTest.TOO_FEW)
    similarity = gram(pooled.texts, kernel)
    labels = labellings(pooled.prompt, pooled.second, permutations, seed)
    largest = _largest(_statistics(similarity, pooled.prompt, labels.second))
    across, within = _estimates(similarity, pooled)
    return TwoSampleTest(
        kernel=kernel,
        n_prompts=found.n_prompts,
        n_first=n_first,
        n_second=n_second,
        across=across,
        within=within,
        p_value=float(p_value(largest)),
        smallest_p=float(smallest_p(largest)),
        n_labellings=len(labels),
        is_exhaustive=labels.is_exhaustive,
    )


def _without(found: TwoSampleTest, why: NoTest) -> TwoSampleTest:
    return TwoSampleTest(found.kernel, found.n_prompts, found.n_first, found.n_second, no_test=why)


def _statistics(similarity: Doubles, prompt: Ints, second: Bools) -> Doubles:
    """(B, 2) the statistics across prompts and within prompts, of (B, N) labels."""
    contrast = _contrasts(prompt, second)
    # Labels that make no difference change rounding alone if what all texts share is taken out first.
    centred = similarity - similarity.mean()
    inside = np.where(prompt[:, None] == prompt, centred, 0.0)
    within = np.einsum("bn,bn->b", contrast @ inside, contrast)
    return np.column_stack([np.einsum("bn,bn->b", contrast @ centred, contrast) - within, within])


def _contrasts(prompt: Ints, second: Bools) -> Doubles:
    """(B, N) the weights of the responses in the sum of w_p d_p.

    A difference d_p varies from prompt to prompt and, by 1/n + 1/m, from draw to draw. Both variances are taken to be
    equal, so that w_p is the inverse of 1 + 1/n + 1/m: many draws of one prompt do not outweigh all other prompts.
    """
    size = np.bincount(prompt).astype(np.float64)
    count = np.bincount(prompt, second[0]).astype(np.float64)
    weight = 1 / (1 + 1 / count + 1 / (size - count))
    return np.where(second, -(weight / count)[prompt], (weight / (size - count))[prompt])


def _largest(values: Doubles) -> Doubles:
    """(B,) the larger of the (B, 2) statistics, in units of their standard deviations over all labellings.

    A statistic that is the same under all labellings does not take part.
    """
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    varies = spread > _CONSTANT
    return (centred[:, varies] / spread[varies]).max(axis=1) if varies.any() else np.zeros(len(values))


def _estimates(similarity: Doubles, pooled: Pooled) -> tuple[float | None, float | None]:
    """The unbiased estimates `across` and `within`."""
    prompts = int(pooled.prompt.max()) + 1
    size = np.array([np.bincount(pooled.prompt[pooled.second == side], minlength=prompts) for side in (False, True)])
    mean = np.where(pooled.second, -1 / size[1][pooled.prompt], 1 / size[0][pooled.prompt])
    by_prompt = np.zeros((prompts, len(mean)))
    by_prompt[pooled.prompt, np.arange(len(mean))] = mean
    product = by_prompt @ similarity @ by_prompt.T
    across = (product.sum() - np.trace(product)) / (prompts * (prompts - 1)) if prompts > 1 else None
    found = [
        squared_mmd(similarity[np.ix_(at, at)], pooled.second[at])
        for at in (np.flatnonzero(pooled.prompt == p) for p in np.flatnonzero(size.min(axis=0) > 1))
    ]
    return across, float(np.mean(found)) if found else None


def squared_mmd(similarity: Doubles, second: Bools) -> float:
    """Estimate the squared maximum mean discrepancy (MMD) of two samples, without bias.

    Args:
        similarity: (N, N) the kernel of all pairs of responses.
        second: (N,) which of them are of the second sample; both samples have two responses or more.

    Returns:
        In squared units of the kernel; below 0 by chance where the two are alike.

    References:
        Gretton et al. (2012), A Kernel Two-Sample Test, JMLR 13, equation 3.
    """
    total = 0.0
    for side in (~second, second):
        own = similarity[np.ix_(side, side)]
        total += (own.sum() - np.trace(own)) / (len(own) * (len(own) - 1))
    return float(total - 2 * similarity[np.ix_(~second, second)].mean())
