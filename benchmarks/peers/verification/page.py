"""The results of verification as a page: tables, what each shows (computed), and how it was measured."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.peers.page import PROTOCOLS, Conditions, table
from benchmarks.peers.verification.figures import Cell, Interval
from benchmarks.peers.verification.trials import IMPOSTORS
from benchmarks.peers.verification.verifiers import Verifier
from fingerprint import __version__

WHO = {
    "sibling": "another release of the claimed one's family",
    "same lab": "a release of another family of the lab",
    "other lab": "a release of another lab that the model knows",
    "unknown lab": "a release of a lab that the model does not know",
}


@dataclass(frozen=True)
class Run:
    """What the page is about.

    Attributes:
        conditions: How the run was made.
        versions: Of the packages.
        rows: References of each release at most.
        references: All of them.
        releases: That can be claimed.
        cases: Cases of the trials.
        most: Cases of each protocol and number of responses at most; None for all.
        methods: All that were run, the own one first.
        missing: Those whose package is not installed.
        seconds: Median seconds of a trial, by method.
        timed: Trials that were timed.
    """

    conditions: Conditions
    versions: Mapping[str, str]
    rows: int
    references: int
    releases: int
    cases: int
    most: int | None
    methods: Sequence[Verifier]
    missing: Sequence[type[Verifier]]
    seconds: Mapping[str, float]
    timed: int


def page(found: Mapping[tuple[str, int, str], Cell], run: Run) -> str:
    """Return the page, in Markdown."""
    protocols = dict.fromkeys(protocol for protocol, _, _ in found)
    parts = [
        "# Verification beside its peers",
        _head(run),
        *(_protocol(found, protocol) for protocol in protocols),
        _time(run),
        _remarks(found, run),
    ]
    return "\n\n".join(parts) + "\n"


def _head(run: Run) -> str:
    conditions = run.conditions
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    part = f", at most {run.most} of each protocol and number of responses" if run.most else ""
    return f"""    {conditions.command}

{conditions.date}; {conditions.processor}, {conditions.cores} cores, load {conditions.load:.1f} at the start; Python \
{platform.python_version()}, {versions}; fingerprint {__version__}.

Did the claimed release write these responses? The tables show equal error rates (EER): the share of true claims that \
are denied, at the threshold where the same share of false claims is confirmed. In brackets: the 95 % interval over \
releases (bootstrap). All methods score the same claims about {run.cases:,} cases of the bench{part}. Each case has \
one true claim, if the model knows its release, and one false claim of each kind that there is.

The peers have the same {run.references:,} references: at most {run.rows} training responses of each of the \
{run.releases} releases that the model knows, with the same names masked. **`fingerprint` is the shipped model, \
trained on all rows of the same corpora**, which are many more."""


def _protocol(found: Mapping[tuple[str, int, str], Cell], protocol: str) -> str:
    parts = [f"## {PROTOCOLS[protocol]}"]
    for n in sorted({n for of, n, _ in found if of == protocol}):
        kinds = {str(kind): cell for kind in IMPOSTORS if (cell := found.get((protocol, n, str(kind))))}
        names = list(next(iter(kinds.values())).rates)
        least = {kind: min(_value(of) for of in cell.rates.values()) for kind, cell in kinds.items()}
        lines = [[name, *(_rate(cell.rates[name], least[kind]) for kind, cell in kinds.items())] for name in names]
        counts = ", ".join(f"{cell.impostors} of {kind}" for kind, cell in kinds.items())
        true = next(iter(kinds.values())).targets
        parts += [
            f"{n} responses ({true} true claims; false claims: {counts}):",
            table([f"n = {n}", *kinds], lines),
            conclusion(kinds),
        ]
    return "\n\n".join(parts)


def conclusion(kinds: Mapping[str, Cell]) -> str:
    """Return in one line where the own method, the first of each cell, is better or worse than the best peer.

    Args:
        kinds: The cells of one table, by impostor kind.
    """
    own = next(iter(next(iter(kinds.values())).rates))
    better = [kind for kind, cell in kinds.items() if (cell.lead["low"] or 0) > 0]
    worse = [kind for kind, cell in kinds.items() if cell.lead["high"] is not None and cell.lead["high"] < 0]
    open_ = [kind for kind in kinds if kind not in (*better, *worse)]
    said = []
    if better:
        said.append(f"{own} makes fewer errors than the best peer: {_listed(better, kinds)}.")
    if worse:
        said.append(f"{own} makes more errors than the best peer: {_listed(worse, kinds)}.")
    if open_:
        said.append(f"The interval of the difference from the best peer holds 0: {_listed(open_, kinds)}.")
    return " ".join(said)


def _listed(names: Sequence[str], kinds: Mapping[str, Cell]) -> str:
    return "; ".join(f"{kind}, {_difference(kinds[kind])}" for kind in names)


def _difference(cell: Cell) -> str:
    own = next(iter(cell.rates.values()))
    return f"{_value(own):.3f} for {_value(cell.rates[cell.best]):.3f} ({cell.best})"


def _time(run: Run) -> str:
    own = run.methods[0].name
    lines = [
        [one.name, one.score, f"{run.seconds[one.name]:.3f} s", f"{run.seconds[one.name] / run.seconds[own]:.2f}"]
        for one in run.methods
    ]
    return (
        "## Time\n\n"
        f"One claim about one case, after the references are learned: the median of {run.timed} trials, asked one by "
        "one, the methods in turns. Reading files is not counted.\n\n"
        + table(["", "score", "seconds a trial", "ratio"], lines)
    )


def _remarks(found: Mapping[tuple[str, int, str], Cell], run: Run) -> str:
    present = {kind for _, _, kind in found}
    remarks = [f"- {kind}: the case was written by {who}." for kind, who in WHO.items() if kind in present]
    remarks += [f"- The bench holds no case for {kind} impostors." for kind in WHO if kind not in present]
    remarks += [
        f"- {kind.name} is left out: {kind.needs[1]} is not installed (`pip install -e '.[peers]'`)."
        for kind in run.missing
        if kind.needs
    ]
    remarks += [
        "- Variants of one release (dates, effort, quantisation) are neither claimed as siblings nor as others.",
        "- Claims are drawn at random among the known releases. Whoever claims what looks most alike is a harder case.",
        "- Trials with the same score are put in random order, so that a method of few scores is between its steps.",
        "- General Impostors was made for long documents. Here a case is one document, and the references are dealt "
        "into documents of as many responses. Each of 100 rounds draws half of 3,000 features and 30 documents of "
        "other releases.",
        "- MMD was made for responses to the same prompts. The bench's prompts are held out, so the statistic also "
        "holds what prompts do, and there is no p-value.",
    ]
    return "## Remarks\n\n" + "\n".join(remarks)


def _rate(rate: Interval, least: float) -> str:
    value = _value(rate)
    shown = f"**{value:.3f}**" if value == least else f"{value:.3f}"
    return shown if rate["low"] is None else f"{shown} ({rate['low']:.3f} to {rate['high']:.3f})"


def _value(rate: Interval) -> float:
    """The rate of all trials, which every cell has."""
    return float(rate["value"] or 0.0)
