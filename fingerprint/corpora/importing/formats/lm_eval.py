"""lm-evaluation-harness's `samples_*.jsonl` (--log_samples): generated texts. They do not say whose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fingerprint.corpora.importing.found import Found, Item, as_text, content

NAME = "lm-evaluation-harness samples"


def fits(item: Item) -> bool:
    """See Format."""
    return {"doc_id", "doc", "resps", "arguments"} <= item.keys()


def read(item: Item) -> Iterator[Found]:
    """See Format."""
    requests = _listed(item["arguments"])
    for place, answers in enumerate(_listed(item["resps"])):
        asked = _listed(requests[place]) if place < len(requests) else []
        for answer in _listed(answers):
            if isinstance(answer, str):
                yield Found(answer, prompt=content(asked[0]) if asked else "", prompt_id=as_text(item["doc_id"]))


def _listed(value: Any) -> list[Any]:
    """A list, or the values of an object: arguments are {"gen_args_0": {"arg_0": ...}} in newer versions."""
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []
