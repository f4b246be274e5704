"""Predictions about cases whose author is known, and how good they are; used by training and evaluation alike.

The names of levels and metrics stand here because reports need them and need no NumPy.
"""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """What a prediction or a verdict names, the coarsest first."""

    LAB = "lab"
    FAMILY = "family"
    RELEASE = "release"


class Metric(StrEnum):
    """Every metric of an evaluation; docs/evaluation.md defines them."""

    TOP_1 = "top-1"
    TOP_3 = "top-3"
    MACRO_RECALL = "macro recall"
    MACRO_F1 = "macro F1"
    LOG_LOSS = "log-loss"
    BRIER = "Brier"
    ECE = "ECE"
    C_LLR = "C_llr"
    C_AT_1 = "c@1"
    COVERAGE = "coverage"
    FALSE_ATTRIBUTION_RATE = "false-attribution rate"
    LIKELY_COVERAGE = "coverage with likely"
    LIKELY_ERROR = "error rate with likely"
    LIST_COVERAGE = "coverage of short lists"
    LIST_ERROR = "error rate of short lists"
    SET_SIZE = "set size"
    SET_COVERAGE = "set coverage"
    SELECTIVE_RISK = "selective risk at 50 % coverage"
    VERDICT_UNKNOWN = "verdict unknown"
    VERDICT_NEW_RELEASE = "verdict new-release"
    VERDICT_NONE_OF_THESE = "verdict none-of-these"
    AUROC = "AUROC"
    FPR = "FPR at 95 % TPR"
    OSCR = "OSCR"
    EER = "EER"
    MIN_C_LLR = "minC_llr"
    FALSE_ALARM = "false-alarm rate"
    FALSE_ACCEPT = "false-accept rate"
    TRUE_CONSISTENT = "true claims called consistent"
    FALSE_INCONSISTENT = "false claims called inconsistent"

    @property
    def is_share(self) -> bool:
        """Whether the metric is a share of something that one can count, and is shown in per cent."""
        return self not in _SCORES


_SCORES = frozenset(
    {
        Metric.MACRO_F1,
        Metric.LOG_LOSS,
        Metric.BRIER,
        Metric.ECE,
        Metric.C_LLR,
        Metric.C_AT_1,
        Metric.SET_SIZE,
        Metric.AUROC,
        Metric.OSCR,
        Metric.MIN_C_LLR,
    }
)
