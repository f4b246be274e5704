"""What a model calls itself, weighed by how often models of each lab say something false of themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fingerprint.side.claims import claimed_labs

# So many releases' worth of what is usual for all labs stands behind what is measured of one.
_PULL = 2.0


def said(texts: Iterable[str]) -> Counter[str]:
    """In how many responses each lab is named as the writer's own."""
    return Counter(lab for text in texts for lab in sorted(claimed_labs(text)))


@dataclass(frozen=True)
class Habits:
    """What known models say that they are. releases: by lab, how many of its releases named any lab as their own;
    says: by lab, the sum over these releases of the share of such responses that name each lab; others: the same sum
    over models of labs that the model does not name (other people's fine-tunes)."""

    releases: Mapping[str, int]
    says: Mapping[str, Mapping[str, float]]
    others: Mapping[str, float]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str | None, str]]) -> Habits:
        """rows: (release, its lab or None for one that the model does not name, a response's text)."""
        by_release: dict[tuple[str, str | None], Counter[str]] = {}
        for release, lab, text in rows:
            if found := said([text]):
                by_release.setdefault((release, lab), Counter()).update(found)
        releases: Counter[str] = Counter()
        says: dict[str, Counter[str]] = {}
        others: Counter[str] = Counter()
        for (_, lab), found in sorted(by_release.items(), key=lambda row: row[0][0]):
            share = {name: count / found.total() for name, count in sorted(found.items())}
            if lab is None:
                others.update(share)
            else:
                releases[lab] += 1
                says.setdefault(lab, Counter()).update(share)
        return cls(dict(releases), {lab: dict(of) for lab, of in says.items()}, dict(others))

    def joined(self, other: Habits) -> Habits:
        """Both together; no release may be in both."""
        says = {lab: _summed(self.says.get(lab, {}), other.says.get(lab, {})) for lab in [*self.says, *other.says]}
        return Habits(dict(Counter(self.releases) + Counter(other.releases)), says, _summed(self.others, other.others))

    def false(self, lab: str) -> float:
        """How often a model of this lab that says what it is says something false: smoothed towards all labs."""
        count = self.releases.get(lab, 0)
        own = self.says.get(lab, {}).get(lab, 0.0)
        return float(1 - (own + _PULL * (1 - self._usual_false)) / (count + _PULL))

    def chance(self, name: str, lab: str | None, labs: int) -> float:
        """Probability that a model of `lab` (None: of one that is not known) that names any lab names this one."""
        if lab is None:
            return self._usual_false * self._borrowed(name, labs)
        if name == lab:
            return 1 - self.false(lab)
        measured = self.says.get(lab, {}).get(name, 0.0)
        usual = self._usual_false * self._borrowed(name, labs)
        return (measured + _PULL * usual) / (self.releases.get(lab, 0) + _PULL)

    def ratios(self, found: Mapping[str, int], labs: Sequence[str]) -> dict[str, float]:
        """Nats for each lab against one about which nothing is known. However often a model repeats what it is, it
        is one observation, shared between what it says."""
        total = sum(found.values())
        return {
            lab: float(
                sum(
                    count / total * np.log(self.chance(name, lab, len(labs)) / self.chance(name, None, len(labs)))
                    for name, count in sorted(found.items())
                )
            )
            for lab in labs
        }

    @property
    def _usual_false(self) -> float:
        own = sum(of.get(lab, 0.0) for lab, of in self.says.items())
        # One that tells the truth and one that does not.
        return (sum(self.releases.values()) - own + 1) / (sum(self.releases.values()) + 2)

    def _borrowed(self, name: str, labs: int) -> float:
        """Of all false names, how many are this one; one more is spread over all labs."""
        false = Counter(self.others)
        for lab, of in self.says.items():
            false.update({other: share for other, share in of.items() if other != lab})
        return (false[name] + 1 / labs) / (sum(false.values()) + 1)


def _summed(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in [*one, *other]}
