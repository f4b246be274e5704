from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fingerprint.base.files import locked
from fingerprint.config import Config, PairConfig
from fingerprint.evaluation.config import EvaluationConfig
from tests import worlds

if TYPE_CHECKING:
    from fingerprint.evaluation.run import Settings


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Makes a folder once for all processes of a run: made_once(name, make), where make gets the folder."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def get(name: str, make: Callable[[Path], object]) -> Path:
        whole = root / name
        whole.mkdir(exist_ok=True)
        with locked(whole):
            done = whole / "done"
            if not done.exists():
                make(whole / "folder")
                done.touch()
        return whole / "folder"

    return get


@pytest.fixture(scope="session")
def world(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A folder with `registry.csv` and `corpora/`."""

    def make(folder: Path) -> None:
        folder.mkdir()
        worlds.registry(folder)
        worlds.corpora(folder)

    return made_once("world", make)


@pytest.fixture(scope="session")
def train_small(world: Path) -> Callable[..., Path]:
    """Trains on the world with a short encoder training: train_small(out, progress, config, **settings)."""
    import dataclasses

    from fingerprint.training.model import Settings
    from fingerprint.training.run import train

    def quiet(stage: str, done: int, total: int) -> None:
        pass

    def run(
        out: Path,
        progress: Callable[[str, int, int], None] = quiet,
        config: Config | None = None,
        more: Sequence[Path] = (),
        **settings: object,
    ) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SOURCE_DATE_EPOCH", "1790000000")
            given = Settings(registry=world / "registry.csv", cache=world / "cache", jobs=1, name="small")
            chosen = dataclasses.replace(given, **settings)  # type: ignore[arg-type]
            train([world / "corpora", *more], out, chosen, config or worlds.config(), progress)
        return out

    return run


@pytest.fixture(scope="session")
def model(train_small: Callable[..., Path], made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A model folder trained on the whole world."""
    return made_once("model", train_small)


@pytest.fixture(scope="session")
def tiny_evaluation() -> EvaluationConfig:
    return EvaluationConfig(
        rows=30,
        folds=4,
        train_rows=20,
        cases=60,
        calibration_cases=20,
        claim_responses=(20,),
        perturbed_cases=5,
        first_month="2025-03",
        months_per_model=7,
        resamples=20,
        vocabulary=4_000,
        directions=16,
        encoder_size=8,
        encoder_steps=20,
        encoder_batch=96,
    )


@pytest.fixture(scope="session")
def evaluation_settings(world: Path, model: Path, tiny_evaluation: EvaluationConfig) -> Settings:
    """Of the evaluation of the small model; what it has done is kept in the world's cache."""
    from fingerprint.evaluation.run import Settings

    return Settings(
        model,
        world / "registry.csv",
        config=tiny_evaluation,
        jobs=1,
        cache=world / "cache",
        command="fingerprint evaluate x",
    )


@pytest.fixture(scope="session")
def evaluated(
    world: Path,
    evaluation_settings: Settings,
    made_once: Callable[[str, Callable[[Path], object]], Path],
) -> tuple[dict[str, Any], Path]:
    """(report.json, its folder): all protocols, with a corpus that the model has not seen."""
    from fingerprint.evaluation.run import evaluate

    def make(out: Path) -> None:
        external = worlds.foreign(world)
        evaluate([world / "corpora", external], out, evaluation_settings, lambda stage, done, total: None)

    out = made_once("report", make)
    return json.loads((out / "report.json").read_text()), out


@pytest.fixture(scope="session")
def lesser(train_small: Callable[..., Path], made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A model of the same world without a release and a lab."""
    some = {"exclude_releases": ("OAK-3",), "exclude_labs": ("elm",), "name": "lesser"}
    return made_once("lesser", lambda out: train_small(out, **some))


@pytest.fixture(scope="session")
def comparing(
    world: Path, train_small: Callable[..., Path], made_once: Callable[[str, Callable[[Path], object]], Path]
) -> Path:
    """A small model whose pairs are few: what is told of a limit is told by fewer of them."""
    config = worlds.config(pairs=PairConfig(sizes=(1, 5, 10), cells=30, pairs=120, least_cells=5, rates=(0.05, 0.2)))
    return made_once("comparing", lambda out: train_small(out, config=config, more=[worlds.again(world)]))
