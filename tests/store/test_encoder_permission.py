"""A model that embeds with another sentence-transformers model loads it only if the user names it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprint.api import Fingerprint
from fingerprint.cli.main import main
from fingerprint.errors import ModelError
from fingerprint.store.folder import save
from tests.store.folder import CARD, make, parts, texts

NAME = "somebody/encoder"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the encoders that were loaded."""
    names: list[str] = []

    class Encoder:
        size = 8

        def __init__(self, name: str):
            names.append(name)

        def encode(self, some: Sequence[str]) -> NDArray[np.float32]:
            return np.full((len(some), self.size), 8**-0.5, np.float32)

    module = ModuleType("fingerprint.embedding.torch_encoder")
    monkeypatch.setattr(module, "SentenceEncoder", Encoder, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return names


@pytest.fixture
def model(tmp_path: Path) -> Path:
    made = parts()
    made.documents["config"]["embedding"]["encoder"] = NAME
    made.documents["training"]["encoder"] = NAME
    save(tmp_path / "m", made.arrays, made.documents, CARD)
    return tmp_path / "m"


@pytest.mark.parametrize("named", [None, "", "somebody/else"])
def test_an_encoder_that_nobody_named_is_not_loaded(model: Path, loaded: list[str], named: str | None) -> None:
    with pytest.raises(ModelError, match=rf"sentence-transformers model '{NAME}'.*--encoder"):
        Fingerprint.load(model, named)
    assert loaded == []


def test_the_encoder_that_the_user_names_is_loaded(model: Path, loaded: list[str]) -> None:
    assert Fingerprint.load(model, NAME).identify(texts()).n_used == 5
    assert loaded == [NAME]


def test_a_model_with_an_encoder_of_its_own_takes_no_other(tmp_path: Path, loaded: list[str]) -> None:
    with pytest.raises(ModelError, match="has an encoder of its own"):
        Fingerprint.load(make(tmp_path / "m"), NAME)
    assert loaded == []


def test_an_encoder_of_another_size_is_refused(model: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["fingerprint.embedding.torch_encoder"].SentenceEncoder, "size", 9)
    with pytest.raises(ModelError, match="embeddings have 25 dimensions with this encoder, expected 24"):
        Fingerprint.load(model, NAME)


def test_the_command_line_says_it_in_one_line(
    model: Path, loaded: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.txt").write_text(texts()[0])
    for options, code in (([], 2), (["--encoder", NAME], 0)):
        with pytest.raises(SystemExit) as ended:
            main(["identify", str(tmp_path / "x.txt"), "--model", str(model), *options])
        assert ended.value.code == code
    assert loaded == [NAME]
    assert capsys.readouterr().err.count("\n") == 1
