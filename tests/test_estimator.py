from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
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
    ("X", "y"), [([], []), (["a b"], ["x"]), ([1, 2], ["x", "y"]), ("text", ["x"]), (["a", "b"], ["x"])]
)
def test_what_it_cannot_learn_from(X: object, y: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words differ by case
        FingerprintClassifier().fit(X, y)  # type: ignore[arg-type]


def test_not_fitted() -> None:
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        FingerprintClassifier().predict(["a"])
