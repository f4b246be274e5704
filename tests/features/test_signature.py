from __future__ import annotations

import re
import subprocess
import sys
import time

import numpy as np
import pytest

from fingerprint.config import FeatureConfig
from fingerprint.data import cleaning, names
from fingerprint.features import ngrams, text_forms
from fingerprint.features.ngrams import Family, Occurrences
from fingerprint.features.signature import feature_signature

DEFAULT = FeatureConfig()
# Of the code as it is, before a test changes anything.
EXPECTED = feature_signature(DEFAULT)


def test_it_is_the_same_in_every_process() -> None:
    program = (
        "import sys; from fingerprint.config import FeatureConfig; "
        "from fingerprint.features.signature import feature_signature; print(feature_signature(FeatureConfig())); "
        "print([name for name in ('scipy', 'sklearn', 'torch', 'joblib', 'pyarrow', 'ftfy') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [feature_signature(DEFAULT), "[]"]
    assert re.fullmatch("[0-9a-f]{64}", feature_signature(DEFAULT))


def test_it_is_cheap() -> None:
    feature_signature(DEFAULT)
    taken = []
    for _ in range(5):
        start = time.process_time()
        feature_signature(DEFAULT)
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
    assert feature_signature(DEFAULT) != EXPECTED


@pytest.mark.parametrize("family", Family)
def test_another_salt_changes_it(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = ngrams._SALTS[family]
    monkeypatch.setitem(ngrams._SALTS, family, (*numbers[:-1], 99))
    assert feature_signature(DEFAULT) != EXPECTED


@pytest.mark.parametrize("stem", list(names._COMPILED))
def test_one_name_less_that_is_masked_changes_it(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(names._COMPILED, stem)
    assert feature_signature(DEFAULT) != EXPECTED


OWN_STEPS = [step for step in cleaning.STEPS if step.name != "mojibake"]


@pytest.mark.parametrize("step", OWN_STEPS, ids=lambda step: step.name)
def test_one_step_of_cleaning_less_changes_it(step: cleaning.Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "STEPS", tuple(other for other in cleaning.STEPS if other != step))
    assert feature_signature(DEFAULT) != EXPECTED


def test_how_much_of_a_response_is_read_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "LONGEST_RESPONSE", 8_100)
    assert feature_signature(DEFAULT) != EXPECTED


@pytest.mark.parametrize("mark", ["_FENCE", "_TABLE", "_RULE", "_HEADING", "_BULLET", "_EMPHASIS", "_LINES"])
def test_one_rule_of_the_plain_form_less_changes_it(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_forms, mark, re.compile("(?!)"))
    assert feature_signature(DEFAULT) != EXPECTED


def test_the_default_features_are_those_of_the_models_that_there_are() -> None:
    # Changes only with a deliberate change to the features, after which every model has to be trained again.
    assert feature_signature(DEFAULT) == "6ef4c688372fd298f31d9801c8236cd165a85cf030a2dbf98ca75a0a2bce3ed6"
