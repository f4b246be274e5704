"""How much an evaluation trains, predicts and resamples: everything, or a smaller sample within minutes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from fingerprint.config import Config, Count, Positive
from fingerprint.errors import ConfigError

Month = Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class EvaluationConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The size of an evaluation. The hyper-parameters that it does not name are those of `Config`.

    Attributes:
        rows: Responses of a release in a corpus that are used.
        folds: Folds; fewer if there are fewer corpora. Corpora of one repository count as one.
        prompt_parts: Parts of the prompts, of which a fold leaves out one. A fifth holds 25 responses of most releases.
        train_rows: Responses of a release in a corpus that a fold's model is trained on.
        cases: Test cases of a protocol and number of responses in a fold.
        calibration_cases: Cases of a kind and number of responses that a calibration is fitted on.
        claim_responses: Further numbers of responses of cases that claims alone are about.
        perturbed_cases: Test cases of a number of responses that are perturbed.
        first_month: The first month of the temporal split.
        months_per_model: Months of the temporal split that share an embedding and a calibration.
        resamples: Of the bootstrap.
        vocabulary: Features of a fold's model.
        directions: Dimensions of its between-release projection.
        encoder_size: Dimensions of its static encoder.
        encoder_steps: Steps of the contrastive training.
        encoder_batch: Responses a step.
    """

    rows: Positive
    folds: Annotated[int, Meta(ge=2, le=1_000)]
    prompt_parts: Annotated[int, Meta(ge=2, le=1_000)] = 5
    train_rows: Positive
    cases: Positive
    calibration_cases: Positive
    claim_responses: tuple[Positive, ...] = (50,)
    perturbed_cases: Positive
    first_month: Month
    months_per_model: Positive
    resamples: Count
    vocabulary: Positive
    directions: Positive = 64
    encoder_size: Positive
    encoder_steps: Count
    encoder_batch: Positive = 512

    def check(self) -> None:
        """Raise ConfigError for a value of a wrong type or out of its range; making a Struct checks neither."""
        try:
            msgspec.convert(msgspec.to_builtins(self), EvaluationConfig)
        except msgspec.ValidationError as error:
            raise ConfigError(f"the evaluation's config: {error}") from None

    def of_folds(self, config: Config, seed: int) -> Config:
        """Return the config of a fold's model: that of the evaluated model, with these sizes and this seed."""
        return replace(
            config,
            seed=seed,
            features=replace(config.features, vocabulary=self.vocabulary),
            embedding=replace(
                config.embedding,
                directions=self.directions,
                encoder="",
                size=self.encoder_size,
                steps=self.encoder_steps,
                batch=self.encoder_batch,
            ),
        )

    def sentence(self) -> str:
        """Return the sizes for a reader of the report."""
        return (
            f"The corpora give at most {self.rows} responses of a release each, of which a fold's model is trained on "
            f"{self.train_rows}. There are {self.folds} folds, with at most {self.cases} test cases for each protocol "
            f"and number of responses."
        )


FULL = EvaluationConfig(
    rows=60,
    folds=6,
    train_rows=50,
    cases=100,
    calibration_cases=200,
    perturbed_cases=100,
    first_month="2025-01",
    months_per_model=7,
    resamples=300,
    vocabulary=24_000,
    encoder_size=256,
    encoder_steps=2_000,
)
"""A whole report: an hour on two cores for 35 corpora."""

QUICK = EvaluationConfig(
    rows=25,
    folds=3,
    train_rows=8,
    cases=40,
    calibration_cases=60,
    perturbed_cases=10,
    first_month="2026-01",
    months_per_model=8,
    resamples=100,
    vocabulary=8_000,
    encoder_size=64,
    encoder_steps=150,
    encoder_batch=256,
)
"""The same report within minutes, with wider intervals and lower figures."""
