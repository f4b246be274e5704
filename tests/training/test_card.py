from __future__ import annotations

from typing import Any

import pytest
from huggingface_hub import EvalResult, ModelCard

from fingerprint.training.card import card

HASH = "0123456789abcdef" * 4
KINDS = ("same", "other", "unseen", "both", "later", "unknown")


def corpus(licence: str, name: str = "first") -> dict[str, Any]:
    return {"name": name, "rows": 24, "sha256": HASH, "licence": licence, "source": "here", "languages": ["en", "ja"]}


def score(kind: str, responses: int, **figures: float | None) -> dict[str, Any]:
    return {"held out": kind, "responses": responses, "cases": 20, **figures}


def figure(**changes: Any) -> dict[str, Any]:
    values = {"group": "old releases", "figure": "lab top-1, one response", "cases": 40, "old": 0.9, "new": 0.8}
    told = {"drop": 0.1, "low": 0.05, "high": 0.15, "allowed": 0.01, "worse": True}
    return {**values, **told, **changes}


def documents(**training: Any) -> dict[str, Any]:
    entry = {
        "command": "fingerprint train first",
        "time": "2026-01-31T10:00:00Z",
        "version": "0.1.0",
        "parent": None,
        "registry": HASH,
        "corpora": [HASH],
        "comparison": None,
    }
    shares = {"any": (0.25, 0.25, 0.2, 0.15, 0.05, 0.1), "new": (0, 0, 0.5, 0.3, 0.1, 0.1)}
    return {
        "config": {
            "seed": 0,
            "embedding": {"encoder": ""},
            "calibration": {
                "expectations": {name: dict(zip(KINDS, each, strict=True)) for name, each in shares.items()}
            },
        },
        "labels": {
            "labs": ["ash"],
            "releases": [{"release": "ash-1", "lab": "ash", "family": "ash", "released": "2025-01"}],
        },
        "training": {
            "name": "made",
            "licence": "Apache-2.0",
            "version": "0.1.0",
            "trained": "2026-01-31",
            "newest": "2025-02",
            "settings": {"released_before": None, "exclude_releases": [], "exclude_labs": []},
            "corpora": [corpus("MIT")],
            "dropped": {"duplicates within a release": 3},
            "rows": {"ash-1": 8},
            "regression_set": 4,
            "lineage": [entry],
            "scores": [score("same", 1, **{"lab top-1": 0.9, "lab macro": None})],
            **training,
        },
    }


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("", "none stated"),
        ("none", "none stated"),
        ("None", "none stated"),
        ("none stated", "none stated"),
        ("none (questions Apache-2.0)", "none stated (questions Apache-2.0)"),
        ("none: evaluation only", "none stated: evaluation only"),
        ("nonesuch-1.0", "nonesuch-1.0"),
        ("AGPL-3.0-or-later (pyproject.toml)", "AGPL-3.0-or-later (pyproject.toml)"),
    ],
)
def test_every_corpus_has_a_licence_or_says_that_none_is_stated(stated: str, shown: str) -> None:
    text = card(documents(corpora=[corpus(stated), corpus("MIT", "second")]))
    assert f"| first | here | {shown} | en, ja | 24 |" in text
    assert "| second | here | MIT | en, ja | 24 |" in text
    assert sorted({shown, "MIT"}) == ModelCard(text).data.get("licences_of_corpora")


def test_rows_of_scores_may_have_any_columns() -> None:
    rows = [
        score("same", 1, **{"lab top-1": 0.9, "size of the 90 % set": 1.1}),
        score("both", 10, **{"lab macro": 0.3, "likely": 0.2}),
    ]
    text = card(documents(scores=rows))
    assert "| held out | responses | cases | lab top-1 | lab macro | likely | size of the 90 % set |" in text
    assert "| same | 1 | 20 | 0.9 | - | - | 1.1 |" in text
    assert "| both | 10 | 20 | - | 0.3 | 0.2 | - |" in text


def test_scores_that_were_read_from_a_file_have_the_columns_in_the_order_of_a_training() -> None:
    measured = score("same", 10, **{"lab top-1": 0.9, "attributed": 0.5})
    of_file = dict(sorted(measured.items()))
    assert card(documents(scores=[of_file])) == card(documents(scores=[measured]))


def test_the_hub_sees_each_row_of_scores_as_its_own_data_set() -> None:
    rows = [
        score("same", 1, **{"lab top-1": 0.9, "lab macro": 0.8}),
        score("same", 10, **{"lab top-1": 0.95, "lab macro": None}),
        score("both", 10, expect="new", **{"lab top-1": 0.4}),  # type: ignore[arg-type]
    ]
    results = ModelCard(card(documents(scores=rows))).data.get("eval_results")
    assert [(one.dataset_name, one.metric_name, one.metric_value) for one in results] == [
        ("same, 1 responses", "lab top-1", 0.9),
        ("same, 1 responses", "lab macro", 0.8),
        ("same, 10 responses", "lab top-1", 0.95),
        ("both, new, 10 responses", "lab top-1", 0.4),
    ]


def test_every_kind_is_explained_and_has_its_share_by_expectation() -> None:
    text = card(documents())
    assert all(f"- `{kind}`: " in text for kind in KINDS)
    assert "| expect | same | other | unseen | both | later | unknown |" in text
    assert "| any | 25 % | 25 % | 20 % | 15 % | 5 % | 10 % |" in text
    assert "| new | 0 % | 0 % | 50 % | 30 % | 10 % | 10 % |" in text


def test_a_comparison_says_what_fell_and_what_nobody_can_tell() -> None:
    figures = [
        figure(),
        figure(group="new releases", drop=1.0, low=None, high=None, worse=False),
        figure(figure="coverage, one response", old=None, drop=None, low=None, high=None, allowed=None, worse=False),
    ]
    made = documents()
    made["training"]["lineage"][0]["comparison"] = {"figures": figures, "lost": ["ash-2"], "refused": True}
    text = card(made)
    assert "It was refused, and forced." in text
    assert "| old releases | lab top-1, one response | 40 | 0.9 | 0.8 | 0.1 | 0.05 to 0.15 | 0.01 | yes |" in text
    assert "| new releases | lab top-1, one response | 40 | 0.9 | 0.8 | 1.0 | too few to tell | 0.01 | no |" in text
    assert "| old releases | coverage, one response | 40 | - | 0.8 | - | - | - | no |" in text
    assert "It no longer knows these releases: ash-2." in text


def test_the_front_matter_is_what_the_hub_asks_for() -> None:
    corpora = [
        corpus("MIT", "own corpus"),
        {**corpus("none", "other"), "source": "https://huggingface.co/datasets/some/set", "languages": ["fi"]},
    ]
    scores = [
        score("same", 10, **{"lab top-1": 0.9, "lab macro": 0.8}),
        score("other", 10, **{"lab top-1": 0.5, "lab macro": None}),
    ]
    found: Any = ModelCard(card(documents(corpora=corpora, scores=scores))).data
    assert found.license == "apache-2.0"
    assert found.language == ["en", "fi", "ja"]
    assert found.datasets == ["own_corpus", "some/set"]
    assert found.metrics == ["accuracy", "balanced_accuracy"]
    assert found.library_name == "fingerprint"
    results = found.eval_results
    assert results is not None
    assert [(one.metric_type, one.metric_value, one.dataset_name) for one in results] == [
        ("accuracy", 0.9, "same, 10 responses"),
        ("balanced_accuracy", 0.8, "same, 10 responses"),
        ("accuracy", 0.5, "other, 10 responses"),
    ]
    # One result each: the index has one metric in each of them.
    assert [len(one["metrics"]) for one in found.to_dict()["model-index"][0]["results"]] == [1, 1, 1]
    assert len({one.unique_identifier for one in results}) == 3
    assert all(EvalResult(**vars(one)).is_equal_except_value(one) for one in results)


def test_a_model_from_before_states_neither_licence_nor_languages() -> None:
    old = documents(licence="")
    del old["training"]["licence"], old["training"]["corpora"][0]["languages"]
    found: Any = ModelCard(card(old)).data
    assert found.license == "unknown"
    assert found.language is None
