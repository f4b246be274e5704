"""From scores of responses to verdicts of cases, in the form that the bench's own script scores."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Peer
from benchmarks.peers.sample import Cases

# The script looks at the five best at most.
_KEPT = 5


def case_verdict(
    kind: type[Peer], scores: NDArray[np.floating], releases: list[str], lab_of: dict[str, str]
) -> dict[str, Any]:
    """scores: (releases,), the mean over the responses of a case."""
    share = np.exp(scores - scores.max())
    share /= share.sum()
    labs: dict[str, float] = {}
    for release, value in zip(releases, share if kind.lab_by == "sum" else scores, strict=True):
        lab, value = lab_of[release], float(value)
        labs[lab] = labs.get(lab, 0.0) + value if kind.lab_by == "sum" else max(labs.get(lab, -np.inf), value)
    order = np.argsort(-scores, kind="stable")
    unsure = kind.unknown_within is not None and share[order[0]] - share[order[1]] < kind.unknown_within
    return {
        "verdict": "unknown" if unsure else "attributed",
        "labs": [{"lab": lab, "probability": p} for lab, p in sorted(labs.items(), key=lambda row: -row[1])[:_KEPT]],
        "releases": [{"release": releases[i], "probability": float(scores[i])} for i in order[:_KEPT]],
    }


def verdict_lines(
    kind: type[Peer], scores: NDArray[np.floating], releases: list[str], lab_of: dict[str, str], cases: Cases
) -> str:
    """scores: (texts, releases). JSON lines, one a case."""
    lines = []
    for row, held in zip(cases.truth, cases.held, strict=True):
        found = case_verdict(kind, scores[held].mean(axis=0), releases, lab_of)
        lines.append(json.dumps({"file": row["file"], **found}) + "\n")
    return "".join(lines)


def scored(bench: Path, truth: Path, verdicts: Path) -> list[dict[str, Any]]:
    """Rows of the bench's script for the two protocols as wholes."""
    command = [sys.executable, str(bench / "score.py"), str(truth), str(verdicts), "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [row for row in found["table"] if ":" not in row["protocol"]]
