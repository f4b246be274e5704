from __future__ import annotations

from typing import Any

from fingerprint.report.models import render_comparison


def figure(**changes: Any) -> dict[str, Any]:
    values = {"group": "old releases", "figure": "lab top-1, one response", "cases": 40, "old": 0.9, "new": 0.8}
    told = {"drop": 0.1, "low": 0.05, "high": 0.15, "allowed": 0.01, "worse": True}
    return {**values, **told, **changes}


def comparison(*figures: dict[str, Any], lost: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"figures": list(figures), "lost": list(lost), "refused": True}


def test_a_comparison_is_a_table_by_group() -> None:
    unknown = {"drop": None, "low": None, "high": None, "worse": False}
    lines = render_comparison(
        comparison(
            figure(worse=False),
            figure(figure="coverage, one response", allowed=None, worse=False),
            figure(group="new releases", low=None, high=None, worse=False),
            figure(group="new releases", figure="lab top-1, all responses", old=None, **unknown),
        )
    ).splitlines()
    assert [line.split("  ")[0] for line in lines if not line.startswith("  ")] == ["old releases", "new releases"]
    assert [" ".join(line.split()) for line in lines] == [
        "cases old new worse by 95 % interval allowed",
        "old releases",
        "lab top-1, one response 40 0.900 0.800 0.100 0.050 to 0.150 0.010",
        "coverage, one response 40 0.900 0.800 0.100 0.050 to 0.150 -",
        "new releases",
        "lab top-1, one response 40 0.900 0.800 0.100 too few to tell 0.010",
        "lab top-1, all responses 40 - 0.800 - - 0.010",
    ]


def test_what_fell_is_named_with_its_interval() -> None:
    small = figure(group="old releases of small labs", figure="release top-1, all responses", drop=0.2)
    text = render_comparison(comparison(figure(worse=False), small, lost=("ash-1", "ash\x1b[2J")))
    assert (
        "Worse: old releases of small labs, release top-1, all responses: by 0.200 (0.050 to 0.150; allowed: 0.010)\n"
    ) in text
    assert text.count("Worse: ") == 1
    assert text.splitlines()[-1].startswith("The new model no longer knows: ash-1, ash")
    assert "\x1b" not in text


def test_nothing_to_compare_is_said() -> None:
    assert render_comparison(comparison()).startswith("No response is in a regression set of both models")
