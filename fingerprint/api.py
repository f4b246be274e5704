"""`Fingerprint`: a trained model that says which lab's model wrote a set of responses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.escaping import printable
from fingerprint.base.files import data_dir
from fingerprint.base.keys import factorize, prompt_digest
from fingerprint.config import Config
from fingerprint.data.reader import case_of
from fingerprint.data.registry import Registry
from fingerprint.data.response import Case, Response
from fingerprint.data.tokenizers import TokenizerTable
from fingerprint.errors import FingerprintError, ModelError
from fingerprint.loading import Loaded, load_model
from fingerprint.metrics import Level
from fingerprint.model.calibration import DecisionLimits, Expect, KindFigures, nearest
from fingerprint.model.candidates import CandidatePrior, among, with_candidates
from fingerprint.model.claim_verdict import Claimed, ClaimVerdict
from fingerprint.model.covariates import Covariates, read_cases, read_nothing
from fingerprint.model.decision import CaseSummary, Question, decide, summaries
from fingerprint.model.explanation import style_marker_llrs
from fingerprint.model.likelihood import Evidence
from fingerprint.model.plda import Floats
from fingerprint.model.posterior import Posterior
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.prompts import PromptTable
from fingerprint.model.similarity import Tree, lab_tree, release_tree
from fingerprint.model.verdict import (
    FALSE_ACCEPTS,
    FALSE_ALARMS,
    FALSE_ATTRIBUTIONS,
    NONE_OF_THESE,
    OUTSIDE,
    UNKNOWN,
    AllowedRates,
    Calibration,
    Candidates,
    Domain,
    FamilyShare,
    KindRates,
    KindShare,
    LabShare,
    NewRelease,
    ReleaseShare,
    SideEvidence,
    SizeRates,
    StyleMarker,
    Verdict,
)
from fingerprint.side.combination import Asked, MeasuredRates, combine
from fingerprint.side.evidence import SideTables, side_evidence
from fingerprint.side.token_counts import KnownTokenizers
from fingerprint.verification.claims import input_info, resolve_claim, verify
from fingerprint.verification.comparison import Comparison
from fingerprint.verification.pairs import compare_cases
from fingerprint.verification.references import ReferenceVerdict, verify_against
from fingerprint.verification.sequence import SequentialTest

_Share = TypeVar("_Share", LabShare, FamilyShare, ReleaseShare, NewRelease)

# Of the bootstrap of trees: one model always has the same.
_SEED = 0

# Weight of a release in its lab's profile where the posterior gives it nothing, so that a profile always exists.
_LEAST_SHARE = 1e-9


class Fingerprint:
    """A trained model in memory.

    Args:
        loaded: The parts of a model folder; `Fingerprint.load` reads them.

    Examples:
        >>> from fingerprint import Fingerprint
        >>> model = Fingerprint.load()
        >>> verdict = model.identify(
        ...     [
        ...         "Bread goes stale because its starch slowly crystallises again.",
        ...         "The quickest way is by train: you change once, in Utrecht.",
        ...     ]
        ... )
        >>> verdict.n_used
        2
        >>> [share.lab for share in verdict.labs if share.lab not in model.labs]
        ['unknown']
        >>> round(sum(share.probability for share in verdict.labs), 6)
        1.0
    """

    def __init__(self, loaded: Loaded):
        self._model = loaded
        self._plda = loaded.likelihood.plda
        self._family = factorize([f"{entry['lab']} {entry['family']}" for entry in loaded.releases])[1]

    @classmethod
    def load(cls, folder: str | Path | None = None, encoder: str | None = None) -> Fingerprint:
        """Read a model folder.

        Args:
            folder: The model folder; None for the model that ships with the package, wherever that is installed.
            encoder: The sentence-transformers model that a model trained with `--encoder` may load, by the name that it
                was trained with; it is not part of the folder. None allows none.

        Returns:
            The model in memory.

        Raises:
            ModelError: For a folder that is not a sound model, and for a model whose encoder is not `encoder`.
            MissingExtra: For an encoder that needs PyTorch where there is none.
        """
        folder = data_dir("models") / "default" if folder is None else Path(folder)
        loaded = load_model(folder, encoder)
        if encoder and not loaded.config.embedding.encoder:
            raise ModelError(f"{folder}: has an encoder of its own; leave out the encoder {printable(encoder)}")
        return cls(loaded)

    @property
    def labs(self) -> tuple[str, ...]:
        """The labs that the model knows, by their keys in the registry.

        Examples:
            >>> from fingerprint import Fingerprint
            >>> "anthropic" in Fingerprint.load().labs
            True
        """
        return tuple(self._model.labs)

    @property
    def loaded(self) -> Loaded:
        """The parts of the model folder, for what reads more than verdicts: pages and trees."""
        return self._model

    @property
    def information(self) -> InformationGain | None:
        """How much kinds of prompts tell about the lab; None in a model without this document."""
        return self._model.information

    @property
    def prompts(self) -> PromptTable | None:
        """The prompts that the model was trained on; None where it does not keep them."""
        return self._model.prompts

    @property
    def config(self) -> Config:
        """Every hyper-parameter that the model was trained with."""
        return self._model.config

    @property
    def side(self) -> SideTables:
        """What the model knows about token counts and self-identification."""
        return self._model.side

    def tree(self, level: str = Level.LAB) -> Tree:
        """Return the tree of labs, or of releases, by the similarity of their mean styles.

        Args:
            level: "lab" or "release".

        Raises:
            FingerprintError: For another level, and for a model that knows fewer than two of them.
            MissingExtra: Without SciPy.
        """
        match level:
            case Level.LAB:
                root = lab_tree(self._model.likelihood, self._model.labs, _SEED)
            case Level.RELEASE:
                root = release_tree(self._model.likelihood, self._model.releases, _SEED)
            case _:
                raise FingerprintError(f"level: {printable(level)}: expected lab or release")
        if root is None:
            raise FingerprintError(f"the model knows one {level} only: there is no tree")
        return Tree(root)

    @cached_property
    def known_tokenizers(self) -> KnownTokenizers:
        """What token counts are compared with: public tokenizers, and those of the model."""
        return self.side.known_tokenizers(TokenizerTable.load(), Registry.load())

    @cached_property
    def _measured(self) -> MeasuredRates:
        return MeasuredRates.load()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Compute the embeddings of responses. Names that a model gives itself are masked.

        Args:
            texts: The responses.

        Returns:
            (texts, D) embeddings.

        Raises:
            FingerprintError: For a lone text, whose letters would be taken for texts.

        Examples:
            >>> from fingerprint import Fingerprint
            >>> Fingerprint.load().embed(["Bread goes stale.", "Take the train."]).shape
            (2, 512)
        """
        if isinstance(texts, str):
            raise FingerprintError("texts: expected a list of texts, found one str; write [text]")
        return self._model.read(texts)[0]

    def identify(
        self,
        responses: Case | Iterable[str | Mapping[str, Any] | Response],
        *,
        candidates: Sequence[str] | None = None,
        expect: str = Expect.ANY,
        false_attributions: float = FALSE_ATTRIBUTIONS,
        style_only: bool = False,
    ) -> Verdict:
        """Say which lab's model wrote the responses, all by one model.

        Args:
            responses: A case; or texts, or mappings as the lines of a file ("response", "prompt", "usage", ...).
            candidates: The labs in question, two or more; None for all that the model knows. "None of these" stays
                among the answers.
            expect: What the responses probably are: "new" (a stealth model), "known" (an audit of a known release) or
                "any". It decides the prior, and the kinds of cases in which the error rates hold.
            false_attributions: The share of attributions that may name a wrong lab, above 0 and below 1.
            style_only: Leave out token counts and self-identification, which never change the verdict.

        Returns:
            The verdict.

        Raises:
            InputError: For values that hold no response.
            FingerprintError: For a candidate that the model does not know, for fewer than two candidates, and for
                candidates where the model has no thresholds for them.

        Examples:
            >>> from fingerprint import Fingerprint
            >>> model = Fingerprint.load()
            >>> verdict = model.identify(["Bread goes stale."] * 3, candidates=["openai", "google"])
            >>> sorted(share.lab for share in verdict.labs)
            ['google', 'none-of-these', 'openai']
            >>> model.identify(["Bread goes stale."], candidates=["nobody", "openai"])
            Traceback (most recent call last):
            fingerprint.errors.FingerprintError: not a lab in the model: nobody
        """
        case = responses if isinstance(responses, Case) else case_of(responses)
        allowed, calibration = self._allowed(candidates), self._model.calibration
        question = Question(_expected(expect), false_attributions, None if candidates is None else int(allowed.sum()))
        # Refuses a model that has none.
        limits = calibration.limits(question.expect, question.candidates)
        texts = [record.response for record in case.records]
        evidence, covariates = self._evidence(texts)
        found = calibration.predict(evidence, covariates, self._plda.lab, question.expect)
        if candidates is not None:
            found = with_candidates(found, allowed[None], CandidatePrior.of(calibration.config, question.expect))
        everyone, found = found, found if candidates is None else among(found, allowed)
        summary = replace(summaries(found, evidence, covariates, self._family)[0], responses=len(texts))
        decision = decide(summary, calibration, question)
        labs = self._labs(found, allowed, UNKNOWN if candidates is None else NONE_OF_THESE)
        llr = calibration.inverse_temperature(evidence, covariates)[0] * (evidence.known[0] - evidence.unknown[0])
        side = None if style_only else self._side(case)
        by_style = self._labs(everyone, np.ones(len(self.labs), bool), UNKNOWN)
        asked = Asked(question.expect, len(texts), candidates)
        return Verdict(
            file=case.file,
            read=input_info(case),
            n_responses=case.n_responses,
            n_used=case.n_used,
            verdict=decision.verdict,
            reason=decision.reason,
            explanation=decision.explanation,
            level=decision.level,
            novelty=decision.novelty,
            support=decision.support,
            set=self._some_labs(decision.set, summary),
            shortlist=self._some_labs(decision.shortlist, summary),
            labs=labs,
            families=self._families(found, allowed),
            releases=self._releases(found, llr, allowed),
            new_releases=_ranked(
                NewRelease(lab, p) for lab, p, ok in zip(self.labs, found.new[0].tolist(), allowed, strict=True) if ok
            ),
            style_markers=self._style_markers(texts, found, allowed),
            domain=Domain(round(summary.domain_distance, 3), round(calibration.domain_limit(len(texts)), 3))
            if texts
            else None,
            calibration=self._rates(len(texts), question, limits),
            warnings=case.warnings,
            advice=None,
            candidates=None if candidates is None else self._candidates(candidates, everyone, allowed, question),
            side_evidence=side,
            combined=None if side is None else combine(by_style, side, asked, self._measured),
            model=self._model.info,
            known_prompts=self._known_prompts(case),
        )

    def claim(self, name: str) -> Claimed:
        """Return what a name claims, for `verify`.

        Args:
            name: A release, a line, a family or a lab by any of its names; "line:NAME" for that level alone.

        Raises:
            FingerprintError: For a name that the model does not know, with the nearest ones.
        """
        return resolve_claim(name, self._model, Registry.load())

    def verify(
        self,
        responses: Case | Iterable[str | Mapping[str, Any] | Response],
        claimed: str | Claimed,
        *,
        false_alarms: float = FALSE_ALARMS,
        false_accepts: float = FALSE_ACCEPTS,
    ) -> ClaimVerdict:
        """Say whether the claimed model wrote the responses, all by one model.

        Args:
            responses: As for `identify`.
            claimed: A claim, or its name.
            false_alarms: The share of true claims that may be called inconsistent.
            false_accepts: The share of false claims, of each kind, that may be called consistent.

        Returns:
            The verdict.

        Raises:
            InputError: For values that hold no response.
            FingerprintError: For a name that the model does not know, or a model that has no calibration of claims.
        """
        case = responses if isinstance(responses, Case) else case_of(responses)
        claim = claimed if isinstance(claimed, Claimed) else self.claim(claimed)
        return verify(self._model, case, claim, AllowedRates(false_alarms, false_accepts))

    def sequential_test(
        self, claimed: str | Claimed, *, false_alarms: float = FALSE_ALARMS, false_accepts: float = FALSE_ACCEPTS
    ) -> SequentialTest:
        """Return a test of a claim for responses that still come in: it may stop as soon as the claim is settled.

        Args:
            claimed: A claim, or its name.
            false_alarms: The share of true claims that may be called inconsistent, however early the test stops.
            false_accepts: The share of false claims, of each kind, that may be called consistent.

        Returns:
            The test; its `see` takes all responses so far.

        Raises:
            FingerprintError: As `verify`, and for rates so low that nothing could be settled.
        """
        claim = claimed if isinstance(claimed, Claimed) else self.claim(claimed)
        return SequentialTest(self._model, claim, AllowedRates(false_alarms, false_accepts))

    def verify_against(
        self,
        responses: Case | Iterable[str | Mapping[str, Any] | Response],
        reference: Case | Iterable[str | Mapping[str, Any] | Response],
        *,
        false_alarms: float = FALSE_ALARMS,
        false_accepts: float = FALSE_ACCEPTS,
    ) -> ReferenceVerdict:
        """Say whether the model that wrote the reference wrote the responses. It does not have to be a known release.

        Args:
            responses: As for `identify`.
            reference: Responses that the claimed model is known to have written.
            false_alarms: The share of pairs of one release that may be called inconsistent.
            false_accepts: The share of pairs of two releases that may be called consistent, in each kind of pair.

        Returns:
            The verdict.

        Raises:
            InputError: For responses or a reference of which none can be judged.
            FingerprintError: For a model that has no calibration of pairs.
        """
        case, known = (given if isinstance(given, Case) else case_of(given) for given in (responses, reference))
        return verify_against(self._model, case, known, AllowedRates(false_alarms, false_accepts))

    def compare(
        self,
        cases: Sequence[Case | Iterable[str | Mapping[str, Any] | Response]],
        *,
        false_alarms: float = FALSE_ALARMS,
        false_accepts: float = FALSE_ACCEPTS,
    ) -> Comparison:
        """Say of each two cases whether one release wrote both. Neither has to be a release that the model knows.

        Args:
            cases: Two or more cases, each as `identify` takes them.
            false_alarms: The share of pairs of one release that may be called different.
            false_accepts: The share of pairs of two releases that may be called the same, in each kind of pair.

        Returns:
            The comparison of all pairs.

        Raises:
            InputError: For a case that holds no response that can be judged.
            FingerprintError: For fewer than two cases, or a model that has no calibration of pairs.
        """
        given = [case if isinstance(case, Case) else case_of(case) for case in cases]
        return compare_cases(self._model, given, AllowedRates(false_alarms, false_accepts))

    def _allowed(self, candidates: Sequence[str] | None) -> NDArray[np.bool_]:
        """Return (L,) whether a lab is in question."""
        if candidates is None:
            return np.ones(len(self.labs), bool)
        named = set(candidates)
        if strange := sorted(named - set(self.labs)):
            raise FingerprintError(f"not a lab in the model: {printable(', '.join(strange))}")
        if not named:
            raise FingerprintError("candidates: expected two labs or more")
        if len(named) == 1:
            raise FingerprintError(one_candidate("candidates", *named))
        return np.array([lab in named for lab in self.labs])

    def _candidates(
        self, candidates: Sequence[str], everyone: Posterior, allowed: NDArray[np.bool_], question: Question
    ) -> Candidates:
        """Return what the question about candidates rests on; everyone: the posterior over all labs."""
        of, number = self._model.calibration, len(set(candidates))
        others = self._labs(everyone, ~allowed, UNKNOWN)
        outside = next((share for share in others if share.lab != UNKNOWN), None)
        calibrated = int(nearest(of.expectations[question.expect].candidates, number))
        return Candidates(tuple(dict.fromkeys(candidates)), of.config.candidate_prior, calibrated, outside)

    def _known_prompts(self, case: Case) -> int | None:
        if self.prompts is None:
            return None
        return int(self.prompts.knows([prompt_digest(record.prompt) for record in case.records]).sum())

    def _side(self, case: Case) -> SideEvidence:
        return side_evidence(case, self.labs, self.side.names, self.known_tokenizers)

    def _evidence(self, texts: Sequence[str]) -> tuple[Evidence, Covariates]:
        if not texts:
            return read_nothing(len(self._plda.lab), len(self.labs))
        embeddings, sizes = self._model.read(texts)
        known_script = self._model.known_script(texts)
        return read_cases(self._model.likelihood, [embeddings], [sizes], [known_script])

    def _labs(self, found: Posterior, allowed: NDArray[np.bool_], rest: str) -> tuple[LabShare, ...]:
        """Return some of the labs, and what is left under the name `rest`."""
        # A sum may exceed 1 by its last digit.
        shares = np.minimum(found.labs()[0], 1.0).tolist()
        rows = [LabShare(lab, p) for lab, p, ok in zip(self.labs, shares, allowed, strict=True) if ok]
        return _ranked([*rows, LabShare(rest, min(float(found.unknown[0]), 1.0))])

    def _some_labs(self, codes: Sequence[int], case: CaseSummary) -> tuple[LabShare, ...]:
        return tuple(LabShare(self.labs[i], min(float(case.labs[i]), 1.0)) for i in codes)

    def _families(self, found: Posterior, allowed: NDArray[np.bool_]) -> tuple[FamilyShare, ...]:
        shares: dict[tuple[str, str], float] = defaultdict(float)
        for entry, p, lab in zip(self._model.releases, found.release[0].tolist(), self._plda.lab, strict=True):
            if allowed[lab]:
                shares[entry["family"], entry["lab"]] += p
        return _ranked(FamilyShare(family, lab, min(p, 1.0)) for (family, lab), p in shares.items())

    def _releases(self, found: Posterior, llr: Floats, allowed: NDArray[np.bool_]) -> tuple[ReleaseShare, ...]:
        rows = zip(self._model.releases, found.release[0].tolist(), llr.tolist(), self._plda.lab, strict=True)
        return _ranked(
            ReleaseShare(entry["release"], entry["lab"], entry["family"], p, round(ratio, 3))
            for entry, p, ratio, lab in rows
            if allowed[lab]
        )

    def _rates(self, responses: int, question: Question, limits: DecisionLimits) -> Calibration:
        calibration, figures = self._model.calibration, limits.figures
        config = calibration.config
        mixture, promised = config.mixture(question.expect), config.promised(question.expect)
        attributed, likely = question.false_attributions, max(config.likely, question.false_attributions)
        size = calibration.nearest(responses)
        kinds = [
            (kind, figures[size][kind]) for kind in (*mixture, *map(OUTSIDE.__add__, mixture)) if kind in figures[size]
        ]
        # How many verdicts name a lab is asked of cases that have one among those in question.
        asked = {kind: share for kind, share in mixture.items() if question.candidates is None or kind != UNKNOWN}
        return Calibration(
            expect=question.expect,
            mixture=tuple(KindShare(kind, share, kind in promised) for kind, share in mixture.items()),
            false_attributions=attributed,
            likely_errors=likely,
            set_coverage=config.set_coverage,
            responses=int(size),
            kinds=tuple(
                KindRates(
                    kind,
                    of.cases,
                    round(of.lab_error, 4),
                    *(round(value, 4) for rate in (attributed, likely) for value in of.at(config.rates, rate)),
                    *(round(value, 4) for value in of.lists_at(config.rates, likely)),
                )
                for kind, of in kinds
            ),
            sizes=tuple(
                SizeRates(
                    int(one),
                    *(_mean_coverage(figures[one], asked, config.rates, rate) for rate in (attributed, likely)),
                )
                for one in sorted(figures, key=int)
            ),
        )

    def _style_markers(self, texts: list[str], found: Posterior, allowed: NDArray[np.bool_]) -> tuple[StyleMarker, ...]:
        leaders = [int(i) for i in np.argsort(-found.labs()[0], kind="stable") if allowed[i]][:2]
        if len(leaders) < 2 or not texts:
            return ()
        shares = [np.where(self._plda.lab == lab, found.release[0] + _LEAST_SHARE, 0) for lab in leaders]
        first, second = (share / share.sum() for share in shares)
        return style_marker_llrs(texts, self._model.profiles, first, second, self._model.config.style_markers)


def one_candidate(name: str, lab: str) -> str:
    """Return why one candidate alone is refused, and what answers that question.

    Args:
        name: Of the argument or option.
        lab: The candidate.
    """
    return f"{name}: {lab} alone; whether it is {lab} is what fingerprint verify FILE --claimed {lab} says"


def _expected(expect: str) -> Expect:
    try:
        return Expect(expect)
    except ValueError:
        raise FingerprintError(f"expect: {printable(expect)}: expected {', '.join(Expect)}") from None


def _mean_coverage(
    kinds: Mapping[str, KindFigures], mixture: Mapping[str, float], rates: Sequence[float], rate: float
) -> float:
    """Return the coverage at a rate over the kinds that were measured, weighted by the mixture."""
    measured = {kind: of for kind, of in kinds.items() if kind in mixture}
    total = sum(mixture[kind] for kind in measured)
    mean = sum(mixture[kind] * round(of.at(rates, rate)[0], 4) for kind, of in measured.items())
    return round(mean / total, 4) if total else 0.0


def _ranked(rows: Iterable[_Share]) -> tuple[_Share, ...]:
    """Return the rows by descending probability."""
    return tuple(sorted(rows, key=lambda row: -row.probability))
