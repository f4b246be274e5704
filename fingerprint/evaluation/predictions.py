"""What a model said of suspects whose writer is known: the one form that all figures are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from fingerprint.model.verdict import VERDICTS

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.str_]


@dataclass(frozen=True)
class Names:
    """All releases asked about or answered with, in every fold. lab: (R,) code into `labs`; family: (R,) code into
    `families`; family names are unique across labs; group: (R,) code of what the registry groups together."""

    labs: list[str]
    families: list[str]
    releases: list[str]
    lab: Ints
    family: Ints
    group: Ints


@dataclass(frozen=True)
class Predictions:
    """Of S suspects. A release, lab or family that a fold did not know has share 0 in it.

    release: (S,) the true one, code into names.releases. count: (S,) responses. known, lab_known: (S,) whether the
    model had been trained on the release (its group), and on any release of the lab. share: (S, R) of known releases,
    new: (S, L) of a new release of each lab, unknown: (S,): together they sum to 1 a row. word: (S,) code into
    VERDICTS of what is said. part: (S,) what the suspect belongs to within its protocol (a corpus, a month, a
    language, a perturbation).
    """

    names: Names
    release: Ints
    count: Ints
    known: Bools
    lab_known: Bools
    share: Floats
    new: Floats
    unknown: Floats
    word: Ints
    part: Texts

    def of(self, at: Bools | Ints) -> Predictions:
        """The answers on some suspects."""
        return Predictions(self.names, *(getattr(self, field.name)[at] for field in fields(self)[1:]))

    def arrays(self) -> dict[str, np.ndarray]:
        """All but the names, for a file."""
        return {field.name: getattr(self, field.name) for field in fields(self)[1:]}

    @classmethod
    def from_arrays(cls, names: Names, held: Mapping[str, np.ndarray], prefix: str) -> Predictions:
        """What `arrays` gave, with a prefix before each key."""
        return cls(names, *(held[prefix + field.name] for field in fields(cls)[1:]))

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """All answers, one after the other; their names are the same."""
        arrays = (np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)[1:])
        return cls(parts[0].names, *arrays)

    def said(self, *words: str) -> Bools:
        """(S,) whether the verdict is one of these words."""
        return np.isin(self.word, [VERDICTS.index(word) for word in words])

    def labs(self) -> Floats:
        """(S, L) a lab's known releases and its new one together."""
        return self.new + self.share @ _member(self.names.lab, len(self.names.labs))

    def families(self) -> Floats:
        """(S, F) by known releases."""
        return self.share @ _member(self.names.family, len(self.names.families))

    def family_known(self) -> Bools:
        """(S,) whether the model had been trained on any release of the family.

        Where that is not the suspect's own, a share tells: that of any suspect of the same release, for from many
        responses it may be too small for single precision.
        """
        family = self.names.family[self.release]
        has_share = self.families()[np.arange(len(family)), family] > 0
        return np.asarray(self.known | np.isin(self.release, self.release[has_share & ~self.known]))


def _member(code: Ints, size: int) -> Floats:
    """(R, size) with a one for each code."""
    return np.eye(size, dtype=np.float32)[code]
