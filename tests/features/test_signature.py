from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from fingerprint.config import FeatureConfig
from fingerprint.data import names
from fingerprint.features import ngrams, text_forms
from fingerprint.features.ngrams import Family, Occurrences
from fingerprint.features.signature import feature_signature

DEFAULT = FeatureConfig()
# Without what it found before.
fresh: Callable[[FeatureConfig], str] = feature_signature.__wrapped__


def test_it_is_the_same_in_every_process() -> None:
    program = (
        "import sys; from fingerprint.config import FeatureConfig; "
        "from fingerprint.features.signature import feature_signature; print(feature_signature(FeatureConfig())); "
        "print([name for name in ('scipy', 'sklearn', 'torch', 'joblib', 'pyarrow') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [feature_signature(DEFAULT), "[]"]
    assert re.fullmatch("[0-9a-f]{64}", feature_signature(DEFAULT))


def test_it_is_cheap() -> None:
    fresh(DEFAULT)
    taken = []
    for _ in range(5):
        start = time.process_time()
        fresh(DEFAULT)
        taken.append(time.process_time() - start)
    # A tenth of this on an idle machine: nobody waits for it.
    assert min(taken) < 0.5


@pytest.mark.parametrize(
    "config",
    [
        FeatureConfig(hash_bits=19),
        FeatureConfig(character_orders=(1, 2, 3)),
        FeatureConfig(character_orders=(1, 2, 3, 4, 5)),
        FeatureConfig(word_orders=(1, 2)),
        FeatureConfig(shape_orders=(1, 2, 3, 5)),
        FeatureConfig(line_start_orders=(1,)),
        FeatureConfig(edge_words=2),
    ],
)
def test_another_configuration_of_what_is_counted_changes_it(config: FeatureConfig) -> None:
    assert feature_signature(config) != feature_signature(DEFAULT)


def test_which_of_the_counted_features_are_used_does_not_change_it() -> None:
    assert feature_signature(FeatureConfig(vocabulary=100, least_count=7)) == feature_signature(DEFAULT)


def orders() -> list[tuple[Family, int]]:
    return list(ngrams.occurrences(["a"], DEFAULT).bucket)


@pytest.mark.parametrize(("family", "order"), orders())
def test_one_order_of_one_family_less_changes_it(family: Family, order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    add = Occurrences.add

    def dropping(self: Occurrences, of: Family, n: int, *rest: np.ndarray) -> None:
        if (of, n) != (family, order):
            add(self, of, n, *rest)

    monkeypatch.setattr(Occurrences, "add", dropping)
    assert fresh(DEFAULT) != feature_signature(DEFAULT)


@pytest.mark.parametrize("family", Family)
def test_another_salt_changes_it(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = ngrams._SALTS[family]
    monkeypatch.setitem(ngrams._SALTS, family, (*numbers[:-1], 99))
    assert fresh(DEFAULT) != feature_signature(DEFAULT)


@pytest.mark.parametrize("stem", list(names._COMPILED))
def test_one_name_less_that_is_masked_changes_it(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(names._COMPILED, stem)
    assert fresh(DEFAULT) != feature_signature(DEFAULT)


@pytest.mark.parametrize("mark", ["_FENCE", "_TABLE", "_RULE", "_HEADING", "_BULLET", "_EMPHASIS", "_LINES"])
def test_one_rule_of_the_plain_form_less_changes_it(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_forms, mark, re.compile("(?!)"))
    assert fresh(DEFAULT) != feature_signature(DEFAULT)


def test_the_default_features_are_those_of_the_models_that_there_are() -> None:
    # Changes only with a deliberate change to the features, after which every model has to be trained again.
    assert feature_signature(DEFAULT) == "3b9aa3b29f62bdfbdd66d16a0c504bc9c5859b54f986f49cffc67f88d7c1afcc"
