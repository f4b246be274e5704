"""The model card, written from the documents of the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from fingerprint.base.escaping import printable
from fingerprint.config import flat_values
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS

# Digits of a sha256 that people see; those of corpora and models are compared by eye with a table or `models list`.
_CORPUS_DIGITS, _DIGITS = 16, 12
_METRICS = {"lab top-1": "accuracy", "lab macro": "balanced_accuracy"}


def card(documents: Mapping[str, Any]) -> str:
    """Write MODEL_CARD.md in the Hugging Face form: front matter, then what a reader must know before use.

    Args:
        documents: JSON values of the model folder, by name.

    Returns:
        Markdown.
    """
    training, labels, config = documents["training"], documents["labels"], documents["config"]
    rows, scores = training["rows"], training["scores"]
    corpora = _table(
        ("corpus", "source", "licence", "rows", "sha256"),
        (
            (c["name"], c["source"], c["licence"] or "not stated", c["rows"], c["sha256"][:_CORPUS_DIGITS])
            for c in training["corpora"]
        ),
    )
    releases = _table(
        ("release", "lab", "family", "released", "rows"),
        ((r["release"], r["lab"], r["family"], r["released"], rows.get(r["release"], 0)) for r in labels["releases"]),
    )
    return f"""---
{_front_matter(training)}
---

# {_cell(training["name"])}

This model says which lab, family and release wrote a set of responses. It knows {len(labels["releases"])} releases of
{len(labels["labs"])} labs. The newest is of {training["newest"] or "unknown date"}. It was trained on
{training["trained"]} with fingerprint {training["version"]}. Its encoder:
{_cell(config["embedding"]["encoder"] or "the static one of this folder")}.

## Corpora

{corpora}

{_selection(training)}

## Lineage

{_lineage(training["lineage"])}

## Configuration

{_config(config)}

## Scores

A first model was trained without some prompts, corpora, releases and labs. It gave these scores on them. The model of
this folder was then trained on all responses but its regression set.

- `same`: known releases on other prompts.
- `other`: corpora that the first model had not seen.
- `unseen`: releases that it had not seen, of labs that it knows.
- `unknown`: labs that it had not seen.

Probabilities and thresholds are fitted on these cases. {_mixture(config)}An update changes neither.

"attributed" is the coverage. "false attributions" is the share of attributions that name a wrong lab. The threshold
allows {FALSE_ATTRIBUTIONS:.0%} false attributions over all kinds together. Attributions of releases and labs that the
model does not know are wrong more often than that.

{_table(list(scores[0]), (row.values() for row in scores))}

## Limits

A verdict is a probability, not a proof. The model is less certain about releases that imitate others, about prompts
that dictate the form, and about languages and domains that the corpora do not have. It is calibrated to say so.

## Releases

{releases}
"""


def _front_matter(training: Mapping[str, Any]) -> str:
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
        for name, metric in _METRICS.items()
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


def _selection(training: Mapping[str, Any]) -> str:
    """What of the corpora was not used."""
    settings = training["settings"]
    lines = [f"- {_cell(reason)}: {count} responses left out" for reason, count in training["dropped"].items()]
    if settings["released_before"]:
        lines.append(f"- only releases from before {_cell(settings['released_before'])}")
    for what, names in (("releases", settings["exclude_releases"]), ("labs", settings["exclude_labs"])):
        if names:
            lines.append(f"- {what} left out: {', '.join(map(_cell, names))}")
    lines.append(f"- regression set: {training['regression_set']} responses, for the comparison with a later model")
    return "\n".join(lines)


def _config(config: Mapping[str, Any]) -> str:
    table = _table(("hyper-parameter", "value"), flat_values(config))
    return f"`fingerprint train CORPUS... --config MODEL --out DIR` trains with the same.\n\n{table}"


def _mixture(config: Mapping[str, Any]) -> str:
    shares = ", ".join(f"{kind} {100 * share:g} %" for kind, share in config["calibration"]["mixture"].items())
    return f"They count by the assumed case mixture ({shares}). "


def _lineage(entries: Sequence[Mapping[str, Any]]) -> str:
    """The entries, the first first, and the model comparison of each that had one."""
    out = [
        _table(
            ("time", "command", "fingerprint", "parent", "registry", "corpora"),
            (
                (
                    entry["time"],
                    entry["command"],
                    entry["version"],
                    (entry["parent"] or "")[:_DIGITS],
                    entry["registry"][:_DIGITS],
                    ", ".join(sha256[:_CORPUS_DIGITS] for sha256 in entry["corpora"]),
                )
                for entry in entries
            ),
        )
    ]
    for entry in entries:
        comparison = entry["comparison"]
        if comparison is None:
            continue
        forced = " It was refused, and forced." if comparison["refused"] else ""
        out.append(f"The model of {entry['time']} was compared with its parent on its regression set.{forced}")
        out.append(
            _table(
                ("releases", "metric", "cases", "parent", "this model", "drop", "95 % interval"),
                map(_figure, comparison["figures"]),
            )
        )
        if comparison["lost"]:
            out.append(f"It no longer knows these releases: {', '.join(map(_cell, comparison['lost']))}.")
    return "\n\n".join(out)


def _figure(figure: Mapping[str, Any]) -> tuple[object, ...]:
    shown = (figure[name] for name in ("group", "figure", "cases", "old", "new", "drop"))
    interval = f"{figure['low']} to {figure['high']}" if figure["low"] is not None else None
    return (*shown, interval)


def _table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    """Names come from other people's files: none of them ends its cell, its line or the text around it."""
    text = "-" if value is None or value == "" else printable(str(value))
    return text.replace("|", "\\|").replace("<", "&lt;")
