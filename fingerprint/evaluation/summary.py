"""The report in a minute: what it found, as sentences."""

from __future__ import annotations

from typing import Any

_AT = 25
_FEW = 5


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """{"headline": sentences, each with the figure that it is about}."""
    at = {(f["protocol"], f["part"], f["responses"], f["level"]): f for f in report["figures"]}

    def value(protocol: str, part: str, responses: int, metric: str, level: str = "lab") -> float | None:
        found = at.get((protocol, part, responses, level), {}).get("metrics", {}).get(metric)
        return found["value"] if found else None

    lines = [
        (
            value("same-set", "all", _AT, "top-1"),
            f"With {_AT} responses to prompts of a kind that it has seen, the right lab came first in {{}} of cases",
        ),
        (value("same-set", "all", _FEW, "top-1"), f"with {_FEW} responses, in {{}}"),
        (
            value("unseen-release", "all", _AT, "top-1"),
            f"Of releases that it had never seen, with {_AT} responses, it put the right lab first in {{}}",
        ),
        (
            value("unseen-release", "all", _AT, "false claims"),
            "When it dared to name the lab of such a release, it was wrong in {}",
        ),
        (value("unseen-release", "all", _AT, "coverage"), "It dared to in {} of those cases"),
        (
            value("other-set", "all", _AT, "top-1"),
            f"On a whole corpus that it had never seen, with {_AT} responses, the right lab came first in {{}}",
        ),
        (
            value("at-the-time", "all", _AT, "top-1"),
            f"Asked about each month's new releases with what was known the month before, with {_AT} responses, it put "
            "the right lab first in {}",
        ),
        (
            value("unknown-lab", "all", _AT, "false claims") and value("unknown-lab", "all", _AT, "coverage"),
            "Of a lab that it had never seen, it named some known lab, wrongly, in {}",
        ),
    ]
    return {
        "headline": [{"text": _sentence(text, number), "value": number} for number, text in lines if number is not None]
    }


def _sentence(text: str, number: float) -> str:
    filled = text.format(f"{number:.0%}")
    return filled[0].upper() + filled[1:] + "."
