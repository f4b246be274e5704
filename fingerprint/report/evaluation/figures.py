"""The figures of an evaluation, looked up by protocol, part, number of responses and level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

LEVELS = ("lab", "family", "release")
# What each protocol asks, for people who have read nothing else.
PROTOCOLS = {
    "same-set": "Known releases on corpora that were trained on, answering prompts that were not.",
    "other-set": "Known releases on corpora that were never trained on.",
    "unseen-release": "Releases that were never trained on, of labs that are known.",
    "at-the-time": "Trained on what was out before a month, asked about the releases of that month.",
    "unknown-lab": "Labs that were never trained on: the right answer is that the lab is unknown.",
    "perturbed": "Responses that were changed before they were asked about.",
    "by language and domain": "The same questions, counted by the language and the domain of the prompts.",
    "controls": "What should not be enough to tell a lab: right answers here come from something other than style.",
}
# Those whose question is which lab it was; the others have sections of their own.
MAIN = ("same-set", "other-set", "unseen-release", "at-the-time")
_TYPICAL = 10


class Figures:
    """The flat list `figures` of a report; `rows` are its objects."""

    def __init__(self, rows: Iterable[dict[str, Any]]):
        self._rows = {(r["protocol"], r["part"], r["responses"], r["level"]): r for r in rows}

    def protocols(self, among: Sequence[str] | None = None) -> list[str]:
        """Return the protocols that were run, in the order that readers meet them."""
        there = dict.fromkeys(key[0] for key in self._rows)
        order = [*PROTOCOLS, *(p for p in there if p not in PROTOCOLS)]
        return [p for p in order if p in there and (among is None or p in among)]

    def parts(self, protocol: str) -> list[str]:
        """Return the parts of a protocol: `all`, then the others as they came."""
        there = dict.fromkeys(key[1] for key in self._rows if key[0] == protocol)
        return sorted(there, key=lambda part: part != "all")

    def responses(self, protocol: str, part: str = "all") -> list[int]:
        """Return the numbers of responses that were asked with."""
        return sorted({key[2] for key in self._rows if key[:2] == (protocol, part)})

    def typical(self, protocol: str, part: str = "all") -> int:
        """Return the number of responses to show where there is room for one: ten, or the next below or above."""
        there = self.responses(protocol, part)
        return max((n for n in there if n <= _TYPICAL), default=min(there, default=_TYPICAL))

    def get(self, protocol: str, part: str, responses: int, level: str) -> dict[str, Any] | None:
        """Return one figure, or None."""
        return self._rows.get((protocol, part, responses, level))

    def metric(self, protocol: str, part: str, responses: int, level: str, metric: str) -> dict[str, Any] | None:
        """Return value, low and high of a metric, or None."""
        row = self.get(protocol, part, responses, level)
        return None if row is None else row["metrics"].get(metric)

    def all_of(self, protocol: str) -> list[dict[str, Any]]:
        """Return all figures of a protocol by part, responses and level."""
        keys = [
            (protocol, part, n, level)
            for part in self.parts(protocol)
            for n in self.responses(protocol, part)
            for level in LEVELS
        ]
        return [self._rows[key] for key in keys if key in self._rows]

    def metrics(self, protocol: str) -> list[str]:
        """Return the metrics that any figure of a protocol has, in the order in which they came."""
        return list(dict.fromkeys(m for row in self.all_of(protocol) for m in row["metrics"]))
