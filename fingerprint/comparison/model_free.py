"""What two cases show without a model: the two-sample test on shared prompts, and the style markers that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fingerprint.comparison.markers import MarkerEffects, paired_marker_effects, unpaired_marker_effects
from fingerprint.comparison.permutations import LEVEL
from fingerprint.comparison.shared_prompts import SharedPrompts
from fingerprint.comparison.two_sample import TwoSampleTest, two_sample_test
from fingerprint.data.response import Response


@dataclass(frozen=True)
class ModelFree:
    """What two cases show without a model.

    Attributes:
        test: The two-sample test on shared prompts.
        meaning: In words, what the test says at a false-alarm rate of `LEVEL`.
        n_by_id: How many of the shared prompts only their ids match.
        n_other_system: How many of them were answered under different system prompts.
        n_unmatched: Responses of each case to prompts that the other did not answer, or to no known prompt.
        markers: The effects of all style markers. Responses to the same prompts are compared if half of the smaller
            case answers shared prompts; else all responses are, and the prompts may be why markers differ.
    """

    test: TwoSampleTest
    meaning: str
    n_by_id: int
    n_other_system: int
    n_unmatched: tuple[int, int]
    markers: MarkerEffects


def model_free(first: Sequence[Response], second: Sequence[Response], shared: SharedPrompts) -> ModelFree:
    """Compare two cases without a model.

    Args:
        first: The responses of one case, at least one.
        second: Those of the other case.
        shared: What `shared_prompts` says of both.

    Returns:
        The two-sample test and the effects of the style markers.
    """
    test = two_sample_test(shared)
    return ModelFree(
        test=test,
        meaning=test.meaning(LEVEL),
        n_by_id=shared.n_by_id,
        n_other_system=shared.n_other_system,
        n_unmatched=shared.n_unmatched,
        markers=paired_marker_effects(shared) if shared.are_most else unpaired_marker_effects(first, second),
    )
