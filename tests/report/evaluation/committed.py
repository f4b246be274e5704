"""Renders the committed report from its document: python -m tests.report.evaluation.committed docs/evaluation"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fingerprint.report.evaluation.headline import conclusion, headline
from fingerprint.report.evaluation.html import render_html
from fingerprint.report.evaluation.markdown import render_markdown


def pages(folder: Path) -> dict[str, str]:
    """The pages of a report by file name, with the sentences of its summary as the program writes them today."""
    report: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    report["summary"] = {"headline": headline(report["figures"]), "conclusion": conclusion(report["figures"])}
    return {"report.html": render_html(report), "report.md": render_markdown(report)}


if __name__ == "__main__":
    for name, text in pages(Path(sys.argv[1])).items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
