"""The verdict on one suspect, in the words that both the JSON and the text output are made from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

SCHEMA = 1
"""Version of the JSON form; it rises when a key changes its meaning or goes."""

UNKNOWN = "unknown"
"""The lab that stands for every lab that the model was not trained on."""

FALSE_ATTRIBUTIONS = 0.05
"""The share of claims that may be wrong where nobody says otherwise."""

VERDICTS = ("attributed", "new-release", "unknown", "inconclusive")
ATTRIBUTIONS = ("attributed", "new-release")
"""The verdicts that say that the first-ranked lab did it; the others abstain."""


@dataclass(frozen=True, slots=True)
class LabShare:
    """How probable it is that this lab's model wrote the responses; `lab` may be `unknown`."""

    lab: str
    probability: float


@dataclass(frozen=True, slots=True)
class FamilyShare:
    """The part of its lab's probability that falls on the known releases of one family."""

    family: str
    lab: str
    probability: float


@dataclass(frozen=True, slots=True)
class ReleaseShare:
    """The part of its lab's probability that falls on one known release.

    `log_likelihood_ratio` (natural logarithm) compares it with a writer about whom nothing is known.
    """

    release: str
    lab: str
    family: str
    probability: float
    log_likelihood_ratio: float


@dataclass(frozen=True, slots=True)
class NewRelease:
    """The part of a lab's probability that falls on a release of it that the model has not seen."""

    lab: str
    probability: float


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model judged: when it was trained, on how many releases, the newest of them (YYYY-MM)."""

    name: str
    version: str
    trained: str
    releases: int
    newest: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often the model was wrong where its thresholds were chosen.

    `false_claims` is the rate that was asked for and `responses` the number of responses that the other
    figures were measured at: `lab_error` of the first-ranked lab over all cases, `attribution_error` among
    claims, and `coverage`, the share of cases in which a claim was made.
    """

    false_attributions: float
    responses: int
    lab_error: float
    attribution_error: float
    coverage: float


@dataclass(frozen=True, slots=True)
class StyleMarker:
    """A habit of writing that speaks for the first-ranked lab and against the second.

    `here`, `first` and `second` are its value in the responses and what is usual for the two labs
    (those of `Verdict.leaders`), in `unit`.
    """

    marker: str
    case: float
    first_lab: float
    second_lab: float
    unit: str
    log_likelihood_ratio: float


@dataclass(frozen=True, slots=True)
class SideRatio:
    """How much more likely (natural logarithm) a side evidence is from this lab than from one about which nothing is
    known."""

    lab: str
    log_likelihood_ratio: float


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """What the provider's token counts say. `compared` prompts were counted for known releases too, and those that
    `agree` had the same counts but for a constant. Without ratios `note` says why."""

    note: str
    compared: int
    agree: tuple[str, ...]
    labs: tuple[SideRatio, ...]


@dataclass(frozen=True, slots=True)
class StatementRatio:
    """As SideRatio; `false_rate` is how often known models of the lab, where they say what they are, name another."""

    lab: str
    log_likelihood_ratio: float
    false_rate: float


@dataclass(frozen=True, slots=True)
class Statements:
    """In how many responses the writer says that it is a model of this lab."""

    lab: str
    responses: int


@dataclass(frozen=True, slots=True)
class SelfIdentification:
    """What the writer says that it is. Without ratios `note` says why."""

    note: str
    said: tuple[Statements, ...]
    labs: tuple[StatementRatio, ...]


@dataclass(frozen=True, slots=True)
class SideEvidence:
    """What is no style. `combined` multiplies the style's probabilities of the labs with the likelihood ratios of
    both; no error rate was measured for it. Like the labs it holds `unknown`, whose ratio is 1, and sums to 1."""

    token_counts: TokenCounts
    self_identification: SelfIdentification
    combined: tuple[LabShare, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one suspect.

    `labs` are complete: they hold `unknown` and sum to 1. Every ranking is sorted, most probable first.
    `reason` says in one sentence why the verdict is what it is; `ground` how far the responses lie from
    what the model was trained on; `candidates` the labs that the question was restricted to, if it was;
    `advice` what could be done about the verdict, if anything. All of it but `side_evidence` rests on style alone.
    Raises ValueError where these promises do not hold.
    """

    file: str
    n_responses: int
    n_used: int
    verdict: str
    labs: tuple[LabShare, ...]
    families: tuple[FamilyShare, ...]
    releases: tuple[ReleaseShare, ...]
    new_releases: tuple[NewRelease, ...]
    warnings: tuple[str, ...]
    model: ModelInfo
    candidates: tuple[str, ...] | None
    calibration: Calibration
    style_markers: tuple[StyleMarker, ...]
    reason: str
    ground: Mapping[str, float | str] | None
    advice: str | None = None
    side_evidence: SideEvidence | None = None

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict {self.verdict!r} is none of {', '.join(VERDICTS)}")
        if UNKNOWN not in (share.lab for share in self.labs):
            raise ValueError(f"labs lack {UNKNOWN!r}")
        if not math.isclose(total := sum(share.probability for share in self.labs), 1.0, abs_tol=1e-6):
            raise ValueError(f"labs sum to {total}, not to 1")
        rankings: dict[str, Sequence[LabShare | FamilyShare | ReleaseShare | NewRelease]] = {
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
        return tuple(share.lab for share in self.labs if share.lab != UNKNOWN)[:2]

    def to_dict(self, top: int | None = None) -> dict[str, object]:
        """Return the verdict as JSON values; `top` cuts families, releases and new releases, never labs."""
        # asdict copies deeply, and a read-only mapping cannot be copied so.
        plain = asdict(replace(self, ground=None))
        for name in ("families", "releases", "new_releases"):
            plain[name] = plain[name][:top]
        plain["ground"] = None if self.ground is None else dict(self.ground)
        return {"schema": SCHEMA, **plain}
