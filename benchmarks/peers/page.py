"""The results as a page: tables, where fingerprint is worse (computed), and how it was measured."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import FOLDS, TUNED_RELEASES
from benchmarks.peers.run import ASKED, OF_OURS, OURS, SAME_ROWS, Settings
from fingerprint import __version__

METRICS = ("lab macro", "lab top-1", "release top-1", "release top-5")
PROTOCOLS = {
    "same-set": "In-domain: corpora of the training, other prompts (same-set)",
    "other-set": "Out-of-domain: corpora outside the training (other-set)",
}
# A case of fewer responses seldom has enough for a verdict.
ENOUGH = 5
WHY = """With 40 responses of a release, this has [a measured
reason](decisions/peers.md#why-the-same-rows-lose-to-tf-idf-and-a-linear-svm-2026-11-24): the embedding is trained to
carry over to other corpora. In-domain, one classifier on embeddings is right about the release 5 to 11 points less
often than on the features that they are made of. Out-of-domain, it is right about the lab 6 to 10 points more often.
And a release has a part of its lab's probability, so a lab's only release ranks before one of many. In lab macro, a
lab with one case counts as much as a lab with forty, so one case may decide ([all
cases](decisions/peers.md#all-cases-2026-11-26))."""
READ = {"sum": "the sum of its releases' probabilities", "best": "its best release", "own": "its own posterior"}


@dataclass(frozen=True)
class Conditions:
    """How a run was made.

    Attributes:
        command: As given.
        date: Of the run.
        processor: Its name.
        cores: That the process may use.
        load: Average of the minute before the run.
    """

    command: str
    date: str
    processor: str
    cores: int
    load: float

    @classmethod
    def now(cls, command: str) -> Conditions:
        names = [line.split(":", 1)[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line[:10] == "model name"]
        processor = names[0] if names else platform.processor()
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        return cls(command, today, processor, len(os.sched_getaffinity(0)), os.getloadavg()[0])


def page(found: dict[str, Any], conditions: Conditions, settings: Settings) -> str:
    parts = [
        "# Beside its peers",
        _head(found, conditions, settings),
        *(_accuracy(found, protocol, title) for protocol, title in PROTOCOLS.items()),
        _losses(found),
        _attributions(found),
        _cost(found),
        _methods(found),
        _remarks(found, settings),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(found: dict[str, Any], conditions: Conditions, settings: Settings) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    part = f" (at most {settings.cases} of each protocol and size: a quick look)" if settings.cases else ""
    return f"""    {conditions.command}

{conditions.date}; {conditions.processor}, {conditions.cores} cores, load {conditions.load:.1f} at the start; Python \
{platform.python_version()}, {versions}; fingerprint {__version__}.

All peers learned from the same {found["rows"]:,} responses: at most {settings.rows} of each of the \
{found["releases"]} releases ({found["labs"]} labs) that the shipped model knows, spread over the release's corpora. \
`fingerprint, the same rows` learned from these as well; **`fingerprint` is the shipped model, \
trained on all rows of the same corpora**, which are many more. All predicted \
the same {found["cases"]:,} cases{part} with {found["responses"]:,} different responses, with the same names \
masked, and scored by the bench's own script."""


def _accuracy(found: dict[str, Any], protocol: str, title: str) -> str:
    sizes = sorted({row["n"] for row in found["peers"][OURS]["figures"] if row["protocol"] == protocol})
    tables = []
    for n in sizes:
        rows = {name: row for name, result in found["peers"].items() if (row := _cell(result, protocol, n))}
        best = {metric: max(row[metric] or 0 for row in rows.values()) for metric in METRICS}
        lines = [
            [found["peers"][name]["name"], *(_mark(row[metric], best[metric]) for metric in METRICS)]
            for name, row in rows.items()
        ]
        count = rows[OURS]["cases"]
        tables.append(f"{n} response{'s' * (n > 1)} ({count} cases):\n\n" + table([f"n = {n}", *METRICS], lines))
    return f"## {title}\n\n" + "\n\n".join(tables)


def losses(found: dict[str, Any], ours: str) -> list[tuple[str, int, str, float, str, float]]:
    """Return the figures at ENOUGH responses or more in which a peer is better.

    Each is (protocol, responses, metric, ours, the peer's name, the peer's).
    """
    out = []
    for row in found["peers"][ours]["figures"]:
        for metric in METRICS:
            if row["n"] < ENOUGH or row[metric] is None:
                continue
            for name, result in found["peers"].items():
                other = _cell(result, row["protocol"], row["n"]) if name not in OF_OURS else None
                if other and other[metric] > row[metric]:
                    cell = row["protocol"], row["n"], metric, row[metric], result["name"], other[metric]
                    out.append(cell)
    return out


def _losses(found: dict[str, Any]) -> str:
    parts = [f"## Where fingerprint is worse, among the figures at {ENOUGH} responses and more"]
    for ours in (SAME_ROWS, OURS):
        rows, name = losses(found, ours), found["peers"][ours]["name"]
        cells = sum(row["n"] >= ENOUGH for row in found["peers"][ours]["figures"]) * len(METRICS)
        if not rows:
            parts.append(f"{name}: nowhere; no peer is better in any of its {cells} figures.")
            continue
        lines = [[p, str(n), metric, f"{own:.3f}", peer, f"{its:.3f}"] for p, n, metric, own, peer, its in rows]
        parts.append(
            f"{name}, of {cells}:\n\n"
            + table(["cases", "responses", "figure", "ours", "peer", "its"], lines)
            + f"\n\n{WHY}"
        )
    return "\n\n".join(parts)


def _attributions(found: dict[str, Any]) -> str:
    """The attributions of those that may abstain; the tables above rank all cases."""
    # The words of the bench's own script.
    lines = [
        [result["name"], row["protocol"], str(row["n"]), f"{row['claimed']:.3f}", _share(row["false claims"])]
        for result in found["peers"].values()
        if result["abstains"]
        for row in result["figures"]
    ]
    return "## Those that may abstain\n\n" + table(
        ["", "cases", "responses", "coverage", "false-attribution rate"], lines
    )


def _cost(found: dict[str, Any]) -> str:
    ours = [statistics.median(column) for column in zip(*found["peers"][OURS]["cold"], strict=True)]
    lines = []
    for result in found["peers"].values():
        seconds, peak = (statistics.median(column) for column in zip(*result["cold"], strict=True))
        training = result.get("training")
        cost = [f"{training['seconds']:.0f} s", f"{training['megabytes']:,.0f} MB"] if training else ["-", "-"]
        lines.append([
            result["name"], f"{seconds:.2f} s", f"{seconds / ours[0]:.1f}", f"{peak:,.0f} MB", f"{peak / ours[1]:.1f}",
            f"{result['size']:,.0f} MB", *cost,
        ])  # fmt: skip
    names = ["", f"{ASKED} responses, cold", "ratio", "peak memory", "ratio", "model on disk", "training", "its peak"]
    return (
        "## Time and memory\n\n"
        f"`{ASKED} responses, cold` is a whole process: import, load the saved model, read a file of {ASKED} "
        "responses, answer. Medians of turns taken in one run; ratios are to fingerprint's. Training includes tuning."
        "\n\n" + table(names, lines)
    )


def _methods(found: dict[str, Any]) -> str:
    lines = []
    for result in found["peers"].values():
        chosen = result.get("training", {}).get("chosen") or {}
        tuned = ", ".join(f"{name} {value}" for name, value in chosen.items()) or "-"
        lines.append([result["name"], result["score"], READ[result["lab_by"]], tuned])
    return (
        "## How a case is read\n\n"
        "Every peer classifies the releases of single responses; a case is the mean of its responses' scores.\n\n"
        + table(["", "score of a response", "a lab is", "chosen by tuning"], lines)
    )


def _remarks(found: dict[str, Any], settings: Settings) -> str:
    peers, remarks = found["peers"], ["## Remarks", ""]
    remarks.append(
        f"- Tuning: all rows of {TUNED_RELEASES} releases, {FOLDS} splits that keep each prompt on one side, the share "
        "of releases that are right. Rows are nearly balanced over the releases, so a class weight changes little."
    )
    remarks.append(
        "- The shipped model's training is not part of this run, so it has no training time here. `--rows` gives all "
        f"others more responses of a release (here {settings.rows}), for as much more time."
    )
    if "pan" in peers:
        remarks.append(
            "- The PAN baseline answers `unknown` if its two best probabilities differ by less than 0.1. With "
            f"{found['releases']} releases they nearly always do. The tables rank without that rule; `Those that may "
            "abstain` applies it."
        )
    if "delta" in peers:
        remarks.append(
            "- Burrows' Delta was made for whole books. Here it reads single responses as the others do (a case joined "
            "to one text would suit it better), and words of all scripts, where the package's default takes Latin "
            "letters alone."
        )
    if "stealth" in peers:
        remarks.append(
            "- The Stealth Lab's method was made for references that answered the prompts of the case. The bench's "
            "prompts are held out, so prompts' effects are taken from the references alone."
        )
    if any(name.startswith("minilm") for name in peers):
        remarks.append(
            "- MiniLM reads the first 256 tokens. Its embeddings are kept between runs and the time that they took is "
            "counted as training of both of its peers; the peak is that of the process that made them or later ones."
        )
    return "\n".join(remarks)


def _cell(result: dict[str, Any], protocol: str, n: int) -> dict[str, Any] | None:
    return next((row for row in result["figures"] if row["protocol"] == protocol and row["n"] == n), None)


def _mark(value: float | None, best: float) -> str:
    if value is None:
        return "-"
    return f"**{value:.3f}**" if value == best else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
