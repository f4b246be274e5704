"""Tables of which nobody knows the form: a response a row, by columns that are named or known by their usual names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fingerprint.corpora.importing.found import Found, Item, as_text, content, last_turn, number
from fingerprint.errors import FingerprintError

FIELDS = ("response", "model", "prompt", "prompt_id", "language", "temperature")
_USUAL = {
    "response": ("response", "output", "completion", "answer", "generation", "generated_text", "text", "messages"),
    "model": ("release", "source_model", "model", "model_name", "model_id", "generator"),
    "prompt": ("prompt", "instruction", "question", "input", "query"),
    "prompt_id": ("prompt_id", "question_id", "id"),
    "language": ("language", "lang"),
    "temperature": ("temperature",),
}


@dataclass(frozen=True)
class Columns:
    """A Format by columns: which of our fields is which of theirs."""

    names: Mapping[str, str]
    NAME: str = "table"

    @classmethod
    def of(cls, given: Mapping[str, str], item: Item) -> Columns | None:
        """By what is `given`, then by usual names; None where no column could be the response.

        Raises FingerprintError for a column that is not there.
        """
        for field, name in given.items():
            if name not in item:
                raise FingerprintError(
                    f"--column {field}={name}: no such column; there are {', '.join(map(str, item))}"
                )
        usual = {f: next((n for n in names if n in item), "") for f, names in _USUAL.items()}
        names = {field: name for field, name in {**usual, **given}.items() if name}
        return cls(names) if "response" in names else None

    def fits(self, item: Item) -> bool:
        """See Format."""
        return self.names["response"] in item

    def read(self, item: Item) -> Iterator[Found]:
        """See Format."""
        values = {field: item.get(name) for field, name in self.names.items()}
        response, prompt = values["response"], content(values.get("prompt"))
        if isinstance(response, list):
            response, asked = last_turn(response)
            prompt = prompt or asked
        yield Found(
            content(response), as_text(values.get("model")), prompt, as_text(values.get("prompt_id")),
            as_text(values.get("language")), number(values.get("temperature")),
        )  # fmt: skip
