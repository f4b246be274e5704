from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from fingerprint import FingerprintClassifier
from tests import worlds

NAMES = ["ash-1", "birch-2", "cedar-3"]


def texts(start: int, stop: int) -> tuple[list[str], list[str]]:
    pairs = [(worlds.write(name, p), name) for name in NAMES for p in range(start, stop)]
    return [t for t, _ in pairs], [name for _, name in pairs]


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks() -> None:
    check_estimator(FingerprintClassifier())


def test_it_learns_and_its_probabilities_are_some() -> None:
    model = FingerprintClassifier(vocabulary=5000).fit(*texts(0, 40))
    assert model.score(*texts(100, 120)) > 0.9
    proba = model.predict_proba(texts(100, 120)[0])
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert model.classes_.tolist() == NAMES
    loss = -np.log(proba[np.arange(60), np.repeat(np.arange(3), 20)]).mean()
    assert loss < 0.5


def test_clone_and_again_give_the_same() -> None:
    model = FingerprintClassifier(vocabulary=2000).fit(*texts(0, 20))
    again = clone(model).fit(*texts(0, 20))
    np.testing.assert_array_equal(model.predict_proba(texts(50, 55)[0]), again.predict_proba(texts(50, 55)[0]))


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([], []),
        (["a b"], ["x"]),
        ([1, 2], ["x", "y"]),
        ("text", ["x", "y", "x", "y"]),
        (b"text", ["x", "y", "x", "y"]),
        ({"a b": 1, "c d": 2}, ["x", "y"]),
        (["a", "b"], ["x"]),
        (np.array([["a b"], ["c d"]], object), ["x", "y"]),
        ([["a b"], ["c d"]], ["x", "y"]),
    ],
)
def test_what_it_cannot_learn_from(X: object, y: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words differ by case
        FingerprintClassifier().fit(X, y)  # type: ignore[arg-type]


def test_not_fitted() -> None:
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        FingerprintClassifier().predict(["a"])


class Frame:
    """Iterates over the names of its columns, as a data frame does."""

    ndim = 2

    def __iter__(self) -> Any:
        return iter(["text", "lab"])


def test_a_data_frame_is_refused_and_a_column_is_not() -> None:
    model = FingerprintClassifier(vocabulary=500).fit(*texts(0, 10))
    frame: Any = Frame()
    with pytest.raises(ValueError, match="2 dimensions; give one column of texts"):
        model.predict(frame)
    column: Any = np.array(texts(10, 12)[0], object)
    assert model.predict(column).shape == (6,)
    with pytest.raises(ValueError, match="found one str"):
        model.transform("one text")


def test_log_probabilities_and_embeddings() -> None:
    model = FingerprintClassifier(vocabulary=2000).fit(*texts(0, 20))
    new = texts(100, 105)[0]
    np.testing.assert_allclose(np.exp(model.predict_log_proba(new)), model.predict_proba(new))
    embeddings = model.transform(new)
    names = model.get_feature_names_out().tolist()
    assert embeddings.shape == (len(new), len(names))
    assert names[0] == "fingerprintclassifier0"
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)
    after = make_pipeline(FingerprintClassifier(vocabulary=2000), LogisticRegression(C=100.0)).fit(*texts(0, 20))
    assert after.score(*texts(100, 120)) > 0.9


def test_a_weight_is_a_number_of_copies() -> None:
    X, y = texts(0, 12)
    # Every fifth has a wrong class: else all probabilities are 0 or 1.
    y = [NAMES[0] if i % 5 == 0 else name for i, name in enumerate(y)]
    weights = [(1, 2, 0, 3)[i % 4] for i in range(len(X))]
    pairs = [pair for pair, n in zip(zip(X, y, strict=True), weights, strict=True) for _ in range(n)]
    weighted = FingerprintClassifier(vocabulary=2000).fit(X, y, sample_weight=weights)
    copied = FingerprintClassifier(vocabulary=2000).fit([x for x, _ in pairs], [label for _, label in pairs])
    plain = FingerprintClassifier(vocabulary=2000).fit(X, y)
    new = texts(100, 104)[0]
    np.testing.assert_allclose(weighted.predict_proba(new), copied.predict_proba(new), atol=1e-5)
    assert np.abs(weighted.predict_proba(new) - plain.predict_proba(new)).max() > 1e-3
    # The ratios of other weights count.
    halves = FingerprintClassifier(vocabulary=2000).fit(X, y, sample_weight=[0.5] * len(X))
    np.testing.assert_array_equal(halves.predict_proba(new), plain.predict_proba(new))
    fractions = FingerprintClassifier(vocabulary=2000).fit(X, y, sample_weight=[n / 3 for n in weights])
    # 1, 2 and 3 thirds of the largest are 5, 11 and 16 copies.
    assert np.abs(fractions.predict_proba(new) - weighted.predict_proba(new)).max() < 0.2


@pytest.mark.parametrize("weights", [[1.0], [0.0] * 4, [1.0, -1.0, 1.0, 1.0], [float("nan")] * 4, [[1.0]] * 4])
def test_weights_that_are_none(weights: Any) -> None:
    with pytest.raises(ValueError, match="sample_weight must be one number from 0"):
        FingerprintClassifier().fit(["a b", "c d", "a e", "c f"], ["x", "y", "x", "y"], sample_weight=weights)


def test_a_class_whose_weights_are_all_0_is_none() -> None:
    X, y = texts(0, 6)
    model = FingerprintClassifier(vocabulary=500).fit(X, y, sample_weight=[float(name != NAMES[0]) for name in y])
    assert model.classes_.tolist() == NAMES[1:]


def test_the_page_of_the_estimator_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "estimator.md").read_text()
    (tmp_path / "responses.csv").write_text(
        "response,lab,prompt\n"
        + "".join(f'"{worlds.write(name, p)}",{name},{p}\n' for name in NAMES for p in range(20)).replace("\\n", " ")
    )
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    assert names["scores"].shape == (5,)
    assert names["scores"].mean() > 0.8
