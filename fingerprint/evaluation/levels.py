"""Answers read at one level: labs, families, or releases."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from fingerprint.evaluation.predictions import Bools, Floats, Ints, Predictions

LEVELS = ("lab", "family", "release")
_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Level:
    """Of S suspects, (S,) each but `size`, the number of names there are.

    name: the true one. first: the known name of the largest share, -1 where none has any; probability: its share.
    rank: how many known names come before the true one, endlessly many where that has no share. nameable: whether the
    model knows the true name; a lab or family by any release of it.

    The classes that probabilities sum to 1 over are the known names, the unknown lab and, below labs, a new release
    of each lab. true: the share of the true class, which for an unseen release of a known lab is that lab's new one
    (also where the model knows its family, for the share of a family is that of its known releases). squares: sum of
    the squares of all. right: whether the first name is the true class.
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
    def read(cls, answers: Predictions, level: str) -> Level:
        """level: one of LEVELS."""
        names, cases = answers.names, np.arange(len(answers.release))
        lab = names.lab[answers.release]
        if level == "lab":
            share, name, nameable, seen = answers.labs(), lab, answers.lab_known, answers.lab_known
            others = answers.unknown[:, None]
            other = answers.unknown
        else:
            own = level == "release"
            share = answers.share if own else answers.families()
            name = answers.release if own else names.family[answers.release]
            nameable, seen = answers.known if own else answers.family_known(), answers.known
            others = np.column_stack([answers.new, answers.unknown])
            other = np.where(answers.lab_known, answers.new[cases, lab], answers.unknown)
        first = share.argmax(axis=1)
        probability, mine = share[cases, first], share[cases, name]
        first = np.where(probability > 0, first, -1)
        before = share > mine[:, None]
        before |= (share == mine[:, None]) & (np.arange(share.shape[1]) < name[:, None])
        return cls(
            size=share.shape[1],
            name=name,
            first=first,
            probability=probability,
            rank=np.where(mine > 0, before.sum(axis=1), _LAST),
            nameable=nameable,
            true=np.where(seen, mine, other),
            squares=_squares(share) + _squares(others),
            right=(first == name) & seen,
        )

    def of(self, at: Bools | Ints) -> Level:
        """The same of some suspects."""
        return Level(self.size, *(getattr(self, field.name)[at] for field in fields(self)[1:]))


def _squares(share: Floats) -> Floats:
    return np.einsum("sc,sc->s", share, share)
