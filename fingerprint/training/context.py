"""What every step of a training works with, beside the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.parallel import MapFunction, Progress
from fingerprint.config import Config
from fingerprint.data.registry import Registry, month_number


def no_progress(stage: str, done: int, total: int) -> None:
    """Report nothing: a process of its own has no line to write on."""


@dataclass(frozen=True)
class TrainingContext:
    """The registry's facts about the releases of the rows, the configuration, and how work is done and reported.

    Attributes:
        lab_of: The lab of each release, by name.
        groups: The releases that are left out together with each release, by name.
        candidate: (releases,) whether a release can be a prediction; in the order of `Labels.releases`.
        released: (releases,) its month by number, -1 if nobody knows it.
        config: Every hyper-parameter, the seed included.
        progress: Receives (stage, done, total).
        map_function: Applies a function to many pieces of work, in order.
    """

    lab_of: Mapping[str, str]
    groups: Mapping[str, frozenset[str]]
    candidate: NDArray[np.bool_]
    released: NDArray[np.int64]
    config: Config = field(default_factory=Config)
    progress: Progress = no_progress
    map_function: MapFunction = starmap

    @classmethod
    def of(
        cls,
        releases: Sequence[str],
        registry: Registry,
        config: Config,
        progress: Progress = no_progress,
        map_function: MapFunction = starmap,
    ) -> TrainingContext:
        """Look up the releases of the rows in the registry; fine-tunes by others are no candidates.

        Args:
            releases: `Labels.releases` of the rows.
            registry: Must know all of them.
            config: Every hyper-parameter.
            progress: Receives (stage, done, total).
            map_function: Applies a function to many pieces of work, in order.

        Returns:
            The context.
        """
        entries = [registry.releases[name] for name in releases]
        return cls(
            {entry.release: entry.lab for entry in entries},
            {name: registry.group(name) for name in releases},
            np.array([entry.kind != "finetune" for entry in entries], bool),
            np.array([month_number(entry.released) for entry in entries], np.int64),
            config,
            progress,
            map_function,
        )

    def alone(self) -> TrainingContext:
        """Return the context of a process of its own, which reports nothing and starts no further processes."""
        return replace(self, progress=no_progress, map_function=starmap)
