"""The documents of a model folder: what each may hold, as types that refuse everything else.

Each type is one JSON file. Unknown names, wrong types and numbers out of their range (so also infinite ones) are
refused while a document is read. What two documents, or a document and an array, must be to each other is checked by
`fingerprint.store.checks`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from fingerprint.model.calibration import NEVER

_MANY = 1_000_000
_PATTERN = r"^[a-z0-9][a-z0-9.:+_\-]*\Z"

# As the registry writes the names of releases and labs.
Name = Annotated[str, Meta(pattern=_PATTERN, max_length=200)]
Text = Annotated[str, Meta(max_length=10_000)]
Title = Annotated[str, Meta(min_length=1, max_length=1_000)]
Month = Annotated[str, Meta(pattern=r"^([0-9]{4}-(0[1-9]|1[0-2]))?\Z")]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")]
Time = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]

Count = Annotated[int, Meta(ge=0, le=2**53)]
Positive = Annotated[int, Meta(ge=1, le=2**53)]
Size = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,8}\Z")]
Kind = Literal["same", "other", "unseen", "both", "later", "unknown"]
# Of a question about candidates; "outside:" is before the kinds of cases whose lab is no candidate.
CandidateKind = Literal[
    "same", "other", "unseen", "both", "later", "unknown",
    "outside:same", "outside:other", "outside:unseen", "outside:both", "outside:later",
]  # fmt: skip
PairKind = Literal["target", "target-across", "variant", "sibling", "lab", "other", "unknown"]
PairDomain = Literal["in", "out"]
Probability = Annotated[float, Meta(ge=0, le=1)]
# What a probability has to reach, or one of two numbers that none reaches.
Threshold = Annotated[float, Meta(ge=0, le=NEVER)]
Limit = Annotated[float, Meta(ge=0, le=1e6)]
Cuts = Annotated[list[Limit], Meta(min_length=1, max_length=10)]
# Exponents of the nested logit: far beyond these the exponential of their sum would overflow.
Parameter = Annotated[float, Meta(ge=-50, le=50)]
# The logits that these make are clipped, so that they only have to be finite.
Coefficient = Annotated[float, Meta(ge=-1e6, le=1e6)]
# A log-likelihood ratio in nats, or a number that none reaches.
Ratio = Annotated[float, Meta(ge=-100, le=100)]
Trial = Literal["target", "variant", "sibling", "same lab", "closest other lab", "other lab", "unknown lab"]
Releases = Annotated[float, Meta(ge=0, le=1e9)]
Figure = Annotated[float, Meta(ge=-1e9, le=1e9)]


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """JSON with exactly the names of its type."""


class ReleaseLabel(Document, frozen=True):
    """A release that the model knows.

    Attributes:
        release: Its name in the registry.
        lab: The lab's name in the registry, one of `Labels.labs`.
        family: The releases of the lab that share a generation.
        line: The product line across families.
        released: YYYY-MM, or empty where nobody knows.
    """

    release: Name
    lab: Name
    family: Text
    line: Text
    released: Month


class Labels(Document, frozen=True):
    """What the codes in the arrays stand for.

    Attributes:
        labs: (L,) names of the labs.
        releases: (R,) the releases, each with its lab.
        corpora: (C,) names of the training corpora; `NAME/plain` are the plain copies of one.
        style_markers: (M,) names of the style markers.
        style_marker_units: (M,) their units.
        scripts: The scripts that enough of the releases have responses in, as `fingerprint.features.scripts` names
            them; empty in models from before 2026-11-27, which judge responses in every script.
    """

    labs: Annotated[list[Name], Meta(min_length=1, max_length=_MANY)]
    releases: Annotated[list[ReleaseLabel], Meta(min_length=1, max_length=_MANY)]
    corpora: Annotated[list[Title], Meta(min_length=1, max_length=_MANY)]
    style_markers: list[Title]
    style_marker_units: list[Title]
    scripts: list[Title] = []


class Thresholds(Document, frozen=True):
    """The thresholds on the probability of the first lab, family and release.

    Attributes:
        lab, family, release: By number of responses, one for each rate of `config.calibration.rates`; never rises.
    """

    lab: dict[Size, list[Threshold]]
    family: dict[Size, list[Threshold]]
    release: dict[Size, list[Threshold]]


class KindFigures(Document, frozen=True):
    """What the thresholds of labs did on the calibration cases of one kind and number of responses.

    Attributes:
        cases: How many there were.
        lab_error: Share whose first lab is wrong.
        coverage: For each rate, the share at or above the threshold; never falls.
        error: For each rate, the share of these whose first lab is wrong; 0 where there are none.
        listed: For each rate, the share below the threshold that gets a short list. Missing in a question about
            candidates.
        list_error: For each rate, the share of these lists that lack the right lab; 0 where there are none.
    """

    cases: Positive
    lab_error: Probability
    coverage: list[Probability]
    error: list[Probability]
    listed: list[Probability] = []
    list_error: list[Probability] = []


class CandidateLimits(Document, frozen=True):
    """What probabilities have to reach in a question about candidates, by number of responses.

    Attributes:
        thresholds: On the probability of the first candidate, for each rate of wrong attributions; and for each rate of
            attributions of cases whose lab is no candidate.
        new, known: As in `Expectation`.
        unknown: Limits on the probability of "none of these", for each rate of false alarms; never rises.
        distances: As in `Expectation`.
        sets: For each class of the domain distance, the probability that a candidate needs to be in the set, if it is
            one of them.
        figures: What the thresholds did, by number of responses and kind of case.
    """

    thresholds: Thresholds
    new: dict[Size, list[Threshold]]
    known: dict[Size, list[Threshold]]
    unknown: dict[Size, list[Threshold]]
    distances: dict[Size, Cuts]
    sets: dict[Size, list[Probability]]
    figures: dict[Size, dict[CandidateKind, KindFigures]]


class Expectation(Document, frozen=True):
    """What was fitted to one case mixture. Every table has the same numbers of responses.

    Attributes:
        confidence: Coefficients of the recalibration by outcome and calibration feature, "bias", and "lab:" with the
            name of a lab.
        thresholds: On probabilities, for each rate of wrong attributions.
        new: Limits on the probability of a new release, for each rate of false alarms; never rises.
        known: The same on the probability of a known release.
        unknown: The same on the probability of an unknown lab.
        distances: Where the classes of the domain distance end, from near to far; the last has no end.
        sets: For each class of the domain distance, the probability that a lab needs to be in the set.
        figures: What the thresholds did, by number of responses and kind of case; a kind without cases has none.
        candidates: By number of candidates, the limits of a question about so many. A model without them refuses such
            a question.
        shortlist: On the probability of the labs on a short list together, for each rate of lists that lack the right
            lab; never rises. A model without them gives no short list.
    """

    confidence: dict[Literal["first", "unknown", "new"], dict[str, Coefficient]]
    thresholds: Thresholds
    new: dict[Size, list[Threshold]]
    known: dict[Size, list[Threshold]]
    unknown: dict[Size, list[Threshold]]
    distances: dict[Size, Cuts]
    sets: dict[Size, list[Probability]]
    figures: dict[Size, dict[Kind, KindFigures]]
    candidates: dict[Size, CandidateLimits] = {}
    shortlist: dict[Size, list[Threshold]] = {}


class Expectations(Document, frozen=True):
    """What was fitted to the case mixture of each expectation.

    Attributes:
        any: For a user who expects nothing.
        new: For one who expects a new release.
        known: For one who expects a known release.
    """

    any: Expectation
    new: Expectation
    known: Expectation


class Calibration(Document, frozen=True):
    """What was fitted on cases that their models had not seen.

    Attributes:
        parameters: Of the nested logit, by name (`fingerprint.model.posterior.PARAMETERS`).
        expectations: Recalibration, thresholds and limits, by what the user expects.
        domain_limits: By number of responses, the domain distance that cases of known corpora stay within.
        far_limits: By number of responses, the domain distance that cases of other corpora stay within.
        two_source_limits: By number of responses, the two-source LLR that cases of one model stay within.
    """

    parameters: dict[str, Parameter]
    expectations: Expectations
    domain_limits: Annotated[dict[Size, Limit], Meta(min_length=1)]
    far_limits: Annotated[dict[Size, Limit], Meta(min_length=1)]
    two_source_limits: dict[Size, Limit]


class CorpusRecord(Document, frozen=True):
    """A corpus that the model was trained on.

    Attributes:
        name, source, licence: As its manifest says.
        rows: Responses in it.
        sha256: Of its file.
        languages: Codes of the languages that its rows name; empty in models from before 2026-11-26.
    """

    name: Title
    rows: Count
    sha256: Sha256
    licence: Text
    source: Text
    languages: list[Text] = []


class LineageEntry(Document, frozen=True):
    """One training or update.

    Attributes:
        command: The command line.
        time: In UTC.
        version: Of the program.
        parent: SHA-256 of the manifest of the model that it changed or replaced, or null.
        registry: SHA-256 of the registry.
        corpora: SHA-256 of each corpus that it learned from.
        comparison: The model comparison with the parent, as `fingerprint.training.comparison` writes it, or null.
    """

    command: Text
    time: Time
    version: Title
    parent: Sha256 | None
    registry: Sha256
    corpora: list[Sha256]
    comparison: dict[str, Any] | None


class TrainingSettings(Document, frozen=True):
    """What was left out of the training.

    Attributes:
        released_before: YYYY-MM; releases from that month on were left out. Or null.
        exclude_releases, exclude_labs: Names that were left out.
    """

    released_before: Month | None
    exclude_releases: list[Text]
    exclude_labs: list[Text]


class Training(Document, frozen=True):
    """The record of how the model was made.

    Attributes:
        name: Of the model.
        version: Of the program that trained or last updated it.
        trained: Day of the last training or update.
        newest: Month of the newest release that it knows.
        encoder: Another sentence-transformers model that it embeds with; empty for its own static encoder.
        settings: What was left out.
        corpora: What it was trained on.
        dropped: Responses that were not used, by reason.
        rows: Responses by release, releases that it does not name included.
        regression_set: Responses in it.
        lineage: Trainings and updates, the first one first.
        scores: Figures of the calibration, one row for each kind and number of responses.
        licence: Of the model, as whoever trained it states it; empty where nobody did.
    """

    name: Title
    version: Title
    trained: Day
    newest: Month
    encoder: Text
    settings: TrainingSettings
    corpora: list[CorpusRecord]
    dropped: dict[Text, Count]
    rows: dict[Name, Count]
    regression_set: Count
    lineage: list[LineageEntry]
    scores: list[dict[Text, Figure | Text | None]]
    licence: Text = ""


class TrialFigures(Document, frozen=True):
    """What the limits of claims did on held-out trials of one kind and number of responses, at the default rates.

    Attributes:
        trials: How many there were.
        consistent: Share of the verdict `consistent`.
        inconsistent: Share of the verdict `inconsistent`.
        eer: The equal error rate against target trials; null for these themselves.
    """

    trials: Positive
    consistent: Probability
    inconsistent: Probability
    eer: Probability | None


class ClaimTable(Document, frozen=True):
    """What was fitted to held-out claims of one level, in-domain or out-of-domain; empty where there were too few.

    Attributes:
        weights: By name (`fingerprint.model.claims.COLUMNS`), and "bias": they make a log-likelihood ratio.
        bound: The largest log-likelihood ratio that the trials can bear out.
        accept: By number of responses, for each rate of `config.calibration.rates` the log-likelihood ratio that
            `consistent` needs; never rises.
        reject: The same below which a claim is `inconsistent`; never falls.
        figures: By number of responses and kind of trial: "target", or an impostor kind.
    """

    weights: dict[str, Coefficient]
    bound: Annotated[float, Meta(ge=0, le=100)]
    accept: dict[Size, list[Ratio]]
    reject: dict[Size, list[Ratio]]
    figures: dict[Size, dict[Trial, TrialFigures]]


class ClaimTables(Document, frozen=True):
    """In-domain and out-of-domain cases have tables of their own.

    Attributes:
        in_domain: For cases that a known domain explains better than an unknown one.
        out_of_domain: For all others.
    """

    in_domain: ClaimTable
    out_of_domain: ClaimTable


class Claims(Document, frozen=True):
    """The verification of claims, by what a claim names.

    Attributes:
        lab: Any release of a lab, known or not.
        family: The known releases of a family, or of a line.
        release: One known release.
    """

    lab: ClaimTables
    family: ClaimTables
    release: ClaimTables


class Probing(Document, frozen=True):
    """The kinds of prompts whose information is known.

    Attributes:
        kinds: (Q,) domain and language of each kind; empty in a model that has not learned it.
    """

    kinds: list[tuple[Text, Text]]


class Prompts(Document, frozen=True):
    """What the codes of known prompts stand for. The texts of prompts are in no part of a model.

    Attributes:
        corpora: (B,) names of the corpora.
        kinds: (G,) domain and language of each kind.
    """

    corpora: list[Title]
    kinds: list[tuple[Text, Text]]


class PairLimits(Document, frozen=True):
    """The limits on the LLR of pairs, one for each rate of `config.pairs.rates`; null where none can be told.

    Attributes:
        same: From here on the verdict is `same`; never rises.
        different: Below this the verdict is `different`; never falls.
    """

    same: list[Annotated[float, Meta(ge=0, le=1e6)] | None]
    different: list[Annotated[float, Meta(ge=-1e6, le=0)] | None]


class PairFigures(Document, frozen=True):
    """What was measured on held-out pairs of one kind.

    Attributes:
        pairs: How many there were.
        cells: How many of them are independent.
        eer: Equal error rate of impostor trials against target trials; null for target trials and without any.
        same: For each rate of false accepts, the share that is called `same`.
        different: For each rate of false alarms, the share that is called `different`.
    """

    pairs: Positive
    cells: Positive
    eer: Probability | None
    same: list[Probability]
    different: list[Probability]


class PairTable(Document, frozen=True):
    """What was fitted on pairs of cases that share their prompts, and that their models had not seen.

    Attributes:
        weights: Of the LLR, by feature (`fingerprint.model.pairs.SHARED_FEATURES`) and "bias".
        least: The LLR below which too few pairs were measured to tell more.
        most: The LLR above which too few were.
        limits: By number of responses on the smaller side, and by whether both cases are in-domain (`in`) or one is
            not (`out`).
        figures: By the same, and by kind of pair; a kind without pairs has none.
    """

    weights: dict[str, Coefficient]
    least: Annotated[float, Meta(ge=-50, le=0)]
    most: Annotated[float, Meta(ge=0, le=50)]
    limits: Annotated[dict[Size, dict[PairDomain, PairLimits]], Meta(min_length=1)]
    figures: dict[Size, dict[PairDomain, dict[PairKind, PairFigures]]]


class Pairs(PairTable, frozen=True):
    """What was fitted on pairs of cases that their models had not seen.

    Attributes:
        weights: Of the LLR, by feature (`fingerprint.model.pairs.FEATURES`) and "bias".
        least: The LLR below which too few pairs were measured to tell more.
        most: The LLR above which too few were.
        limits: By number of responses on the smaller side, and by whether both cases are in-domain (`in`) or one is
            not (`out`).
        figures: By the same, and by kind of pair; a kind without pairs has none.
        shared: The same for pairs that share their prompts; null or missing where it was not learned.
    """

    shared: PairTable | None = None


class Tokenizer(Document, frozen=True):
    """Token counts of releases that share a tokenizer.

    Attributes:
        releases: The lab of each of these releases.
        counts: Tokens of each prompt, up to one constant.
    """

    releases: Annotated[dict[Name, Name], Meta(min_length=1)]
    counts: dict[Text, Annotated[int, Meta(ge=-(10**9), le=10**9)]]


class SelfNames(Document, frozen=True):
    """What known releases say that they are.

    Attributes:
        releases: By lab, how many of its releases name any lab as their own.
        says: By lab, the sum over these releases of the share of such responses that names each lab.
        others: The same sum over releases of labs that the model does not name.
    """

    releases: dict[Name, Count]
    says: dict[Name, dict[Name, Releases]]
    others: dict[Name, Releases]


class Side(Document, frozen=True):
    """What side evidence is compared with.

    Attributes:
        token_counts: Known tokenizers.
        self_names: What known releases say that they are; null where that was not learned.
    """

    token_counts: list[Tokenizer]
    self_names: SelfNames | None


class EncoderModule(Document, frozen=True):
    """The one module of the static encoder, in the form of sentence-transformers.

    Attributes:
        type: The class that loads it: this package's, so that the folder names no other code.
    """

    idx: Literal[0]
    name: Literal["0"]
    path: Literal[""]
    type: Literal["fingerprint.embedding.torch_encoder.NgramEncoder"]


class EncoderConfig(Document, frozen=True):
    """The description of the static encoder, in the form of sentence-transformers."""

    model_type: Literal["SentenceTransformer"]
    similarity_fn_name: Literal["cosine"]


class FileEntry(Document, frozen=True):
    """What a file of the folder must be."""

    sha256: Sha256
    size: Count


class ArrayEntry(Document, frozen=True):
    """What an array of `weights.safetensors` must be."""

    dtype: Literal["bool", "int8", "uint8", "int32", "float16", "float32"]
    shape: Annotated[list[Count], Meta(max_length=8)]


class Manifest(Document, frozen=True):
    """What the folder holds.

    Attributes:
        format: Says that this is a model folder.
        schema: Version of this format.
        files: Every other file, by its name relative to the folder.
        arrays: Every array of `weights.safetensors`.
        features: Hash of the feature and cleaning code that the model was trained with.
        config: SHA-256 of the config.
        digest: SHA-256 of all of this but the digest itself. As the manifest holds the SHA-256 of every file, it stands
            for the whole model.
    """

    format: Literal["fingerprint-model"]
    schema: Annotated[int, Meta(ge=2)]
    files: dict[str, FileEntry]
    arrays: dict[str, ArrayEntry]
    features: Title
    config: Sha256
    digest: Sha256


class ManifestOfSchema1(Document, frozen=True):
    """What schema 1 said of the folder."""

    format: Literal["fingerprint-model"]
    schema: Literal[1]
    files: dict[str, FileEntry]
    arrays: dict[str, ArrayEntry]
