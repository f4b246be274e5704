"""The verdict on one case: what both the text and the JSON output are made from."""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from fingerprint.errors import FingerprintError
from fingerprint.metrics import Level

if TYPE_CHECKING:
    import pandas

SCHEMA = 2
"""The version of the JSON form (docs/verdict.schema.json); it rises when a key changes its meaning or goes."""

UNKNOWN = "unknown"
"""The name that stands for every lab that the model does not know."""

NONE_OF_THESE = "none-of-these"
"""The name that stands for every lab, known or not, that is no candidate."""

OUTSIDE = "outside:"
"""What the kind of a case begins with whose lab is no candidate; that of an unknown lab is "unknown" as ever."""

FALSE_ATTRIBUTIONS = 0.05
"""The false-attribution rate that is allowed in each kind of case where the user says nothing: one in twenty."""

FALSE_ALARMS = 0.01
"""The share of true claims, or of pairs of one release, that may be denied where the user says nothing."""

FALSE_ACCEPTS = 0.05
"""The share of false claims, or of pairs of two releases, of each kind that may be confirmed likewise."""

_OLD = 60
"""Days after which a model warns: in two months the registry grows by about twenty releases."""


@dataclass(frozen=True, slots=True)
class AllowedRates:
    """The error rates that a user allows a verification or a comparison.

    Attributes:
        false_alarms: The share of true claims, or of pairs of one release, that may be denied.
        false_accepts: The share of false claims, or of pairs of two releases, of each kind that may be confirmed.
    """

    false_alarms: float = FALSE_ALARMS
    false_accepts: float = FALSE_ACCEPTS


class VerdictWord(StrEnum):
    """The six verdicts."""

    ATTRIBUTED = "attributed"
    NEW_RELEASE = "new-release"
    LIKELY = "likely"
    UNKNOWN = "unknown"
    NONE_OF_THESE = "none-of-these"
    INCONCLUSIVE = "inconclusive"

    @property
    def is_attribution(self) -> bool:
        """Whether the verdict claims that the first lab is right; `likely` only leans to it, the others abstain."""
        match self:
            case VerdictWord.ATTRIBUTED | VerdictWord.NEW_RELEASE:
                return True
            case VerdictWord.LIKELY | VerdictWord.UNKNOWN | VerdictWord.NONE_OF_THESE | VerdictWord.INCONCLUSIVE:
                return False


VERDICTS = tuple(VerdictWord)
ATTRIBUTIONS = tuple(word for word in VERDICTS if word.is_attribution)


class Reason(StrEnum):
    """Why a verdict is what it is. `fingerprint.model.decision` has the verdict and the sentence of each."""

    ABOVE_THRESHOLD = "above-threshold"
    NEW_RELEASE = "new-release"
    ABOVE_LIKELY = "above-likely"
    UNKNOWN_LAB = "unknown-lab"
    NO_CANDIDATE = "no-candidate"
    NO_RESPONSES = "no-responses"
    UNKNOWN_SCRIPT = "unknown-script"
    OUT_OF_DOMAIN = "out-of-domain"
    TWO_SOURCES = "two-sources"
    NO_THRESHOLD = "no-threshold"
    BELOW_THRESHOLD = "below-threshold"
    BELOW_UNKNOWN = "below-unknown"
    BELOW_NONE = "below-none"


class Novelty(StrEnum):
    """Whether the model knows the release, if the first lab is right."""

    KNOWN = "known"
    NEW = "new"
    UNDECIDED = "undecided"


class Support(StrEnum):
    """How much the responses support the first lab, on the verbal scale of forensic science.

    References:
        ENFSI (2015). Guideline for evaluative reporting in forensic science, section 3.
    """

    NONE = "no support"
    WEAK = "weak support"
    MODERATE = "moderate support"
    MODERATELY_STRONG = "moderately strong support"
    STRONG = "strong support"
    VERY_STRONG = "very strong support"


@dataclass(frozen=True, slots=True)
class LabShare:
    """The probability of one lab.

    Attributes:
        lab: Key of the lab in the registry, or "unknown" for all labs that the model does not know, or "none-of-these"
            for all that are no candidates.
        probability: That a model of this lab wrote the responses.
    """

    lab: str
    probability: float


@dataclass(frozen=True, slots=True)
class FamilyShare:
    """The part of its lab's probability that falls on the known releases of one family.

    Attributes:
        family: Name of the family in the registry.
        lab: Key of its lab.
        probability: That a known release of this family wrote the responses.
    """

    family: str
    lab: str
    probability: float


@dataclass(frozen=True, slots=True)
class ReleaseShare:
    """The part of its lab's probability that falls on one known release.

    Attributes:
        release: Name of the release in the registry.
        lab: Key of its lab.
        family: Name of its family.
        probability: That this release wrote the responses.
        log_likelihood_ratio: Of this release against an unknown lab, calibrated, in nats.
    """

    release: str
    lab: str
    family: str
    probability: float
    log_likelihood_ratio: float


@dataclass(frozen=True, slots=True)
class NewRelease:
    """The part of a lab's probability that falls on a release that the model does not know.

    Attributes:
        lab: Key of the lab.
        probability: That a new release of this lab wrote the responses.
    """

    lab: str
    probability: float


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that gave the verdict.

    Attributes:
        name: Name of the model.
        version: Version of the program that trained it.
        trained: Day of the training, YYYY-MM-DD.
        releases: Number of releases that it knows.
        newest: Month of the newest of them, YYYY-MM; empty if no month is known.
    """

    name: str
    version: str
    trained: str
    releases: int
    newest: str

    def age_warning(self, today: date) -> str | None:
        """Return a warning if the model's newest release is older than 60 days, else None.

        The month counts to its last day, because the registry has no days.
        """
        if not self.newest:
            return None
        year, month = map(int, self.newest.split("-"))
        days = (today - date(year, month, calendar.monthrange(year, month)[1])).days
        if days <= _OLD:
            return None
        return (
            f"The newest release that the model knows is from {self.newest}, at least {days} days ago. "
            "It cannot name later releases. Add them with fingerprint update."
        )


@dataclass(frozen=True, slots=True)
class KindRates:
    """What was measured on held-out cases of one kind.

    Attributes:
        kind: What the model was not shown of them: "same", "other", "unseen", "both", "later", "unknown". In a question
            about candidates, "outside:" stands before that of cases whose lab is no candidate.
        cases: Number of cases.
        lab_error: Share of the cases whose first lab is wrong.
        coverage: Share of the cases above the threshold of attributions.
        attribution_error: Share of these whose first lab is wrong.
        likely_coverage: Share of the cases above the threshold of "likely", attributions included.
        likely_error: Share of these whose first lab is wrong.
        list_coverage: Share of the cases in which no lab is named and that get a short list.
        list_error: Share of these lists that lack the right lab.
    """

    kind: str
    cases: int
    lab_error: float
    coverage: float
    attribution_error: float
    likely_coverage: float
    likely_error: float
    list_coverage: float
    list_error: float


@dataclass(frozen=True, slots=True)
class KindShare:
    """One kind of case in the case mixture that was expected.

    Attributes:
        kind: As in `KindRates`.
        share: Its share of the mixture.
        promised: Whether the error rates are promised in this kind; they are not where it is rare in the mixture.
    """

    kind: str
    share: float
    promised: bool


@dataclass(frozen=True, slots=True)
class SizeRates:
    """How often the expected cases with so many responses get a verdict that names a lab.

    In a question about candidates, these are the expected cases of a candidate.

    Attributes:
        responses: Number of responses.
        coverage: Share of the cases above the threshold of attributions, weighted by the case mixture.
        likely_coverage: The same above the threshold of "likely", attributions included.
    """

    responses: int
    coverage: float
    likely_coverage: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured on held-out cases at the thresholds of the verdict, for the question that was asked.

    Attributes:
        expect: What kinds of cases were expected: "any", "new" or "known".
        mixture: The case mixture that this stands for. Its shares sum to 1.
        false_attributions: The share of wrong attributions that was allowed in each kind.
        likely_errors: The share of wrong ones that "likely" allows in each kind.
        set_coverage: How often the set holds the right lab, in each kind of known labs.
        responses: The number of responses that the figures of the kinds are for.
        kinds: The figures of each kind.
        sizes: What more or fewer responses do, by their number.
    """

    expect: str
    mixture: tuple[KindShare, ...]
    false_attributions: float
    likely_errors: float
    set_coverage: float
    responses: int
    kinds: tuple[KindRates, ...]
    sizes: tuple[SizeRates, ...]

    @property
    def promised(self) -> frozenset[str]:
        """The kinds of the mixture in which the error rates are promised."""
        return frozenset(one.kind for one in self.mixture if one.promised)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a question about candidates rests on, beside the responses.

    Attributes:
        labs: The labs that the question was about.
        prior: The probability of all of them together before the responses were read; each has as much as the others.
        calibrated: The number of candidates that the thresholds and figures are for.
        outside: The most probable lab that the model knows and that is no candidate; its probability is a part of that
            of "none-of-these". Null if every lab is a candidate. No error rate was measured for it.
    """

    labs: tuple[str, ...]
    prior: float
    calibrated: int
    outside: LabShare | None


@dataclass(frozen=True, slots=True)
class Domain:
    """How far the responses are from the training corpora.

    Attributes:
        distance: The domain distance of the case.
        limit: The domain limit for as many responses; null if none was measured.
    """

    distance: float
    limit: float | None


@dataclass(frozen=True, slots=True)
class StyleMarker:
    """A style marker that speaks for the first lab and against the second, as the labs are ranked.

    Attributes:
        marker: Name of the style marker.
        case: Its value in the responses.
        first_lab: Its mean for the first lab.
        second_lab: Its mean for the second lab.
        unit: The unit of the three values; empty for a plain ratio.
        log_likelihood_ratio: Of the first lab against the second by this marker alone, in nats.
    """

    marker: str
    case: float
    first_lab: float
    second_lab: float
    unit: str
    log_likelihood_ratio: float


@dataclass(frozen=True, slots=True)
class SideRatio:
    """How much token counts speak for a lab.

    Attributes:
        lab: Key of the lab.
        log_likelihood_ratio: Of this lab against an unknown one, in nats.
    """

    lab: str
    log_likelihood_ratio: float


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """What the provider's token counts of the prompts say.

    Attributes:
        note: Why there are no ratios; empty if there are.
        compared: Number of prompts with counts for known tokenizers too.
        tokenizers: Public tokenizers with the same counts, up to a constant.
        agree: Releases that are known to use these, and known releases with the same counts.
        ruled_out: Labs that use no tokenizer, as far as is known, which could have these counts.
        labs: The ratio of each lab, the highest first.
    """

    note: str
    compared: int
    tokenizers: tuple[str, ...]
    agree: tuple[str, ...]
    ruled_out: tuple[str, ...]
    labs: tuple[SideRatio, ...]


@dataclass(frozen=True, slots=True)
class StatementRatio:
    """How much self-identification speaks for a lab.

    Attributes:
        lab: Key of the lab.
        log_likelihood_ratio: Of this lab against an unknown one, in nats.
        false_rate: How often known releases of this lab that identify themselves name another lab.
    """

    lab: str
    log_likelihood_ratio: float
    false_rate: float


@dataclass(frozen=True, slots=True)
class Statements:
    """Responses that identify their writer.

    Attributes:
        lab: Key of the lab that they name.
        responses: Number of responses that name it.
    """

    lab: str
    responses: int


@dataclass(frozen=True, slots=True)
class SelfIdentification:
    """What the responses say about their own writer.

    Attributes:
        note: Why there are no ratios; empty if there are.
        statements: The labs that responses name, the most frequent first.
        labs: The ratio of each lab, the highest first.
    """

    note: str
    statements: tuple[Statements, ...]
    labs: tuple[StatementRatio, ...]


@dataclass(frozen=True, slots=True)
class SideEvidence:
    """Evidence apart from style, which never changes the verdict.

    Attributes:
        token_counts: The evidence of token counts.
        self_identification: The evidence of self-identification.
    """

    token_counts: TokenCounts
    self_identification: SelfIdentification


class EvidenceKind(StrEnum):
    """The kinds of evidence."""

    STYLE = "style"
    TOKEN_COUNTS = "token-counts"
    SELF_IDENTIFICATION = "self-identification"


@dataclass(frozen=True, slots=True)
class CombinedShare:
    """A lab by all evidence. The three logarithms add up; they are null for "none-of-these".

    Attributes:
        lab: Key of the lab, "unknown", or "none-of-these".
        probability: By all evidence together.
        style: Log-odds of this lab against an unknown one by style, in nats.
        token_counts: LLR of this lab against an unknown one by token counts, in nats.
        self_identification: LLR of this lab against an unknown one by self-identification, in nats.
    """

    lab: str
    probability: float
    style: float | None
    token_counts: float | None
    self_identification: float | None


@dataclass(frozen=True, slots=True)
class CombinedRates:
    """How often answers like this one were right in a replay of releases that the model did not know.

    Attributes:
        cases: Number of cases whose first lab had at least this probability.
        releases: The number of releases that they are of.
        share: Their share of all replayed cases.
        wrong: The share of them whose first lab was wrong.
        wrong_by_style: The share of them whose first lab was wrong by style alone.
    """

    cases: int
    releases: int
    share: float
    wrong: float
    wrong_by_style: float


@dataclass(frozen=True, slots=True)
class Combined:
    """One answer from all evidence. The verdict does not rest on it.

    Attributes:
        evidence: The kinds of evidence.
        labs: All labs and "unknown", or the candidate labs and "none-of-these"; the most probable first. They sum to 1.
        measured: How often such answers were right in a replay with token counts and without names; null if that was
            not measured: without counts, for candidates, and for a first lab of a low probability.
    """

    evidence: tuple[EvidenceKind, ...]
    labs: tuple[CombinedShare, ...]
    measured: CombinedRates | None


@dataclass(frozen=True, slots=True)
class PartCounts:
    """How many of each part the model wrote, whether the verdict is based on it or not.

    Attributes:
        prose: Messages with prose.
        code: Blocks of code.
        tools: Tool calls.
    """

    prose: int
    code: int
    tools: int


@dataclass(frozen=True, slots=True)
class InputInfo:
    """What was read.

    Attributes:
        summary: In one line: what the file holds, and what was left out.
        parts: How many of each part there were.
        judged: The parts that the verdict is based on.
    """

    summary: str
    parts: PartCounts
    judged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one case. Only `side_evidence` and `combined` use anything but style.

    Attributes:
        file: The file that holds the responses; "-" for standard input.
        read: What was read from it.
        n_responses: Number of responses in the file.
        n_used: Number of responses that the verdict is based on.
        verdict: The decision.
        reason: Why the decision is what it is, as a code.
        explanation: The reason as a sentence, with its figures.
        level: The finest that the verdict names with its error rate; null for a verdict that names no lab.
        novelty: Whether the release is known, if the first lab is right; null for a verdict that names no lab.
        support: How much the responses support the first lab, in words.
        set: The labs that hold the right one as often as stated, the most probable first.
        shortlist: A few labs, one of which probably wrote the responses where no lab is named; the most probable first.
            Empty where there is none. At most `calibration.likely_errors` of such lists lack the right lab, in each
            kind of case that is expected.
        labs: All labs and "unknown", or the candidate labs and "none-of-these"; the most probable first. They sum to 1.
        families: The families of the candidate labs, the most probable first.
        releases: The known releases of the candidate labs, the most probable first.
        new_releases: New releases of the candidate labs, the most probable first.
        style_markers: The style markers that speak most for the first lab and against the second.
        domain: Distance from the training corpora; null without a usable response.
        calibration: What was expected, and what was measured on held-out cases at the thresholds of the verdict.
        warnings: What the reader has to know about the responses or the model.
        advice: What to do about the verdict; null if there is nothing to say.
        candidates: What the question was restricted to; null for all labs.
        side_evidence: Evidence apart from style; null if it was not asked for.
        combined: One answer from style and side evidence together; null if there is no side evidence.
        model: The model that gave the verdict.
        known_prompts: Responses used that answer prompts whose answers by known releases the model was trained on: so
            they are in-domain. Null for a model that keeps no prompts.

    Raises:
        ValueError: For labs that lack "unknown" (with candidates: "none-of-these") or do not sum to 1, and for a
            ranking that is not sorted.
    """

    file: str
    read: InputInfo
    n_responses: int
    n_used: int
    verdict: VerdictWord
    reason: Reason
    explanation: str
    level: Level | None
    novelty: Novelty | None
    support: Support
    set: tuple[LabShare, ...]
    shortlist: tuple[LabShare, ...]
    labs: tuple[LabShare, ...]
    families: tuple[FamilyShare, ...]
    releases: tuple[ReleaseShare, ...]
    new_releases: tuple[NewRelease, ...]
    style_markers: tuple[StyleMarker, ...]
    domain: Domain | None
    calibration: Calibration
    warnings: tuple[str, ...]
    advice: str | None
    candidates: Candidates | None
    side_evidence: SideEvidence | None
    combined: Combined | None
    model: ModelInfo
    known_prompts: int | None

    def __post_init__(self) -> None:
        rest = UNKNOWN if self.candidates is None else NONE_OF_THESE
        if rest not in (share.lab for share in self.labs):
            raise ValueError(f"labs lack {rest!r}")
        if not math.isclose(total := sum(share.probability for share in self.labs), 1.0, abs_tol=1e-6):
            raise ValueError(f"labs sum to {total}, not to 1")
        rankings: dict[str, Sequence[LabShare | FamilyShare | ReleaseShare | NewRelease]] = {
            "set": self.set,
            "shortlist": self.shortlist,
            "labs": self.labs,
            "families": self.families,
            "releases": self.releases,
            "new_releases": self.new_releases,
        }
        for name, shares in rankings.items():
            probabilities = [share.probability for share in shares]
            if probabilities != sorted(probabilities, reverse=True):
                raise ValueError(f"{name} are not sorted by probability")

    @property
    def leaders(self) -> tuple[str, ...]:
        """The one or two most probable labs that the model knows."""
        return tuple(share.lab for share in self.labs if share.lab not in (UNKNOWN, NONE_OF_THESE))[:2]

    def _repr_html_(self) -> str:
        from fingerprint.model.notebook import short_html

        return short_html(self)

    def to_frame(self) -> pandas.DataFrame:
        """Return all rankings as one table, the most probable of each level first.

        Returns:
            Columns level ("lab", "family", "release", "new release"), name, lab, probability, and
            log_likelihood_ratio (of known releases, in nats; else missing).

        Raises:
            FingerprintError: Without pandas.
        """
        try:
            import pandas
        except ModuleNotFoundError:
            raise FingerprintError("Verdict.to_frame needs pandas: pip install pandas") from None
        rows: list[tuple[str, str, str, float, float | None]] = [
            *(("lab", row.lab, row.lab, row.probability, None) for row in self.labs),
            *(("family", row.family, row.lab, row.probability, None) for row in self.families),
            *(("release", row.release, row.lab, row.probability, row.log_likelihood_ratio) for row in self.releases),
            *(("new release", "", row.lab, row.probability, None) for row in self.new_releases),
        ]
        return pandas.DataFrame(rows, columns=["level", "name", "lab", "probability", "log_likelihood_ratio"])

    def to_dict(self, top: int | None = None) -> dict[str, object]:
        """Return the verdict as JSON values of schema 2.

        Args:
            top: Rows of families, releases and new releases; None for all. Labs and set are always complete.
        """
        values = asdict(self)
        for name in ("families", "releases", "new_releases"):
            values[name] = values[name][:top]
        return {"schema": SCHEMA, **values}
