"""The model card, written from the documents of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from fingerprint.base.cards import hub_licences, markdown_cell, markdown_table
from fingerprint.config import flat_values
from fingerprint.model.verdict import FALSE_ATTRIBUTIONS

# Digits of a sha256 that people see; those of corpora and models are compared by eye with a table or `models list`.
_CORPUS_DIGITS, _DIGITS = 16, 12
_ON_HUB = re.compile(r"huggingface\.co/datasets/([\w.-]+/[\w.-]+)")
_COLUMNS = (
    "held out",
    "responses",
    "cases",
    "lab top-1",
    "lab macro",
    "release top-1",
    "mean P(unknown)",
    "attributed",
    "false attributions",
    "likely",
    "false likely",
)
_METRICS = {"lab top-1": "accuracy", "lab macro": "balanced_accuracy"}


def card(documents: Mapping[str, Any]) -> str:
    """Write MODEL_CARD.md in the Hugging Face form: front matter, then what a reader must know before use.

    Args:
        documents: JSON values of the model folder, by name.

    Returns:
        Markdown.
    """
    training, labels, config = documents["training"], documents["labels"], documents["config"]
    rows = training["rows"]
    corpora = markdown_table(
        ("corpus", "source", "licence", "languages", "rows", "sha256"),
        (
            (
                c["name"],
                c["source"],
                _licence(c["licence"]),
                ", ".join(c.get("languages", ())),
                c["rows"],
                c["sha256"][:_CORPUS_DIGITS],
            )
            for c in training["corpora"]
        ),
    )
    releases = markdown_table(
        ("release", "lab", "family", "released", "rows"),
        ((r["release"], r["lab"], r["family"], r["released"], rows.get(r["release"], 0)) for r in labels["releases"]),
    )
    return f"""---
{_front_matter(training)}
---

# {markdown_cell(training["name"])}

This model says which lab, family and release wrote a set of responses. It knows {len(labels["releases"])} releases of
{len(labels["labs"])} labs. The newest is of {training["newest"] or "unknown date"}. It was trained on
{training["trained"]} with fingerprint {training["version"]}. Its encoder:
{markdown_cell(config["embedding"]["encoder"] or "the static one of this folder")}.

Licence of the model: {markdown_cell(training.get("licence") or "none stated")}. The corpora have licences of their own.

## Corpora

{corpora}

{_selection(training)}

## Lineage

{_lineage(training["lineage"])}

## Configuration

{_config(config)}

## Scores

Several models were trained, each without some prompts, corpora, releases and labs, or only on what was released before
a month. They gave these scores on what they had not seen. The model of this folder was then trained on all responses
but its regression set.

- `same`: known releases on other prompts.
- `other`: known releases in a corpus that was left out.
- `unseen`: releases that were left out, of labs that the model knew.
- `both`: releases that were left out, in a corpus that was left out.
- `later`: releases after the model's time, of labs that it knew.
- `unknown`: releases of labs that the model did not know.

Probabilities and thresholds are fitted on these cases. An update changes neither. What the user expects (`--expect`)
says how much each kind counts:

{_expectations(config)}

"attributed" is the coverage. "false attributions" is the share of attributions that name a wrong lab. The thresholds
are chosen for {FALSE_ATTRIBUTIONS:.0%} false attributions; the table says how many there are in each kind.

{_scores(training["scores"])}

## Limits

A verdict is a probability, not a proof. The model is less certain about releases that imitate others, about prompts
that dictate the form, and about languages and domains that the corpora do not have. It is calibrated to say so.

## Releases

{releases}
"""


def _front_matter(training: Mapping[str, Any]) -> str:
    corpora = training["corpora"]
    return ModelCardData(
        license=hub_licences([training.get("licence", "")])[0],
        language=sorted({language for c in corpora for language in c.get("languages", ())}) or None,
        datasets=sorted({_data_set(c["name"], c["source"]) for c in corpora}),
        metrics=sorted(_METRICS.values()),
        library_name="fingerprint",
        pipeline_tag="text-classification",
        tags=["authorship-attribution", "llm-identification"],
        licences_of_corpora=sorted({_licence(c["licence"]) for c in corpora}),
        model_name=training["name"],
        eval_results=[result for row in training["scores"] for result in _results(row)],
    ).to_yaml()


def _results(row: Mapping[str, Any]) -> Iterator[EvalResult]:
    """The metrics of a row of scores that the Hub knows."""
    kind = [value for value in row.values() if isinstance(value, str)]
    cases = ", ".join([*kind, f"{row['responses']} responses"])
    for name, metric in _METRICS.items():
        if row.get(name) is not None:
            yield EvalResult(
                task_type="text-classification",
                dataset_type="held-out",
                dataset_name=cases,
                # Metrics with the same configuration are one result to the Hub; each is to be one of its own.
                dataset_config=f"{cases}, {name}",
                metric_type=metric,
                metric_name=name,
                metric_value=row[name],
            )


def _data_set(name: str, source: str) -> str:
    """The name of a corpus on the Hub if it is from there, else its own, which no page of the Hub has to have."""
    found = _ON_HUB.search(source)
    return found[1] if found else re.sub(r"[^\w.-]", "_", name)


def _selection(training: Mapping[str, Any]) -> str:
    """What of the corpora was not used."""
    settings = training["settings"]
    lines = [f"- {markdown_cell(reason)}: {count} responses left out" for reason, count in training["dropped"].items()]
    if settings["released_before"]:
        lines.append(f"- only releases from before {markdown_cell(settings['released_before'])}")
    for what, names in (("releases", settings["exclude_releases"]), ("labs", settings["exclude_labs"])):
        if names:
            lines.append(f"- {what} left out: {', '.join(map(markdown_cell, names))}")
    lines.append(f"- regression set: {training['regression_set']} responses, for the comparison with a later model")
    return "\n".join(lines)


def _config(config: Mapping[str, Any]) -> str:
    table = markdown_table(("hyper-parameter", "value"), flat_values(config))
    return f"`fingerprint train CORPUS... --config MODEL --out DIR` trains with the same.\n\n{table}"


def _expectations(config: Mapping[str, Any]) -> str:
    """The share of each kind of case by what the user expects."""
    expectations = config["calibration"]["expectations"]
    kinds = list(next(iter(expectations.values())))
    return markdown_table(
        ("expect", *kinds),
        ((name, *(f"{100 * shares[kind]:g} %" for kind in kinds)) for name, shares in expectations.items()),
    )


def _scores(scores: Sequence[Mapping[str, Any]]) -> str:
    """All columns that any row has, those that a training measures first and in its order: JSON files lose it."""
    found = dict.fromkeys(name for row in scores for name in row)
    columns = [*(name for name in _COLUMNS if name in found), *(name for name in found if name not in _COLUMNS)]
    return markdown_table(columns, ([row.get(name) for name in columns] for row in scores))


def _licence(stated: str) -> str:
    """What the metadata of a corpus state; of a source without a licence they say "none", some with a remark."""
    return re.sub(r"^(none( stated)?\b|$)", "none stated", stated, flags=re.IGNORECASE)


def _lineage(entries: Sequence[Mapping[str, Any]]) -> str:
    """The entries, the first first, and the model comparison of each that had one."""
    out = [
        markdown_table(
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
            markdown_table(
                (
                    "releases",
                    "metric",
                    "cases",
                    "parent",
                    "this model",
                    "worse by",
                    "95 % interval",
                    "allowed",
                    "worse",
                ),
                map(_figure, comparison["figures"]),
            )
        )
        if comparison["lost"]:
            out.append(f"It no longer knows these releases: {', '.join(map(markdown_cell, comparison['lost']))}.")
    return "\n\n".join(out)


def _figure(figure: Mapping[str, Any]) -> tuple[object, ...]:
    shown = (figure[name] for name in ("group", "figure", "cases", "old", "new", "drop"))
    if figure["drop"] is None:
        interval = None
    else:
        interval = "too few to tell" if figure["low"] is None else f"{figure['low']} to {figure['high']}"
    return (*shown, interval, figure["allowed"], "yes" if figure["worse"] else "no")
