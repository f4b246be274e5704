from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fingerprint.config import CalibrationConfig, Config, FeatureConfig, SplitConfig
from fingerprint.training.context import no_progress
from fingerprint.training.data import Data
from fingerprint.training.likelihood import KnownReleases, known_scripts, releases_by_script

LABS = dict.fromkeys("abcd", "one")
CONFIG = Config(splits=SplitConfig(named_responses=3), calibration=CalibrationConfig(script_share=0.5))


class Rows:
    """Six rows of each of four releases; half of a's and b's are in Russian, one of c's is, and d's are all numbers."""

    release = np.repeat(np.array(list("abcd"), object), 6)
    prompt = np.array([f"p{i}" for i in range(24)], object)
    corpus = np.array(["chat"] * 24, object)

    def __len__(self) -> int:
        return 24

    def texts(self, start: int, stop: int) -> list[str]:
        return [self._text(self.release[i], i % 6) for i in range(start, stop)]

    def _text(self, release: str, number: int) -> str:
        if release == "d":
            return f"{number} + 1"
        return f"Ответ {number}" if number < {"a": 3, "b": 3, "c": 1}[release] else f"Answer {number}"


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data.prepare(Rows(), tmp_path, 1, FeatureConfig(least_count=1), no_progress)


def test_rows_have_scripts_and_their_plain_copies_the_same(data: Data) -> None:
    assert data.script[:6].tolist() == ["Cyrillic"] * 3 + ["Latin"] * 3
    assert data.script[24:27].tolist() == ["Cyrillic", "Cyrillic", "Latin"]
    assert set(data.sample(data.labels.release == 3).script) == {""}


def test_a_script_needs_enough_releases_with_enough_responses(data: Data) -> None:
    use = np.ones(len(data.full), bool)
    assert releases_by_script(data, use, 3) == {"Cyrillic": 2, "Latin": 3}
    assert known_scripts(data, use, KnownReleases("abcd", LABS), CONFIG) == ("Cyrillic", "Latin")
    # One of three releases is fewer than half; and rows that a training leaves out say nothing.
    assert known_scripts(data, use, KnownReleases("bcd", LABS), CONFIG) == ("Latin",)
    use[data.labels.release == 1] = False
    assert known_scripts(data, use, KnownReleases("abcd", LABS), CONFIG) == ("Latin",)
