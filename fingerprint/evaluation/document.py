"""From the predictions of all protocols to the document that every form of the report is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fingerprint.evaluation.candidate_figures import candidate_figures
from fingerprint.evaluation.candidates import JudgedCandidates
from fingerprint.evaluation.claim_figures import claim_figures
from fingerprint.evaluation.claims import JudgedClaims
from fingerprint.evaluation.figures import confusion, figures, reliability, risk_coverage
from fingerprint.evaluation.fits import Tested
from fingerprint.evaluation.protocol import Asked, Protocol
from fingerprint.evaluation.study import Study
from fingerprint.evaluation.worst_errors import worst_errors
from fingerprint.metrics import Level, Metric
from fingerprint.model.calibration import NEVER, Expect
from fingerprint.model.similarity import release_map, release_tree
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS
from fingerprint.report.evaluation.figures import MONTH_METRICS, TYPICAL, View, typical
from fingerprint.report.evaluation.headline import conclusion, headline

SCHEMA = 3
"""Version of report.json; it rises when a key changes its meaning or goes."""

NOTES = (
    "The folds' models are smaller than the evaluated model and trained on a sample. Their figures are lower than the "
    "model's own, which the README gives.",
    "A fold leaves out some corpora, labs, releases and prompts at once. So its model knows a little less than each "
    "protocol asks for.",
    "Unseen releases answer prompts that other releases answered in the training, but for "
    "unseen-release-other-set. So do the releases of a month.",
    "Thresholds hold the stated rates in each kind of case by itself, as far as the cases that they are fitted on can "
    "tell. A fold has fewer of these than the evaluated model, so it attributes less.",
    'A part "expect known" or "expect new" holds the same cases, predicted as if the user had said --expect. All '
    'other parts are predicted under "any".',
    "The interval of macro F1 may lie beside its value: a resample lacks the false positives of the groups that it "
    "drops.",
    'The control "prompt only" knows the corpus of a prompt. Its chance level is one over the releases of the corpus.',
    "A release counts as unseen only if the fold's model knows another release of its lab. Otherwise its lab is an "
    "unknown lab.",
)
"""What a reader of any report has to know."""


def document(run: Mapping[str, Any], study: Study, tested: Mapping[Protocol, Asked]) -> dict[str, Any]:
    """Assemble the report, as docs/evaluation.md describes it.

    Args:
        run: What the report says about how it was made.
        study: The rows, the evaluated model and the size of the evaluation.
        tested: The test cases, judged claims or judged questions of the protocols, in the order of the report.

    Returns:
        JSON values, the content of report.json.
    """
    context, loaded = study.sample.context, study.loaded
    seed, progress = context.config.seed, context.progress
    predicted = {protocol: cases for protocol, cases in tested.items() if isinstance(cases, Tested)}
    claims = {protocol.name: cases for protocol, cases in tested.items() if isinstance(cases, JudgedClaims)}
    questions = {protocol.name: cases for protocol, cases in tested.items() if isinstance(cases, JudgedCandidates)}
    promised = frozenset(loaded.config.calibration.promised(Expect.ANY))
    resamples = study.config.resamples
    parts = [
        (protocol, part, predictions)
        for protocol, cases in predicted.items()
        for part, predictions in protocol.parts(study, cases)
    ]
    found: list[dict[str, Any]] = []
    for done, (protocol, part, predictions) in enumerate(parts):
        of = {"protocol": protocol.name, "part": part}
        for figure in figures(predictions, study.sample.rows, seed, resamples):
            metrics = {name: value for name, value in figure["metrics"].items() if Metric(name) in protocol.metrics}
            found.append(of | figure | {"metrics": metrics})
        progress("figures", done + 1, len(parts))

    def shown(view: View) -> dict[str, Tested]:
        return {protocol.name: cases for protocol, cases in predicted.items() if view in protocol.views}

    thresholds = [
        value if (value := loaded.calibration.threshold(TYPICAL, rate)) < NEVER else None
        for rate in (FALSE_ATTRIBUTIONS, loaded.config.calibration.likely)
    ]
    curves = {
        name: risk_coverage(cases.predictions.of(cases.predictions.count == _number(cases)))
        for name, cases in shown(View.CURVES).items()
    }
    confused = {
        name: (_number(cases), confusion(cases.predictions, _number(cases)))
        for name, cases in shown(View.CONFUSION).items()
    }
    progress("similarity", 0, 2)
    flat = release_map(loaded.likelihood, loaded.releases, seed)
    progress("similarity", 1, 2)
    tree = release_tree(loaded.likelihood, loaded.releases, seed)
    progress("similarity", 2, 2)
    return {
        "schema": SCHEMA,
        "run": dict(run),
        "summary": {"headline": headline(found), "conclusion": conclusion(found)},
        "notes": [*study.notes, *NOTES],
        "protocols": [describe(protocol) for protocol in tested],
        "figures": found,
        "reliability": {name: reliability(cases.predictions) for name, cases in shown(View.CURVES).items()},
        "risk_coverage": {
            "responses": TYPICAL,
            "threshold": thresholds[0],
            "false_attribution_rate": FALSE_ATTRIBUTIONS,
            "likely_threshold": thresholds[1],
            "likely_error_rate": loaded.config.calibration.likely,
            "curves": curves,
        },
        "confusion": {name: {"responses": number, "labs": labs} for name, (number, labs) in confused.items() if labs},
        "similarity": {"map": flat, "tree": tree},
        "worst_errors": worst_errors(shown(View.WORST_ERRORS), study.sample.corpus, loaded),
        "candidates": {name: candidate_figures(of, promised, seed, resamples) for name, of in questions.items()},
        "claims": {name: claim_figures(cases, seed, resamples) for name, cases in claims.items()},
        "months": {name: months(found, name, cases.parts()) for name, cases in shown(View.MONTHS).items()},
    }


def _number(tested: Tested) -> int:
    """The number of responses of the cases that are shown where there is room for one."""
    return typical(set(tested.predictions.count.tolist()))


def describe(protocol: Protocol) -> dict[str, Any]:
    """Return what the report says about a protocol."""
    return {
        "name": protocol.name,
        "question": protocol.question,
        "left_out": protocol.left_out,
        "views": sorted(protocol.views),
        "by_kind": protocol.by_kind,
    }


def months(found: list[dict[str, Any]], protocol: str, parts: list[str]) -> list[dict[str, Any]]:
    """Return the labs' figures of each month of a protocol, at the most responses that the month has cases of.

    Args:
        found: The report's figures.
        protocol: Its name.
        parts: The parts that are months.
    """
    latest: dict[str, dict[str, Any]] = {}
    for figure in found:
        of_month = figure["protocol"] == protocol and figure["part"] in parts and figure["level"] == Level.LAB
        if of_month and figure["responses"] <= TYPICAL:
            latest[figure["part"]] = figure
    out = []
    for month, figure in latest.items():
        metrics = figure["metrics"]
        top = metrics.get(Metric.TOP_1) or {"value": None, "low": None, "high": None}
        row = {
            "month": month,
            "cases": figure["cases"],
            "releases": figure["releases"],
            "responses": figure["responses"],
            "lab top-1": top["value"],
            "low": top["low"],
            "high": top["high"],
            "lab macro": _value(metrics, Metric.MACRO_RECALL),
        }
        out.append(row | {str(metric): _value(metrics, metric) for metric in MONTH_METRICS})
    return out


def _value(metrics: Mapping[str, Any], metric: Metric) -> float | None:
    return metrics[metric]["value"] if metric in metrics else None
