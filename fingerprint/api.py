"""`Fingerprint`: a trained model that says who wrote a set of responses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.escaping import printable
from fingerprint.data.reading import case_of
from fingerprint.data.response import Case, Response
from fingerprint.errors import FingerprintError, ModelError
from fingerprint.loading import Loaded, load_model
from fingerprint.model.covariates import Covariates
from fingerprint.model.decision import decide, facts
from fingerprint.model.explanation import style_marker_llrs
from fingerprint.model.likelihood import Evidence
from fingerprint.model.posterior import Posterior, inverse_temperature
from fingerprint.model.probe_information import InformationGain
from fingerprint.model.verdict import (
    FALSE_ATTRIBUTIONS,
    UNKNOWN,
    Calibration,
    FamilyShare,
    LabShare,
    NewRelease,
    ReleaseShare,
    StyleMarker,
    Verdict,
)
from fingerprint.side.evidence import SideTables, side_evidence


class Fingerprint:
    """A model in memory. `labs`: the labs that it knows."""

    def __init__(self, loaded: Loaded):
        self._model = loaded
        self._hierarchy = loaded.likelihood.plda

    @classmethod
    def load(cls, folder: str | Path, encoder: str | None = None) -> Fingerprint:
        """Read a model folder.

        Args:
            folder: The model folder.
            encoder: The sentence-transformers model that a model trained with `--encoder` may load, by the name that it
                was trained with; it is not part of the folder. None allows none.

        Returns:
            The model in memory.

        Raises:
            ModelError: For a folder that is not a sound model, and for a model whose encoder is not `encoder`.
            MissingExtra: For an encoder that needs PyTorch where there is none.
        """
        loaded = load_model(Path(folder), encoder)
        if encoder and not loaded.config.embedding.encoder:
            raise ModelError(f"{folder}: has an encoder of its own; leave out the encoder {printable(encoder)}")
        return cls(loaded)

    @property
    def labs(self) -> tuple[str, ...]:
        return tuple(self._model.labs)

    @property
    def information(self) -> InformationGain | None:
        """How telling kinds of prompts are; None in a model that was trained before this was learned."""
        return self._model.information

    @property
    def side(self) -> SideTables:
        """What side evidence is judged by."""
        return self._model.side

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, D) places in the fingerprint space; names are masked here."""
        return self._model.read(texts)[0]

    def identify(
        self,
        responses: Case | Iterable[str | Mapping[str, Any] | Response],
        *,
        candidates: Sequence[str] | None = None,
        false_attributions: float = FALSE_ATTRIBUTIONS,
        style_only: bool = False,
    ) -> Verdict:
        """Who wrote these responses, all by one model.

        candidates: the labs in question, None for all. false_claims: the share of wrong claims to stay below.
        style_only: leaves out what token counts and self-given names say, which is shown apart otherwise.
        Raises InputError for a response that is none, FingerprintError for a lab that the model does not know.
        """
        case = responses if isinstance(responses, Case) else case_of(responses)
        allowed = self._allowed(candidates)
        texts = [record.response for record in case.records]
        evidence, covariates = self._evidence(texts) if texts else self._nothing()
        calibration = self._model.calibration
        found = calibration.predict(evidence, covariates, self._hierarchy.lab, allowed)
        labs = found.labs()[0]
        one = facts(np.array([len(texts)]), found, evidence, covariates)[0]
        word, reason = decide(one, calibration, false_attributions)
        shares = self._labs(labs, float(found.unknown[0]), allowed)
        scale = float(inverse_temperature(calibration.values(), evidence, covariates)[0, 0])
        return Verdict(
            file=case.file,
            n_responses=case.n_responses,
            n_used=case.n_used,
            verdict=word,
            labs=shares,
            families=self._families(found, allowed),
            releases=self._releases(found, scale * (evidence.known[0] - evidence.unknown[0]), allowed),
            new_releases=_sorted(
                NewRelease(lab, p) for lab, p, ok in zip(self.labs, _floats(found.new[0]), allowed, strict=True) if ok
            ),
            warnings=case.warnings,
            model=self._model.info,
            candidates=tuple(candidates) if candidates is not None else None,
            calibration=self._rates(len(texts), false_attributions),
            style_markers=self._habits(texts, found, labs, allowed),
            reason=reason,
            ground={"distance": round(one.domain_distance, 3), "limit": round(calibration.domain_limit(one.used), 3)},
            side_evidence=None if style_only else side_evidence(case, shares, self._model.side),
        )

    def _allowed(self, candidates: Sequence[str] | None) -> NDArray[np.bool_]:
        if candidates is None:
            return np.ones(len(self.labs), bool)
        strange = sorted(set(candidates) - set(self.labs))
        if strange or not candidates:
            raise FingerprintError(f"not a lab in the model: {', '.join(strange) or '(none named)'}")
        return np.isin(self.labs, list(candidates))

    def _evidence(self, texts: Sequence[str]) -> tuple[Evidence, Covariates]:
        embeddings, sizes = self._model.read(texts)
        likelihood = self._model.likelihood
        covariates = Covariates.read(likelihood, [embeddings], [sizes])
        return likelihood.evidence(embeddings.mean(axis=0, keepdims=True), covariates.count), covariates

    def _nothing(self) -> tuple[Evidence, Covariates]:
        releases, labs = np.zeros((1, len(self._hierarchy.lab))), np.zeros((1, len(self.labs)))
        evidence = Evidence(releases, labs, np.zeros(1), np.ones(1), np.zeros(1), releases, labs)
        return evidence, Covariates.unread(np.ones(1, np.int64))

    def _labs(self, labs: NDArray[np.float64], unknown: float, allowed: NDArray[np.bool_]) -> tuple[LabShare, ...]:
        rows = [LabShare(lab, p) for lab, p, ok in zip(self.labs, _floats(labs), allowed, strict=True) if ok]
        return _sorted([*rows, LabShare(UNKNOWN, unknown)])

    def _families(self, found: Posterior, allowed: NDArray[np.bool_]) -> tuple[FamilyShare, ...]:
        shares: dict[tuple[str, str], float] = defaultdict(float)
        rows = zip(self._model.releases, _floats(found.release[0]), self._hierarchy.lab, strict=True)
        for entry, p, lab in rows:
            if allowed[lab]:
                shares[entry["family"], entry["lab"]] += p
        return _sorted(FamilyShare(family, lab, p) for (family, lab), p in shares.items())

    def _releases(
        self, found: Posterior, ratio: NDArray[np.float64], allowed: NDArray[np.bool_]
    ) -> tuple[ReleaseShare, ...]:
        rows = zip(
            self._model.releases,
            _floats(found.release[0]),
            _floats(ratio),
            self._hierarchy.lab,
            strict=True,
        )
        return _sorted(
            ReleaseShare(e["release"], e["lab"], e["family"], p, round(r, 3)) for e, p, r, lab in rows if allowed[lab]
        )

    def _rates(self, used: int, false_attributions: float) -> Calibration:
        calibration = self._model.calibration
        bucket = calibration.nearest(used)
        curve = calibration.curves[bucket]
        coverage, error = curve.at(calibration.curves["all"].threshold(false_attributions))
        return Calibration(
            false_attributions, int(bucket), round(curve.lab_error, 4), round(error, 4), round(coverage, 4)
        )

    def _habits(
        self, texts: list[str], found: Posterior, labs: NDArray[np.float64], allowed: NDArray[np.bool_]
    ) -> tuple[StyleMarker, ...]:
        order = [int(i) for i in np.argsort(-labs, kind="stable") if allowed[i]][:2]
        if len(order) < 2 or not texts:
            return ()
        shares = []
        for lab in order:
            share = np.where(self._hierarchy.lab == lab, found.release[0] + 1e-9, 0)
            shares.append(share / share.sum())
        return style_marker_llrs(texts, self._model.profiles, *shares)


def _floats(values: NDArray[np.float64]) -> list[float]:
    return [float(v) for v in values]


def _sorted(rows: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(rows, key=lambda row: -row.probability))
