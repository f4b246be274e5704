"""The ranking of a verdict as a picture, for slides and papers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from fingerprint.base.files import write_atomically
from fingerprint.errors import FingerprintError, MissingExtra
from fingerprint.loading import Loaded
from fingerprint.metrics import Level
from fingerprint.model.calibration import NEVER, Expect
from fingerprint.model.plain_words import verdict_in_words
from fingerprint.model.verdict import Verdict
from fingerprint.report.layout import Names

SUFFIXES = (".svg", ".png")
"""What a picture can be."""

_LABS = 10
_WIDTH, _ROW, _ROOM = 8.0, 0.32, 1.6
_IN, _OUT = "#1f6fb4", "#9aa5b1"
# Of the title, in letters.
_LINE = 78


def write_plot(verdict: Verdict, model: Loaded, labs: Mapping[str, str], out: Path) -> None:
    """Draw the labs of a verdict with their probabilities, the set, and the thresholds of both words.

    Args:
        verdict: The verdict.
        model: The model that gave it.
        labs: The display name of each lab by its key.
        out: The file, written whole or not at all; its ending says whether it is SVG or PNG.

    Raises:
        FingerprintError: The file has another ending or cannot be written.
        MissingExtra: Without matplotlib.
    """
    check_plot(out)
    import textwrap

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    name, rows = Names(labs), verdict.labs[:_LABS]
    inside = {row.lab for row in verdict.set}
    # Text stays text in SVG, and one verdict has one picture.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "fingerprint"}):
        figure = Figure(figsize=(_WIDTH, _ROW * len(rows) + _ROOM), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(rows))
        colours = [_IN if row.lab in inside else _OUT for row in rows]
        axes.barh(places, [row.probability for row in rows], color=colours, height=0.7)
        # Names of labs are no mathematics, whatever characters they hold.
        axes.set_yticks(places, [name(row.lab) for row in rows], parse_math=False)
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_xticks([n / 4 for n in range(5)], [f"{25 * n} %" for n in range(5)])
        axes.set_xlabel("probability (dark: in the set of labs)")
        for word, limit in _thresholds(verdict, model).items():
            axes.axvline(limit, color="#1b1f24", linestyle="--" if word == "likely" else "-", linewidth=1, label=word)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(title="threshold", loc="lower right", frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        headline = "\n".join(textwrap.wrap(verdict_in_words(verdict, name).headline, _LINE))
        axes.set_title(headline, loc="left", fontsize="medium", parse_math=False)
        written = io.BytesIO()
        kind = out.suffix.lower().removeprefix(".")
        figure.savefig(written, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    try:
        write_atomically(out, written.getvalue())
    except OSError as error:
        raise FingerprintError(f"{out}: cannot be written ({error.strerror or error})") from None


def check_plot(out: Path) -> None:
    """Refuse what `write_plot` could not write, before any work is done; errors as there."""
    if out.suffix.lower() not in SUFFIXES:
        raise FingerprintError(f"{out}: a picture needs a name that ends in {' or '.join(SUFFIXES)}")
    if not out.absolute().parent.is_dir():
        raise FingerprintError(f"{out}: cannot be written: there is no folder {out.parent}")
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtra("a picture", "report") from None


def _thresholds(verdict: Verdict, model: Loaded) -> dict[str, float]:
    rates, asked = verdict.calibration, None if verdict.candidates is None else len(verdict.candidates.labs)
    limits = model.calibration.limits(Expect(rates.expect), asked).thresholds[Level.LAB]
    both = {"attributed": rates.false_attributions, "likely": rates.likely_errors}
    found = {word: limits.limit(max(verdict.n_used, 1), rate) for word, rate in both.items()}
    return {word: limit for word, limit in found.items() if limit < NEVER}
