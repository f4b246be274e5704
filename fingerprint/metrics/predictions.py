"""Predictions about test cases: the one form that every metric is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.keys import factorize, isin
from fingerprint.metrics import Level

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]


@dataclass(frozen=True)
class ClassNames:
    """All releases that are the truth of a case or part of a prediction, whatever single models know.

    Attributes:
        labs: (L,) names.
        families: (F,) names, each of one lab.
        releases: (R,) names.
        lab: (R,) the lab of each release, an index into `labs`.
        family: (R,) the family of each release, an index into `families`.
        group: (R,) the group of each release: what the registry leaves out of a training together.
    """

    labs: list[str]
    families: list[str]
    releases: list[str]
    lab: Ints
    family: Ints
    group: Ints

    @classmethod
    def of(cls, lab_of: Mapping[str, str]) -> ClassNames:
        """Return releases and their labs; each release is a family and a group of its own."""
        releases = sorted(lab_of)
        labs, lab = factorize([lab_of[name] for name in releases])
        own = np.arange(len(releases))
        return cls(labs, releases, releases, lab, own, own)

    def some(self, at: Ints) -> ClassNames:
        """Return the classes with some of the releases, and with all labs and families under their codes."""
        releases = [self.releases[i] for i in at]
        return replace(self, releases=releases, lab=self.lab[at], family=self.family[at], group=self.group[at])


@dataclass(frozen=True)
class Predictions:
    """The truth of S cases and what models predicted. Classes that a model does not know have probability 0.

    Attributes:
        names: The classes, the same for all cases.
        release: (S,) the true release, an index into `names.releases`.
        count: (S,) responses.
        known: (S,) whether the model was trained on the release.
        lab_known: (S,) whether the model was trained on any release of the lab.
        share: (S, R) probability of each known release.
        new: (S, L) probability of a new release of each lab.
        unknown: (S,) probability of the unknown lab; with `share` and `new` it sums to 1.
        verdict: (S,) of str, the words of the verdicts.
        level: (S,) of str, the level that the verdict names; empty where it names no lab.
        set_size: (S,) labs in the set.
        in_set: (S,) whether the right lab is in the set; it never is for an unknown lab.
        listed: (S,) whether there is a short list of labs.
        in_list: (S,) whether the right lab is on it.
        part: (S,) of str, what the case belongs to within its protocol: a corpus, a month, a perturbation.
    """

    names: ClassNames
    release: Ints
    count: Ints
    known: Bools
    lab_known: Bools
    share: Floats
    new: Floats
    unknown: Floats
    verdict: Objects
    level: Objects
    set_size: Ints
    in_set: Bools
    listed: Bools
    in_list: Bools
    part: Objects

    def __len__(self) -> int:
        return len(self.release)

    def of(self, at: Bools | Ints) -> Predictions:
        """Return the predictions about some cases."""
        return replace(self, **{name: getattr(self, name)[at] for name in _array_names()})

    def arrays(self) -> dict[str, NDArray]:
        """Return all arrays by name, as a process gives them back; `names` is not among them."""
        return {name: getattr(self, name) for name in _array_names()}

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """Return the predictions of all parts, one part after the other; their names must be the same."""
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _array_names()}
        return cls(parts[0].names, **arrays)

    def over(self, names: ClassNames, at: Ints) -> Predictions:
        """Return predictions over the releases `at` (R,) of `names` as predictions over all of `names`."""
        share = np.zeros((len(self), len(names.releases)), self.share.dtype)
        share[:, at] = self.share
        return replace(self, names=names, release=at[self.release], share=share)

    def verdict_is(self, *verdicts: str) -> Bools:
        """Return (S,) whether the verdict is one of these."""
        return isin(self.verdict, verdicts)

    def labs(self) -> Floats:
        """Return (S, L) the probability of each lab: of its known releases and its new one together."""
        return self.new + self.share @ self._members(self.names.lab, len(self.names.labs))

    def families(self) -> Floats:
        """Return (S, F) the probability of the known releases of each family."""
        return self.share @ self._members(self.names.family, len(self.names.families))

    def family_known(self) -> Bools:
        """Return (S,) whether the model was trained on any release of the family.

        A family that has a probability in a case is known. So is it in the other cases of the same release, whose
        probability may be too small for single precision if they have many responses.
        """
        family = self.names.family[self.release]
        has_share = self.families()[np.arange(len(self)), family] > 0
        return np.asarray(self.known | np.isin(self.release, self.release[has_share & ~self.known]))

    def _members(self, code: Ints, size: int) -> Floats:
        """(R, size) with a one for each release; in the type of `share`, for the product to stay in it."""
        return np.eye(size, dtype=self.share.dtype)[code]


def _array_names() -> list[str]:
    return [field.name for field in fields(Predictions) if field.name != "names"]


# The rank of a name that has no probability: behind every other one.
_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Ranking:
    """The predictions about S cases at one level.

    The classes over which the probabilities sum to 1 are the known names, the unknown lab and, below the level of
    labs, a new release of each lab.

    Attributes:
        size: How many names there are at this level.
        name: (S,) the true name.
        first: (S,) the known name with the highest probability, -1 if no known name has any.
        probability: (S,) the probability of the first name.
        rank: (S,) how many known names come before the true one.
        nameable: (S,) whether the model knows the true name: a lab or family if it knows any release of it.
        true: (S,) the probability of the true class. For an unseen release of a known lab this class is the new
            release of that lab, also if its family is known: a family has the probability of its known releases.
        squares: (S,) sum of the squares of all probabilities.
        right: (S,) whether the first name is the true class.
    """

    size: int
    name: Ints
    first: Ints
    probability: Floats
    rank: Ints
    nameable: Bools
    true: Floats
    squares: Floats
    right: Bools

    @classmethod
    def at(cls, level: Level, predictions: Predictions) -> Ranking:
        """Rank the names of a level.

        Args:
            level: What is named.
            predictions: About S cases.

        Returns:
            The ranking of S cases.
        """
        names, cases = predictions.names, np.arange(len(predictions))
        lab = names.lab[predictions.release]
        if level is Level.LAB:
            share, name = predictions.labs(), lab
            nameable = seen = predictions.lab_known
            others = predictions.unknown[:, None]
            other = predictions.unknown
        else:
            of_release = level is Level.RELEASE
            share = predictions.share if of_release else predictions.families()
            name = predictions.release if of_release else names.family[predictions.release]
            nameable = predictions.known if of_release else predictions.family_known()
            seen = predictions.known
            others = np.column_stack([predictions.new, predictions.unknown])
            other = np.where(predictions.lab_known, predictions.new[cases, lab], predictions.unknown)
        first = share.argmax(axis=1)
        probability, own = share[cases, first], share[cases, name]
        first = np.where(probability > 0, first, -1)
        before = share > own[:, None]
        # Of two names with the same probability, the one that is listed first comes first.
        before |= (share == own[:, None]) & (np.arange(share.shape[1]) < name[:, None])
        return cls(
            size=share.shape[1],
            name=name,
            first=first,
            probability=probability,
            rank=np.where(own > 0, before.sum(axis=1), _LAST),
            nameable=nameable,
            true=np.where(seen, own, other),
            squares=_squares(share) + _squares(others),
            right=(first == name) & seen,
        )

    def of(self, at: Bools | Ints) -> Ranking:
        """Return the ranking of some cases."""
        rest = [field.name for field in fields(self) if field.name != "size"]
        return replace(self, **{name: getattr(self, name)[at] for name in rest})


def _squares(share: Floats) -> Floats:
    return np.einsum("sc,sc->s", share, share)
