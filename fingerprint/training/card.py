"""The model card, written from the model's own documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from fingerprint.base.escaping import printable

_SHOWN = 12
_MEASURED = {"lab top-1": "accuracy", "lab macro": "balanced_accuracy"}


def card(documents: dict[str, Any]) -> str:
    """MODEL_CARD.md in the Hugging Face form: front matter, then what a reader must know before use."""
    training, labels = documents["training"], documents["labels"]
    rows, scores = training["rows"], training["scores"]
    corpora = _table(
        ("corpus", "source", "licence", "rows", "sha256"),
        ((c["name"], c["source"], c["licence"], c["rows"], c["sha256"][:16]) for c in training["corpora"]),
    )
    releases = _table(
        ("release", "lab", "family", "released", "rows"),
        ((r["release"], r["lab"], r["family"], r["released"], rows.get(r["release"], 0)) for r in labels["releases"]),
    )
    settings = "\n".join(f"- {name}: {_cell(value)}" for name, value in training["settings"].items())
    shares = ", ".join(f"{kind} {100 * share:g} %" for kind, share in training["shares"].items())
    return f"""---
{_front(training)}
---

# {_cell(training["name"])}

Says which lab, family and release wrote a set of responses. {len(labels["releases"])} releases of
{len(labels["labs"])} labs, the newest of {training["newest"] or "unknown date"}; trained on {training["trained"]}
with fingerprint {training["version"]}, encoder: {_cell(training["encoder"] or "its own static one")}.

## Settings

{settings}
- rows dropped: {training["dropped"]}
- responses held back, to compare the model with its successors: {training["held"]}

## Corpora

{corpora}

## Lineage

{_lineage(training["lineage"])}

## What it scored

By a model trained without these prompts, corpora, releases and labs; the model in this folder was then trained on
everything but what is held back. `same`: known releases, other prompts. `other`: corpora that it had not seen.
`unseen`: releases that it had not seen, of labs that it knows. `unknown`: labs that it had not seen. Probabilities
and thresholds are fitted on these suspects in the shares that users are taken to bring them: {shares}. An update
changes neither.

`claimed` and `false claims` are at the threshold for 5 % false claims over all of them: a claim about a release that
nobody has trained on is wrong more often than one about a known release, as the rows say.

{_table(list(scores[0]), (row.values() for row in scores))}

## Limits

A verdict is a probability, not a proof. Releases that imitate others, prompts that dictate the form, and languages
and domains that are not in the corpora above make it unsure; it was calibrated to say so.

## Releases

{releases}
"""


def _front(training: dict[str, Any]) -> str:
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type="held-out",
            dataset_name=f"{row['held out']}, {row['responses']} responses",
            metric_type=metric,
            metric_name=name,
            metric_value=row[name],
        )
        for row in training["scores"]
        for name, metric in _MEASURED.items()
        if row[name] is not None
    ]
    return ModelCardData(
        library_name="fingerprint",
        pipeline_tag="text-classification",
        tags=["authorship-attribution", "llm-identification"],
        licences_of_corpora=sorted({c["licence"] for c in training["corpora"] if c["licence"]}),
        model_name=training["name"],
        eval_results=results,
    ).to_yaml()


def _lineage(steps: Sequence[dict[str, Any]]) -> str:
    """The steps, the first first, and what the gate said of each that had one."""
    out = [
        _table(
            ("time", "command", "fingerprint", "parent", "registry", "corpora"),
            (
                (
                    s["time"],
                    s["command"],
                    s["version"],
                    (s["parent"] or "")[:_SHOWN],
                    s["registry"][:_SHOWN],
                    ", ".join(sha256[:16] for sha256 in s["corpora"]),
                )
                for s in steps
            ),
        )
    ]
    for step in steps:
        gate = step["gate"]
        if gate is None:
            continue
        forced = " It had been refused, and was forced." if gate["refused"] else ""
        out.append(f"The step of {step['time']} compared with its parent, on responses that neither learned.{forced}")
        out.append(
            _table(
                ("of", "figure", "suspects", "parent", "this", "drop", "95 % interval"),
                map(_figure, gate["figures"]),
            )
        )
        if gate["lost"]:
            out.append(f"Releases that it no longer knows: {', '.join(map(_cell, gate['lost']))}.")
    return "\n\n".join(out)


def _figure(figure: dict[str, Any]) -> tuple[object, ...]:
    shown = (figure[name] for name in ("group", "figure", "suspects", "old", "new", "drop"))
    return (*shown, f"{figure['low']} to {figure['high']}")


def _table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    """Names come from other people's files: none of them ends its cell, its line or the text around it."""
    text = "-" if value is None or value == "" else printable(str(value))
    return text.replace("|", "\\|").replace("<", "&lt;")
