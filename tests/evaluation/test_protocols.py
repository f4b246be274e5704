"""The registry: every protocol says what it is, and a new one is a new file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fingerprint.evaluation import protocols
from fingerprint.evaluation.run import Settings, evaluate
from fingerprint.metrics import Metric
from fingerprint.report.evaluation.html import render_html
from fingerprint.report.evaluation.markdown import render_markdown

NEW = """
from fingerprint.evaluation.protocol import Protocol, whole_and_parts
from fingerprint.metrics import Metric
from fingerprint.report.evaluation.figures import View
from fingerprint.training.splits import CaseKind

PROTOCOL = Protocol(
    name="one-prompt",
    question="Does a single prompt suffice?",
    left_out="All other prompts.",
    order=15,
    ask=lambda study: study.select(lambda cases: (cases.kind == CaseKind.SAME) & (cases.covariates.count == 1)),
    views=frozenset({View.PARTS, View.CURVES}),
    parts=whole_and_parts,
    metrics=frozenset({Metric.TOP_1, Metric.ECE}),
)
"""


def test_every_protocol_says_what_it_is() -> None:
    found = protocols.protocols()
    assert sorted(one.name for one in found) == protocols.names()
    assert len({one.order for one in found}) == len(found)
    for one in found:
        assert one.question.endswith(".")
        assert one.left_out.endswith(".")
        assert one.views
        assert one.metrics <= set(Metric)


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of protocols beside the one of the package."""
    folder = tmp_path / "more"
    folder.mkdir()
    monkeypatch.setattr(protocols, "__path__", [*protocols.__path__, str(folder)])
    yield folder
    sys.modules.pop(f"{protocols.__name__}.one_prompt", None)


def test_a_new_file_is_a_new_protocol_everywhere(
    added: Path,
    evaluated: tuple[dict[str, Any], Path],
    world: Path,
    evaluation_settings: Settings,
    tmp_path: Path,
) -> None:
    (added / "one_prompt.py").write_text(NEW)
    assert "one-prompt" in protocols.names()
    settings = replace(evaluation_settings, protocols=("one-prompt", "same-set"))
    report = evaluate([world / "corpora"], tmp_path / "out", settings, lambda stage, done, total: None)
    assert [one["name"] for one in report["protocols"]] == ["same-set", "one-prompt"]
    figures = [figure for figure in report["figures"] if figure["protocol"] == "one-prompt"]
    assert {figure["responses"] for figure in figures} == {1}
    assert {name for figure in figures for name in figure["metrics"]} == {"top-1", "ECE"}
    assert {"one-prompt"} < set(report["reliability"])
    html, markdown = render_html(report), render_markdown(report)
    assert html.count("Does a single prompt suffice?") == 1
    assert '<section id="one-prompt"' in html
    assert "## one-prompt\n\nDoes a single prompt suffice? Left out: All other prompts." in markdown


def test_a_file_with_the_protocol_of_another_name_is_refused(added: Path) -> None:
    (added / "one_prompt.py").write_text(NEW.replace("one-prompt", "two-prompts"))
    with pytest.raises(TypeError, match=r"one_prompt\.py holds the protocol 'two-prompts'"):
        protocols.protocols()
