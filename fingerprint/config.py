"""Every hyper-parameter of the method in one place: documented, validated, kept in the model.

`Config()` is what `models/default` is trained with. A model folder holds the config that made it (`config.json`), so
that a model can be trained again from what it says of itself (`fingerprint train CORPORA --config MODEL --out DIR`).
Numbers that are none of these (block sizes, numerical floors) stand in the code beside the reason for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fingerprint.errors import ConfigError

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Positive = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Order = Annotated[int, Meta(ge=1, le=16)]
Share = Annotated[float, Meta(ge=0, le=1)]
Scale = Annotated[float, Meta(gt=0, le=1e6)]
Weight = Annotated[float, Meta(ge=0, le=1e6)]


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of hyper-parameters: no unknown names, no wrong types, nothing out of its range."""


class FeatureConfig(_Section, frozen=True):
    """Which features are counted, and which of them are used.

    Attributes:
        hash_bits: Features are hashed into 2 ** hash_bits buckets (Weinberger et al. 2009).
        character_orders: Orders of the character n-grams.
        word_orders: Orders of the word n-grams.
        shape_orders: Orders of the punctuation and word-shape n-grams.
        line_start_orders: How many first words of each line are one feature.
        edge_words: Up to how many first and last words of a response are one feature.
        vocabulary: Features that are used: those with the largest weights.
        least_count: Responses that must hold a feature before it can be used.
        least_share: The same as a share of all responses.
        least_residual: Share of the pooled residual variance that a feature's own is at least taken to be.
    """

    hash_bits: Annotated[int, Meta(ge=8, le=24)] = 20
    character_orders: tuple[Order, ...] = (1, 2, 3, 4)
    word_orders: tuple[Order, ...] = (1, 2, 3)
    shape_orders: tuple[Order, ...] = (1, 2, 3, 4, 5)
    line_start_orders: tuple[Order, ...] = (1, 2)
    edge_words: Annotated[int, Meta(ge=0, le=8)] = 3
    vocabulary: Positive = 51_500
    least_count: Count = 3
    least_share: Share = 1 / 500
    least_residual: Scale = 0.05

    @property
    def buckets(self) -> int:
        """Into how many buckets features are hashed."""
        return 1 << self.hash_bits


class EmbeddingConfig(_Section, frozen=True):
    """How counts become an embedding: the between-release projection and the static encoder beside it.

    Attributes:
        directions: Dimensions of the between-release projection.
        full_cell: Responses of a release in a corpus from which on its mean counts in full.
        centre_cap: Responses of a release in a corpus that count in the corpus' centre.
        encoder: Name or path of another sentence-transformers model; empty for the static encoder.
        size: Dimensions of the static encoder.
        steps: Steps of its contrastive training; 0 leaves it out.
        batch: Responses a step.
        learning_rate: Adam's, at its highest.
        warmup: Steps until it is reached.
        feature_keep: Share of a response's features that a step sees (feature dropout).
        start_spread: Root mean square of the vectors that training starts with.
        inverse_temperature: Of the softmax over releases.
        lab_loss: Weight of the loss of the lab among the releases of the corpus, with the release itself taken out.
        lab_loss_of_all: The same among the releases of all corpora.
        prompt_invariance: Weight of the penalty on the spread of prompt means.
        prompt_answers: Answers that a prompt needs in a batch for that penalty.
        mean_decay: Of the running mean that prompt means are compared with.
        clip: Root mean squares beyond which a number of a quantised vector is cut.
    """

    directions: Positive = 256
    full_cell: Positive = 100
    centre_cap: Positive = 50
    encoder: str = ""
    size: Positive = 256
    steps: Count = 4_800
    batch: Positive = 512
    learning_rate: Scale = 2e-3
    warmup: Positive = 100
    feature_keep: Annotated[float, Meta(gt=0, le=1)] = 0.2
    start_spread: Scale = 0.05
    inverse_temperature: Scale = 16.0
    lab_loss: Weight = 2.0
    lab_loss_of_all: Weight = 1.0
    prompt_invariance: Weight = 5.0
    prompt_answers: Positive = 6
    mean_decay: Annotated[float, Meta(ge=0, lt=1)] = 0.98
    clip: Scale = 2.6


class PldaConfig(_Section, frozen=True):
    """The Gaussian hierarchy of labs, releases, corpora and responses (`fingerprint.model.plda`).

    Attributes:
        iterations: Of the alternating least squares between corpus effects and release effects.
        cell_prior: Responses at which a cell (a release in a corpus) has half of its full weight.
        release_ridge: Ridge on the release effects there.
        shrinkage: Share of the mean within-variance that is added to the nuisance covariance.
        nuisance_within: Share of the within-covariance in the nuisance covariance.
        session_within: Session covariance as a share of the within-covariance, where no release is in two corpora.
        cell_responses: Responses that a cell needs to tell of covariances.
        lab_share: Largest share of the between-release variance that labs may have.
        correlation: Share of a response's spread that does not average out over one model's responses.
        known_domain_llr: Log-likelihood ratio a dimension that a release needs to be known in a domain that came with
            an update (`fingerprint.model.likelihood`).
        known_domain_llr_by_size: The same for e times as many releases seen there.
    """

    iterations: Positive = 10
    cell_prior: Weight = 5.0
    release_ridge: Scale = 0.3
    shrinkage: Scale = 0.02
    nuisance_within: Scale = 0.1
    session_within: Scale = 0.1
    cell_responses: Positive = 10
    lab_share: Share = 0.9
    correlation: Share = 0.15
    known_domain_llr: Weight = 0.1
    known_domain_llr_by_size: Weight = 0.1


class ClassifierConfig(_Section, frozen=True):
    """The linear classifiers over releases and labs, trained by AdamW (Loshchilov & Hutter 2019).

    Attributes:
        epochs: Times that each response is seen.
        batch: Responses a step.
        learning_rate: At its highest.
        warmup: Steps until it is reached.
        weight_decay: AdamW's.
        domain_noise: Spreads of the known domains by which noise augmentation moves a response.
    """

    epochs: Positive = 6
    batch: Positive = 1_024
    learning_rate: Scale = 1e-2
    warmup: Positive = 50
    weight_decay: Weight = 0.1
    domain_noise: Weight = 3.0


class SplitConfig(_Section, frozen=True):
    """What the models that are calibrated on are not shown, and what no model is shown (the regression set).

    Attributes:
        folds: Models that each leave out some prompts, releases, labs and corpora.
        prompts: Share of the prompts that each leaves out.
        releases: Share of the releases, with the group of each.
        labs: Share of the labs.
        corpora: Share of the corpora, and the largest share of the responses that these, or a lab, may have.
        least_corpora: Corpora that there must be to leave one out.
        later: Each of these is a model more: of what was released so many months before the newest release.
        months: For how many months after its time such a model is asked.
        rows: Responses of a release in a corpus that these models are trained on; the model itself has all.
        vocabulary: Features of these models; the model itself has those of `features`.
        steps: Steps of the contrastive training of these models; the model itself has those of `embedding`.
        sizes: Responses a case.
        draws: Cases of each size that a release in a corpus gives.
        cases: Cases of a kind and size from each model.
        held_out_responses: Responses that a release needs to be left out.
        named_responses: Responses that a release needs to be known by name.
        least_cases: Cases that calibration needs.
        regression_prompts: Prompts of a release that go to the regression set.
        regression_share: Of every so many prompts at most one goes there.
        regression_least: Prompts that a release needs to give any.
    """

    folds: Positive = 4
    prompts: Share = 0.10
    releases: Share = 0.12
    labs: Share = 0.08
    corpora: Share = 0.12
    least_corpora: Positive = 4
    later: tuple[Positive, ...] = (7, 14)
    months: Positive = 7
    rows: Positive = 50
    vocabulary: Positive = 24_000
    steps: Count = 2_000
    sizes: tuple[Positive, ...] = (1, 3, 5, 10, 25)
    draws: Positive = 2
    cases: Positive = 150
    held_out_responses: Positive = 30
    named_responses: Positive = 10
    least_cases: Positive = 50
    regression_prompts: Count = 4
    regression_share: Positive = 10
    regression_least: Positive = 20


class MixtureConfig(_Section, frozen=True):
    """What a user is taken to bring: the share of each kind of case, summing to 1. An assumption, not a measurement.

    Attributes:
        same: Known releases, other prompts of known corpora.
        other: Known releases, corpora that the model has not seen.
        unseen: New releases of known labs, in known corpora.
        both: New releases of known labs, in corpora that the model has not seen.
        later: Releases of known labs that came after all that the model knows, in known corpora.
        unknown: Releases of labs that the model does not know.
    """

    same: Share
    other: Share
    unseen: Share
    both: Share
    later: Share
    unknown: Share


class ExpectationsConfig(_Section, frozen=True):
    """The case mixture by what the user expects. An error rate holds in each kind that is not under 5 % of a mixture.

    Attributes:
        any: Half known releases, four in ten new ones, one in ten of an unknown lab; half of all out-of-domain.
            Releases that came after all that the model knows are promised nothing: no threshold would hold there.
        new: A stealth model: new releases, and some of unknown labs.
        known: An audit: the release is known, on prompts of known corpora or of others.
    """

    any: MixtureConfig = MixtureConfig(same=0.25, other=0.25, unseen=0.16, both=0.2, later=0.04, unknown=0.1)
    new: MixtureConfig = MixtureConfig(same=0.02, other=0.02, unseen=0.2, both=0.36, later=0.2, unknown=0.2)
    known: MixtureConfig = MixtureConfig(same=0.48, other=0.48, unseen=0.01, both=0.01, later=0.01, unknown=0.01)


class CalibrationConfig(_Section, frozen=True):
    """How evidence becomes calibrated probabilities and thresholds.

    Attributes:
        expectations: The kinds of cases that probabilities and thresholds are fitted to.
        release_weight: Weight of the release within the right lab, beside the lab's 1, in the log-loss.
        ridge: Pull of the posterior's parameters towards their start.
        least_lab: Log-probability of the right lab below which nothing more is lost.
        least_within: The same of the release within the lab.
        iterations: Of L-BFGS-B.
        folds: Of releases, for what a case's confidence is by the others.
        lab_spread: Standard deviation in nats of what a lab's own name adds to a logit, before any case is seen.
        domain_quantile: Share of cases below the limits of the domain distance.
        two_source_quantile: Share of one model's cases below the limit of the two-source LLR.
        script_share: Share of the known releases that must have responses in a script so that it is a known one.
        likely: Share of wrong ones that `likely` allows.
        least_share: Kinds with a smaller share of a mixture are promised nothing under it.
        margin: Probability with which the error of each kind stays within a rate, by what held-out cases say.
        pooling: Independent cases with the error that the probabilities state that count beside those of a kind.
        set_coverage: Share of the sets of labs that hold the right lab.
        shortlist: Labs on a short list, one of which probably wrote a case in which no lab can be named.
        known_as_unknown: Share of the cases of known labs that `unknown` allows.
        rates: Error rates at which thresholds and limits of false alarms are kept.
        covariate_responses: Number of responses beyond which it counts as this one among the covariates.
        candidates: Numbers of candidates that a question about a few labs has thresholds for.
        candidate_prior: Probability of all candidates together, before the responses are read; "none of these" has the
            rest.
    """

    expectations: ExpectationsConfig = ExpectationsConfig()
    release_weight: Weight = 0.25
    ridge: Weight = 1e-3
    least_lab: Annotated[float, Meta(lt=0, ge=-700)] = -20.0
    least_within: Annotated[float, Meta(lt=0, ge=-700)] = -14.0
    iterations: Positive = 80
    folds: Annotated[int, Meta(ge=2, le=1_000)] = 5
    lab_spread: Scale = 0.3
    domain_quantile: Share = 0.995
    two_source_quantile: Share = 0.99
    script_share: Share = 0.03
    likely: Share = 0.25
    least_share: Share = 0.05
    margin: Annotated[float, Meta(gt=0, lt=1)] = 0.8
    pooling: Scale = 20.0
    set_coverage: Share = 0.9
    shortlist: Positive = 5
    known_as_unknown: Share = 0.01
    rates: tuple[Share, ...] = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5)
    covariate_responses: Positive = 25
    candidates: tuple[Annotated[int, Meta(ge=2, le=1_000)], ...] = (2, 5, 10)
    candidate_prior: Annotated[float, Meta(gt=0, lt=1)] = 0.5

    def mixture(self, expect: str) -> dict[str, float]:
        """Return the share of each kind of case under an expectation, one of the fields of `expectations`."""
        return msgspec.structs.asdict(getattr(self.expectations, expect))

    def promised(self, expect: str) -> list[str]:
        """Return the kinds of cases in which error rates hold under an expectation."""
        return [kind for kind, share in self.mixture(expect).items() if share >= self.least_share]


class PairConfig(_Section, frozen=True):
    """How two cases are compared: the pairs that this is calibrated on, and the rates at which limits are kept.

    Attributes:
        sizes: Responses on each side of a pair.
        cells: Releases in a corpus, of each kind of case and each of `sizes`, that sides are drawn from in each model.
        pairs: Pairs of each kind and each of `sizes` from each model, half of them within one corpus if possible.
        folds: Of releases, for what a pair's LLR is by the others.
        ridge: On the standardised weights of the LLR.
        least_cells: Independent pairs that a kind needs to tell a limit.
        rates: False-alarm and false-accept rates at which limits are kept, ascending.
    """

    sizes: tuple[Positive, ...] = (1, 5, 10, 25)
    cells: Positive = 60
    pairs: Positive = 150
    folds: Annotated[int, Meta(ge=2, le=100)] = 5
    ridge: Scale = 1e-3
    least_cells: Positive = 20
    rates: tuple[Share, ...] = (0.01, 0.02, 0.05, 0.1, 0.2)


class StyleMarkerConfig(_Section, frozen=True):
    """The named style markers that a verdict gives as its reasons.

    Attributes:
        responses: Of each release that its profile is measured on.
        session: Share of a marker's spread that differs from prompt to prompt, whatever the number of responses.
        least_variance: Added to the variance of each.
        shown: Markers that a verdict names.
    """

    responses: Positive = 60
    session: Weight = 0.25
    least_variance: Scale = 0.01
    shown: Count = 3


class UpdateConfig(_Section, frozen=True):
    """How a trained model learns more releases without its corpora.

    Attributes:
        rehearsed: Responses drawn from the hierarchy in place of the old ones (pseudo-rehearsal: Robins 1995).
        copies: Noise augmentations of each new response.
        release_responses: Responses of one release that the classifiers are fitted on.
        release_ridge: On the weights of new releases.
        lab_ridge: On the weights of labs that have new responses.
        new_class_penalty: Nats taken off a new class, which has seen its own responses and none of the others.
        iterations: Of L-BFGS.
        domain_cases: Cases that it takes to say whether a new corpus is in-domain.
        domain_responses: Responses a case there.
        domain_most: Cases that are enough.
        domain_share: Share of the limit of the domain distance within which the median case has to lie.
        corpus_prior: Responses that spread as usual, beside those of a new corpus.
    """

    rehearsed: Positive = 24_000
    copies: Positive = 4
    release_responses: Positive = 1_200
    release_ridge: Scale = 3e-4
    lab_ridge: Scale = 0.1
    new_class_penalty: Weight = 1.0
    iterations: Positive = 60
    domain_cases: Positive = 15
    domain_responses: Positive = 25
    domain_most: Positive = 100
    domain_share: Share = 0.75
    corpus_prior: Positive = 10


class ProbingConfig(_Section, frozen=True):
    """How a live model is probed: what a prompt is expected to tell, and when to stop.

    Attributes:
        responses: Of a lab and a kind of prompt that its information gain is measured on.
        least_probability: Least probability of a lab in it.
        prior_responses: Responses' worth of the kind's mean gain behind that of one lab.
        verdict_after: Responses before a verdict can be firm.
        verdict_looks: Verdicts in a row that must agree.
        least_nats: Expected nats below which no further prompt is worth asking.
        prompts: Prompts of the training corpora that a model keeps at most, at 35 bytes each.
        prompt_prior: Answers' worth of the mean behind what the answers to one prompt tell.
        request_tokens: Tokens' worth of a request itself: 12 requests may cost what 6,000 tokens do.
        sent_price: Price of a token that is sent, in those of one that is written.
        least_releases: Releases that must have answered a prompt before others are asked it.
        whole_prompt: Bytes that a prompt has at most if it is sure to be whole: corpora cut longer ones.
    """

    responses: Positive = 60
    least_probability: Scale = 1e-4
    prior_responses: Weight = 10.0
    verdict_after: Positive = 3
    verdict_looks: Positive = 2
    least_nats: Weight = 0.03
    prompts: Positive = 25_000
    prompt_prior: Weight = 15.0
    request_tokens: Weight = 500.0
    sent_price: Weight = 0.2
    least_releases: Positive = 3
    whole_prompt: Positive = 1_900


class Config(_Section, frozen=True):
    """All hyper-parameters of a model.

    Attributes:
        seed: Of every random draw.
        features, embedding, plda, classifiers, splits, calibration, pairs, style_markers, update, probing: The
            sections.

    Examples:
        >>> config = Config(embedding=EmbeddingConfig(steps=0))
        >>> parse_config(config_values(config), "config.json") == config
        True
    """

    seed: Count = 0
    features: FeatureConfig = FeatureConfig()
    embedding: EmbeddingConfig = EmbeddingConfig()
    plda: PldaConfig = PldaConfig()
    classifiers: ClassifierConfig = ClassifierConfig()
    splits: SplitConfig = SplitConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    pairs: PairConfig = PairConfig()
    style_markers: StyleMarkerConfig = StyleMarkerConfig()
    update: UpdateConfig = UpdateConfig()
    probing: ProbingConfig = ProbingConfig()


def calibration_config(config: Config) -> Config:
    """Return the config of the models that are calibrated on: as that of the model, and smaller where `splits` says."""
    replace, splits = msgspec.structs.replace, config.splits
    return replace(
        config,
        features=replace(config.features, vocabulary=min(splits.vocabulary, config.features.vocabulary)),
        embedding=replace(config.embedding, steps=min(splits.steps, config.embedding.steps)),
    )


def config_values(config: Config) -> dict[str, Any]:
    """Return the config as JSON values, `config.json` of a model folder."""
    values: dict[str, Any] = msgspec.to_builtins(config)
    return values


def flat_values(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give every hyper-parameter by its dotted name, as text.

    Args:
        values: As `config_values` returns them.

    Yields:
        The name, such as "embedding.steps", and the value.
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", text) for inner, text in flat_values(value))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield name, ", ".join(map(str, value))
        else:
            yield name, str(value)


def parse_config(values: object, where: str) -> Config:
    """Check JSON values and return the config.

    Args:
        values: What `config_values` returned; sections and names that are missing have their defaults.
        where: The file, for the error.

    Returns:
        The config.

    Raises:
        ConfigError: For an unknown name, a wrong type or a value out of its range, with its path.
    """
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}") from None
    for name, mixture in msgspec.structs.asdict(config.calibration.expectations).items():
        total = sum(msgspec.structs.astuple(mixture))
        if abs(total - 1) > 1e-9:
            raise ConfigError(f"{where}: the shares of calibration.expectations.{name} sum to {total:g}, not to 1")
    return config
