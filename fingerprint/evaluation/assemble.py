"""From results to the document that every form of the report is made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fingerprint.base.parallel import Progress
from fingerprint.evaluation.confusion import confusion
from fingerprint.evaluation.controls import CONTROLS
from fingerprint.evaluation.curves import claim_curve, reliability
from fingerprint.evaluation.figures import figures
from fingerprint.evaluation.folds import OTHER, SAME, UNKNOWN, UNSEEN
from fingerprint.evaluation.ground import Ground
from fingerprint.evaluation.perturbed import PERTURBED
from fingerprint.evaluation.plan import Plan
from fingerprint.evaluation.predictions import Predictions
from fingerprint.evaluation.protocols import BY_GROUND, NAMES, Results
from fingerprint.evaluation.similarity import release_map, release_tree
from fingerprint.evaluation.summary import summary
from fingerprint.evaluation.temporal_split import AT_THE_TIME
from fingerprint.evaluation.worst_errors import worst_errors
from fingerprint.loading import Loaded
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS

SCHEMA = 1
SEVERAL = "labs that keep two releases"
BESIDE = "beside same-set suspects"
NEVER_SEEN = "the model itself"
_CONFUSED_AT = 10
_MONTH_AT = 25


def document(
    made: dict[str, Any], ground: Ground, loaded: Loaded, results: Results, plan: Plan, seed: int, progress: Progress
) -> dict[str, Any]:
    """The report, as docs/evaluation.md describes it."""
    found: list[dict[str, Any]] = []
    parts = list(_parts(ground, results))
    for done, (protocol, part, answers) in enumerate(parts):
        some = figures(answers, protocol, part, ground.rows, seed, plan.resamples)
        # A control is no model: it has neither a new release nor an unknown lab to give.
        found += [_naming_only(f) for f in some] if protocol == CONTROLS else some
        progress("figures", done + 1, len(parts))
    whole = {name: answers for name, answers in results.answers.items() if name not in (CONTROLS, BY_GROUND)}
    pooled = [name for name in (SAME, OTHER, UNSEEN) if name in results.rows]
    errors = []
    if pooled:
        errors = worst_errors(
            [name for name in pooled for _ in results.rows[name]],
            [rows for name in pooled for rows in results.rows[name]],
            Predictions.joined([results.answers[name] for name in pooled]),
            ground.corpus,
            loaded.profiles,
            [r["release"] for r in loaded.releases],
        )
    progress("likeness", 0, 2)
    flat = release_map(loaded.likelihood, loaded.releases, seed)
    progress("likeness", 1, 2)
    tree = release_tree(loaded.likelihood, loaded.releases, seed)
    progress("likeness", 2, 2)
    out = {
        "schema": SCHEMA,
        "made": made,
        "figures": found,
        "reliability": {name: reliability(answers) for name, answers in whole.items() if name != PERTURBED},
        "claims": {
            "threshold": loaded.calibration.curves["all"].threshold(FALSE_ATTRIBUTIONS),
            "false_claims": FALSE_ATTRIBUTIONS,
            "curves": {name: claim_curve(answers) for name, answers in whole.items() if name != PERTURBED},
        },
        "confusion": confusion(whole[SAME], SAME, _CONFUSED_AT) if SAME in whole else None,
        "map": flat,
        "tree": tree,
        "errors": errors,
        "at_the_time": _months(found),
        "notes": [*results.notes, *_NOTES],
    }
    return {**out, "summary": summary(out)}


_NOTES = (
    "Figures of the folds are of models trained on a sample, with the shipped model's recipe made smaller: they are "
    "lower than the shipped model's own, for which see the README.",
    "One fold leaves out a corpus, some labs, some releases and some prompts at once; each protocol's suspects are "
    "what was left out for it, so that its model knows a little less than the protocol asks for.",
    "Unseen releases and those of a month answer prompts that other releases answered in training.",
    "Calibrations come from other folds' suspects, weighted as the trainer assumes that users bring them (the shares "
    "in the model card): where all suspects are of one kind, more or fewer claims are wrong than the stated rate.",
    "The interval of macro F1 may lie beside its value: a resample lacks the false alarms of the groups that it drops.",
    "The prompt's control knows the corpus of a prompt, so that its chance is one over the releases of the corpus.",
    "A release counts as unseen only where the fold knows another release of its lab; else its lab is an unknown one.",
)


def _parts(ground: Ground, results: Results) -> Iterator[tuple[str, str, Predictions]]:
    """Protocol, part, and its answers."""
    for protocol in NAMES:
        answers = results.answers.get(protocol)
        if answers is not None:
            if protocol not in (PERTURBED, CONTROLS, BY_GROUND):
                yield protocol, "all", answers
            if protocol == UNSEEN:
                yield protocol, SEVERAL, answers.of(_of_several(ground, answers))
            if protocol == UNKNOWN and SAME in results.answers:
                yield protocol, BESIDE, Predictions.joined([answers, results.answers[SAME]])
            if protocol in (OTHER, AT_THE_TIME, PERTURBED, CONTROLS):
                for part in _in_order(answers.part):
                    yield protocol, part, answers.of(answers.part == part)
            if protocol == BY_GROUND:
                yield from _grounds(ground, results, answers)
        if protocol == OTHER and results.foreign is not None:
            foreign = results.foreign
            yield protocol, NEVER_SEEN, foreign
            for part in _in_order(foreign.part):
                yield protocol, f"{part} ({NEVER_SEEN})", foreign.of(foreign.part == part)


def _in_order(part: np.ndarray) -> list[str]:
    """Months by their date, all else as it comes."""
    found, first = np.unique(part, return_index=True)
    return [str(name) for name in (found if found[0][:1].isdigit() else found[np.argsort(first)])]


def _of_several(ground: Ground, answers: Predictions) -> np.ndarray:
    """(S,) whether the lab keeps two groups of releases when the suspect's own is left out."""
    names = answers.names
    of_lab = [len(set(names.group[(names.lab == code) & (ground.rows > 0)])) for code in range(len(names.labs))]
    return np.array(of_lab)[names.lab[answers.release]] > 2


def _grounds(ground: Ground, results: Results, answers: Predictions) -> Iterator[tuple[str, str, Predictions]]:
    corpus = ground.corpus
    rows = results.rows[BY_GROUND]
    for kind, values in (("language", corpus.language), ("domain", corpus.domain)):
        own = [set(values[some].tolist()) for some in rows]
        for value in sorted({v for v in values if v}):
            of = np.array([found == {value} for found in own])
            if of.any():
                yield BY_GROUND, f"{kind}: {value}", answers.of(of)


def _naming_only(figure: dict[str, Any]) -> dict[str, Any]:
    kept = ("top-1", "top-3", "macro recall", "macro F1", "log-loss", "Brier", "ECE")
    return {**figure, "metrics": {k: v for k, v in figure["metrics"].items() if k in kept}}


def _months(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lab level of each month, at the most responses that it has suspects of."""
    months: dict[str, dict[str, Any]] = {}
    for figure in found:
        of_month = figure["protocol"] == AT_THE_TIME and figure["part"] != "all" and figure["level"] == "lab"
        if of_month and figure["responses"] <= _MONTH_AT:
            months[figure["part"]] = figure
    out = []
    for month, figure in months.items():
        metrics = figure["metrics"]
        top = metrics.get("top-1") or {"value": None, "low": None, "high": None}
        row = {"month": month, "suspects": figure["suspects"], "releases": figure["releases"],
               "responses": figure["responses"], "lab top-1": top["value"], "low": top["low"], "high": top["high"],
               "lab macro": _value(metrics, "macro recall")}  # fmt: skip
        out.append(row | {name: _value(metrics, name) for name in ("said new", "coverage", "false claims")})
    return out


def _value(metrics: dict[str, Any], name: str) -> float | None:
    return metrics[name]["value"] if name in metrics else None
