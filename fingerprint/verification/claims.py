"""Verification: whether the model that is claimed wrote a case."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.escaping import printable
from fingerprint.data.registry import Registry
from fingerprint.data.response import Case, Part
from fingerprint.errors import FingerprintError
from fingerprint.loading import Loaded
from fingerprint.model.claim_decision import ClaimCase, decide_claim, trial_rates, trial_sizes, what_would_settle
from fingerprint.model.claim_verdict import Alternative, Claimed, ClaimVerdict
from fingerprint.model.claims import Claims, claim_columns
from fingerprint.model.covariates import Covariates, read_cases
from fingerprint.model.decision import support_of
from fingerprint.model.explanation import style_marker_llrs
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats, Ints
from fingerprint.model.posterior import Posterior, posterior
from fingerprint.model.verdict import AllowedRates, Domain, InputInfo, PartCounts, StyleMarker

UNABLE = "this model cannot verify: it has no calibration of claims; train it anew"
"""What is said of a model that has learned nothing about claims."""

Embed = Callable[[Sequence[str]], tuple[NDArray[np.float32], Ints]]
"""Returns the embeddings of texts and the number of features in each, as `Loaded.read` does."""

# What a name may begin with, so that a line is not taken for its release of the same name.
_LEVELS = ("release", "line", "family", "lab")
_NEAR = 3
# Nats beyond which one explanation is no more than far better than another.
_FARTHEST = 30.0
_LEAST = 1e-12


def input_info(case: Case) -> InputInfo:
    """Return what was read of a case."""
    return InputInfo(case.summary, PartCounts(**{part.value: case.parts.get(part, 0) for part in Part}), case.judged)


def resolve_claim(name: str, model: Loaded, registry: Registry) -> Claimed:
    """Return what a name claims: the release of this name, else the line, the family or the lab.

    Args:
        name: Any name of a release, a line, a family or a lab; "line:NAME" for that level alone.
        model: What the claim must be known to.
        registry: For other spellings of names.

    Returns:
        The claim.

    Raises:
        FingerprintError: For a name that nobody knows, with the nearest ones; and for a release that only the registry
            knows.
    """
    level, _, rest = name.partition(":")
    levels = (level,) if rest and level in _LEVELS else _LEVELS
    wanted = (rest if len(levels) == 1 else name).strip()
    entry = registry.resolve(wanted) if "release" in levels else None
    for one in levels:
        keys = {wanted.casefold()} | ({entry.release} if one == "release" and entry else set())
        rows = [row for row in model.releases if keys & _names(row, one, registry)]
        labs = {row["lab"] for row in rows}
        if len(labs) > 1:
            said = ", ".join(sorted(labs))
            raise FingerprintError(f"--claimed: {printable(name)}: a {one} of several labs ({said}); name a release")
        if rows:
            first = rows[0]["release"] if one == "release" else rows[0][one]
            return Claimed(first, one, rows[0]["lab"], tuple(row["release"] for row in rows))
    if entry:
        raise FingerprintError(
            f"--claimed: {entry.release}: the registry knows this release, the model does not; give responses that it "
            f"is known to have written with --reference FILE, or claim its lab: --claimed lab:{entry.lab}"
        )
    known = {row[one] for row in model.releases for one in levels}
    near = registry.candidates(wanted, _NEAR) or difflib.get_close_matches(wanted, sorted(known), _NEAR)
    hint = f"; similar: {', '.join(map(printable, near))}" if near else "; fingerprint models show lists what it knows"
    raise FingerprintError(f"--claimed: {printable(name)}: not a release, line, family or lab of the model{hint}")


def _names(row: Mapping[str, str], level: str, registry: Registry) -> set[str]:
    names = {row[level].casefold()}
    return names | {registry.display(row["lab"]).casefold()} if level == "lab" else names


def verify(model: Loaded, case: Case, claimed: Claimed, allowed: AllowedRates) -> ClaimVerdict:
    """Say whether the claimed model wrote the responses.

    Args:
        model: A model that has learned about claims.
        case: The responses, all by one model.
        claimed: What is claimed.
        allowed: The error rates.

    Returns:
        The verdict.

    Raises:
        FingerprintError: For a model without a calibration of claims.
    """
    texts = [record.response for record in case.records]
    return claim_verdict(
        model, case, claimed, allowed, Reading.of(model, texts, claimed, model.read) if texts else None
    )


def claim_verdict(
    model: Loaded, case: Case, claimed: Claimed, allowed: AllowedRates, reading: Reading | None
) -> ClaimVerdict:
    """Say the same as `verify` on a case that has been read.

    Args:
        model: A model that has learned about claims.
        case: The responses, all by one model.
        claimed: What is claimed.
        allowed: The error rates.
        reading: Of these responses; None where there are none.

    Returns:
        The verdict.

    Raises:
        FingerprintError: For a model without a calibration of claims.
    """
    if model.claims is None:
        raise FingerprintError(UNABLE)
    texts = reading.texts if reading else ()
    known_script = reading is None or bool(reading.covariates.known_script[0])
    in_domain = reading is not None and known_script and bool(reading.evidence.in_domain_llr[0] > 0)
    table = model.claims.table(claimed.table, in_domain)
    llr = float(table.log_likelihood_ratios(reading.columns)[0]) if reading else 0.0
    distance = float(reading.evidence.domain_distance[0]) if reading else 1.0
    two_sources = float(reading.covariates.two_source_llr[0]) if reading else 0.0
    judged = ClaimCase(len(texts), llr, distance, two_sources, known_script)
    decision = decide_claim(judged, model.calibration, table, allowed.false_alarms, allowed.false_accepts)
    sizes = trial_sizes(table)
    responses, trials = trial_rates(table, max(len(texts), 1))
    return ClaimVerdict(
        file=case.file,
        read=input_info(case),
        n_responses=case.n_responses,
        n_used=case.n_used,
        claimed=claimed,
        verdict=decision.verdict,
        reason=decision.reason,
        explanation=decision.explanation,
        log_likelihood_ratio=round(llr, 3),
        consistent_from=decision.accept,
        inconsistent_below=decision.reject,
        false_alarms=allowed.false_alarms,
        false_accepts=allowed.false_accepts,
        support=support_of(llr),
        supports_claim=llr >= 0,
        alternatives=reading.alternatives() if reading else (),
        style_markers=reading.style_markers() if reading else (),
        domain=Domain(round(distance, 3), round(model.calibration.domain_limit(len(texts)), 3)) if texts else None,
        in_domain=in_domain,
        responses=responses,
        rates=trials,
        sizes=sizes,
        warnings=case.warnings,
        advice=what_would_settle(decision, judged, sizes),
        model=model.info,
    )


@dataclass(frozen=True)
class Reading:
    """What a model finds in one case about one claim.

    Attributes:
        model: The model.
        texts: The responses.
        claimed: The claim.
        evidence: On the case.
        covariates: Of the case.
        found: The posterior before recalibration.
        columns: What the log-likelihood ratio of the claim is computed from.
        member: (R,) the releases of the claim.
        lab: The code of its lab.
    """

    model: Loaded
    texts: Sequence[str]
    claimed: Claimed
    evidence: Evidence
    covariates: Covariates
    found: Posterior
    columns: Floats
    member: NDArray[np.bool_]
    lab: int

    @classmethod
    def of(cls, model: Loaded, texts: Sequence[str], claimed: Claimed, embed: Embed) -> Reading:
        """Read a case.

        Args:
            model: The model.
            texts: The responses, one or more.
            claimed: The claim.
            embed: As `Loaded.read`.
        """
        embeddings, sizes = embed(texts)
        evidence, covariates = read_cases(model.likelihood, [embeddings], [sizes], [model.known_script(texts)])
        calibration = model.calibration
        columns = covariates.columns(evidence, calibration.config)
        found = posterior(calibration.values(), evidence, columns, model.likelihood.plda.lab)
        member = np.array([row["release"] in claimed.releases for row in model.releases])
        lab = model.labs.index(claimed.lab)
        claims = Claims(claimed.table, member[None], np.array([lab]))
        read = claim_columns(claims, found, evidence, columns)
        return cls(model, texts, claimed, evidence, covariates, found, read, member, lab)

    def alternatives(self) -> tuple[Alternative, ...]:
        """Return the best explanation of each kind beside the claim."""
        releases, share = self.model.releases, self.found.release[0]
        family = [row["family"] for row in releases]
        own = {family[i] for i in np.flatnonzero(self.member)}
        same_lab = np.asarray(self.model.likelihood.plda.lab == self.lab) & ~self.member
        same_family = same_lab & np.array([name in own for name in family])
        labs = self.found.labs()[0]
        claim = share[self.member].sum()
        out = []
        if self.claimed.level == "lab":
            claim = labs[self.lab]
        else:
            for kind, of in (
                ("release of the same family", same_family),
                ("release of the same lab", same_lab & ~same_family),
            ):
                if of.any():
                    best = int(np.where(of, share, -1.0).argmax())
                    out.append((kind, releases[best]["release"], share[best]))
            new = self.found.new[0, self.lab]
            out.append(("new release of the same lab", self.claimed.lab, new))
        others = np.where(np.arange(len(labs)) == self.lab, -1.0, labs)
        if len(labs) > 1:
            out.append(("other lab", self.model.labs[int(others.argmax())], others.max()))
        out.append(("unknown lab", "", self.found.unknown[0]))
        rows = [Alternative(kind, name, _ratio(float(claim), float(of))) for kind, name, of in out]
        return tuple(sorted(rows, key=lambda row: row.log_likelihood_ratio))

    def style_markers(self) -> tuple[StyleMarker, ...]:
        """Return those that speak for the best known release outside the claim and against the claim."""
        share = self.found.release[0] + _LEAST
        own = np.where(self.member, share, 0.0)
        if self.member.all():
            return ()
        rest = np.where(self.member, 0.0, share)
        best = np.arange(len(rest)) == rest.argmax()
        config = self.model.config.style_markers
        return style_marker_llrs(self.texts, self.model.profiles, best.astype(float), own / own.sum(), config)


def _ratio(claim: float, other: float) -> float:
    ratio = np.log(claim + _LEAST) - np.log(other + _LEAST)
    return round(float(np.clip(ratio, -_FARTHEST, _FARTHEST)), 3)
