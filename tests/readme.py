"""Writes what pages show of the program, and the README of the evaluation: python -m tests.readme PAGE...

The lines between `<!-- output: COMMAND -->` and `<!-- end -->` are what COMMAND prints, and those after
`<!-- figures -->` are a table from docs/evaluation/report.json.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from click.testing import CliRunner

from fingerprint.cli.main import group
from fingerprint.metrics import Level, Metric
from fingerprint.report.evaluation.claims import ALL_KINDS
from fingerprint.report.evaluation.figures import TYPICAL, WHOLE
from fingerprint.report.evaluation.numbers import count

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"(<!-- (output: (?P<command>[^\n]*)|figures) -->\n).*?(<!-- end -->)", re.DOTALL)

_FIRST = "how often does the right lab come first"
_QUESTIONS = (
    (f"Release and source known: {_FIRST}?", "same-set", Metric.TOP_1),
    (f"Source new, such as other prompts in another layout: {_FIRST}?", "other-set", Metric.TOP_1),
    (f"Release new, lab known: {_FIRST}?", "unseen-release", Metric.TOP_1),
    (f"Release later than all that the model knows: {_FIRST}?", "temporal-split", Metric.TOP_1),
    ("Release new, verdict `attributed`: how often is the lab wrong?", "unseen-release", Metric.FALSE_ATTRIBUTION_RATE),
    ("Lab unknown: how often is a lab `attributed` all the same?", "unknown-lab", Metric.COVERAGE),
)
_CLAIM = "Did the claimed release write them, in known sources: equal error rate of `verify`?"


def page(text: str) -> str:
    """The page with every block anew."""
    return _BLOCK.sub(lambda found: f"{found[1]}{_content(found['command'])}{found[4]}", text)


def _content(command: str | None) -> str:
    return _figures() if command is None else f"```text\n{printed(command)}```\n"


def printed(command: str) -> str:
    """What a command prints on a terminal of 80 columns, without the age of the model, which is another every day."""
    words = shlex.split(command)[1:]
    plain = patch.dict(os.environ, {"COLUMNS": "80", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1"})
    with _at_root(), plain, patch("fingerprint.cli.identify.age_lines", return_value=""):
        done = CliRunner().invoke(group, words, prog_name="fingerprint", standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


@contextlib.contextmanager
def _at_root() -> Iterator[None]:
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        yield
    finally:
        os.chdir(before)


def _figures() -> str:
    report = json.loads((ROOT / "docs" / "evaluation" / "report.json").read_text("utf-8"))
    rows = ["| with 25 responses | cases | figure | 95 % interval |", "|---|---:|---:|---|"]
    for question, protocol, metric in _QUESTIONS:
        where = {"protocol": protocol, "part": WHOLE, "level": Level.LAB, "responses": TYPICAL}
        found = _row(report["figures"], where)
        rows.append(_line(question, found["cases"], found["metrics"][metric]))
    where = {"kind": ALL_KINDS, "level": "release", "corpora": "known corpora", "responses": TYPICAL}
    found = _row(report["claims"]["verification"]["figures"], where)
    rows.append(_line(_CLAIM, found["trials"], found["metrics"][Metric.EER]))
    return "\n".join(rows) + "\n"


def _row(rows: list[dict[str, Any]], where: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in rows if all(row[name] == value for name, value in where.items()))


def _line(question: str, cases: int, found: dict[str, Any]) -> str:
    value, low, high = (f"{100 * found[name]:.1f} %" for name in ("value", "low", "high"))
    return f"| {question} | {count(cases)} | {value} | {low} to {high} |"


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:]):
        file.write_text(page(file.read_text("utf-8")), encoding="utf-8")
