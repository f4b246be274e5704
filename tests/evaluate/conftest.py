from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import worlds


@pytest.fixture(scope="session")
def small_model(train_small: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows the corpora of the world."""
    folder = tmp_path_factory.mktemp("evaluated")
    return train_small(folder / "small")


@pytest.fixture(scope="session")
def tiny_plan() -> Any:
    from fingerprint.evaluate.fits import Effort
    from fingerprint.evaluate.plan import Plan
    from fingerprint.train.space import Recipe

    effort = Effort(Recipe(4_000, 16, 8, 20, 96), 20, 20)
    return Plan(30, 3, effort, 20, 5, "2025-03", 7, 20)


@pytest.fixture(scope="session")
def evaluated(world: Path, small_model: Path, tiny_plan: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(report, its folder): all protocols, with a corpus that the model has not seen."""
    from fingerprint.evaluate.run import Settings, evaluate

    out = tmp_path_factory.mktemp("report")
    foreign = worlds.foreign(world)
    settings = Settings(
        small_model,
        world / "registry.csv",
        plan=tiny_plan,
        jobs=1,
        cache=world / "cache",
        command="fingerprint evaluate x",
    )
    return evaluate([world / "corpora", foreign], out, settings, lambda stage, done, total: None), out
