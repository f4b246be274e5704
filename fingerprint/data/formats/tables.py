"""Rows of a table or of JSON lines, by the names of their columns; and the database of the `llm` tool."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingerprint.data.formats.api import answer_of
from fingerprint.data.formats.base import Format, Group, Shape, is_error
from fingerprint.data.formats.content import last_prompt, last_turn, role, text_of
from fingerprint.data.formats.values import Item, mapping, mappings, name, number, stamp
from fingerprint.data.message import Kind, LeftOut, Message
from fingerprint.data.response import is_count
from fingerprint.errors import InputError

FIELDS = (
    "response", "model", "prompt", "prompt_id", "system", "language", "domain", "temperature", "time", "variant",
    "corpus",
)  # fmt: skip
_USUAL: Mapping[str, tuple[str, ...]] = {
    "response": (
        "response", "output", "completion", "answer", "generation", "generated_text", "response_text",
        "model_response", "model_output", "model_answer", "llm_response", "llm_output", "assistant_response",
        "ai_response", "output_text", "raw_response", "raw_output", "full_response", "assistant", "reply",
        "prediction", "generated", "result", "responses", "outputs", "completions", "generations", "text",
        "content", "messages",
    ),
    "model": (
        "release", "source_model", "model", "model_name", "model_id", "generator", "model_slug", "llm", "engine",
    ),
    "prompt": (
        "prompt", "instruction", "question", "input", "query", "prompt_text", "user_prompt", "user_message", "request",
    ),
    "prompt_id": ("prompt_id", "question_id", "custom_id", "id"),
    "system": ("system", "system_prompt"),
    "language": ("language", "lang"),
    "domain": ("domain",),
    "temperature": ("temperature",),
    "time": ("created_at", "created", "timestamp", "datetime", "date", "time"),
    "variant": ("variant",),
    "corpus": ("corpus",),
}  # fmt: skip
_WORD_END = re.compile(r"(?<=[a-z])(?=[A-Z])|[\s\-./]+")


def folded(column: str) -> str:
    """Return a column's name in lower case with underscores: "Model Response", "modelResponse" → "model_response"."""
    return _WORD_END.sub("_", column.strip()).lower()


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold which of FIELDS; several may hold responses, a model each."""

    names: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, item: Item, given: Mapping[str, tuple[str, ...]]) -> Columns | None:
        """Find the columns of a row.

        Args:
            item: One row.
            given: Field to names, as the person says; the others are found by their usual names, in any case.

        Returns:
            None where no column could be the response.

        Raises:
            ValueError: A name that is given is no column; says which there are.
        """
        for field, wanted in given.items():
            for one in wanted:
                if one not in item:
                    there = ", ".join(str(key) for key in list(item)[:20])
                    raise ValueError(f"--column {field}={one}: no such column; there are {there}")
        by_name: dict[str, str] = {}
        for key in item:
            if isinstance(key, str):
                by_name.setdefault(folded(key), key)
        names: dict[str, tuple[str, ...]] = {
            field: (by_name[found],)
            for field, usual in _USUAL.items()
            if (found := next((n for n in usual if n in by_name), None)) is not None
        }
        names |= given
        return cls(names) if "response" in names else None

    def read(self, item: Item, left_out: LeftOut) -> Iterator[Message]:
        """Yield the responses of one row."""
        prompt = self._value(item, "prompt")
        asked, system = last_prompt(prompt) if isinstance(prompt, list | str) else (text_of(prompt), "")
        about: dict[str, Any] = {
            "prompt": asked, "prompt_id": name(self._value(item, "prompt_id")),
            "system": text_of(self._value(item, "system")) or system,
            "model": _model(self._value(item, "model")), "language": name(self._value(item, "language")),
            "domain": name(self._value(item, "domain")), "temperature": number(self._value(item, "temperature")),
            "variant": name(self._value(item, "variant")), "corpus": name(self._value(item, "corpus")),
            "usage": mapping(item.get("usage")) or None, "time": stamp(self._value(item, "time")),
        }  # fmt: skip
        columns = self.names["response"]
        for column in columns:
            mine = about if len(columns) == 1 else {**about, "model": column}
            yield from _responses(item, item.get(column), mine, left_out)

    def _value(self, item: Item, field: str) -> object:
        return next((item.get(column) for column in self.names.get(field, ())), None)


def _model(value: object) -> str:
    return name(value) or next((name(v) for key in ("id", "name", "slug") if name(v := mapping(value).get(key))), "")


def _responses(item: Item, value: object, about: dict[str, Any], left_out: LeftOut) -> Iterator[Message]:
    """A response that is text, several in a list, the content of a message, a conversation, or an API's answer."""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        for one in value:
            yield from _responses(item, one, about, left_out)
        return
    turns = mappings(value)
    if turns and all("role" in turn or role(turn) in ("user", "assistant") for turn in turns):
        yield from last_turn(turns, lambda _: {k: v for k, v in about.items() if v or k == "usage"}, left_out)
        return
    if isinstance(value, dict) and (read := answer_of(value)) is not None:
        yield from read(value, left_out)
        return
    text = value if isinstance(value, str) else text_of(value)
    if text.strip() or is_count(about["domain"], about["usage"]):
        yield Message(text, **about)
    elif is_error(item):
        left_out[Kind.ERROR] += 1
    else:
        left_out[Kind.EMPTY] += 1


def _is_row(item: Item) -> bool:
    return Columns.of(item, {}) is not None


def parse_rows(
    items: Iterable[Item], left_out: LeftOut, given: Mapping[str, tuple[str, ...]] | None = None
) -> Iterator[Message]:
    """Yield the responses of rows whose columns are found anew where they differ."""
    known: dict[tuple[str, ...], Columns | None] = {}
    for item in items:
        shape = tuple(map(str, item))
        if shape not in known:
            try:
                known[shape] = Columns.of(item, given or {})
            except ValueError:  # a row without a column that others have
                known[shape] = Columns.of(item, {})
        columns = known[shape]
        if columns is not None:
            yield from columns.read(item, left_out)
        else:
            left_out[Kind.ERROR if is_error(item) else Kind.STRANGE] += 1


_OLD = "SELECT response, model, prompt, {system} FROM responses"
_NEW = """
SELECT
    (SELECT group_concat(text, char(10)) FROM
        (SELECT text FROM parts WHERE message_hash = tip.hash AND type = 'text' ORDER BY position)),
    coalesce(turns.resolved_model, turns.model),
    (SELECT group_concat(text, char(10)) FROM
        (SELECT text FROM parts WHERE message_hash = tip.parent_hash AND type = 'text' ORDER BY position)),
    NULL
FROM turns JOIN messages AS tip ON tip.hash = turns.tip_message_hash AND tip.role = 'assistant'
"""
_NEEDED = {_OLD: {"responses"}, _NEW: {"turns", "messages", "parts"}}


def _llm_log(path: Path, left_out: LeftOut) -> Iterator[Message]:
    # Nothing is written beside it, and nothing that the file defines is run.
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as log:
            log.execute("PRAGMA trusted_schema = OFF")
            log.execute("PRAGMA cell_size_check = ON")
            log.text_factory = lambda data: data.decode("utf-8", "replace")
            tables = {row[0] for row in log.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            queries = [query for query, needed in _NEEDED.items() if needed <= tables]
            if not queries:
                raise InputError(str(path), "is an SQLite database, but no log of the llm tool")
            columns = {row[1] for row in log.execute("PRAGMA table_info(responses)")}
            for query in queries:
                for response, model, prompt, system in log.execute(
                    query.format(system="system" if "system" in columns else "NULL")
                ):
                    if isinstance(response, str) and response.strip():
                        yield Message(response, model=name(model), prompt=name(prompt), system=name(system))
                    else:
                        left_out[Kind.EMPTY] += 1
    # What SQLite says of a damaged schema quotes it, and may be no UTF-8.
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"is no whole log of the llm tool ({' '.join(str(error).split())})") from None


FORMATS = (
    Format(
        "rows", "responses", Group.TABLE,
        "people's own files: JSON lines, JSON, CSV, TSV, parquet, data sets of the Hugging Face Hub",
        "a column `response`, `output`, `completion`, `answer`, `text` ... in any case, or those that `--column` names",
        "the text of the response; `model`, `prompt`, `prompt_id`, `system`, `language`, `temperature`, `time`",
        "rows without a response, error rows", _is_row, parse_rows, unit="row",
    ),
    Format(
        "llm", "llm log", Group.TABLE, "the `llm` tool, `logs.db`", "an SQLite database with `responses` or `turns`",
        "every response", "reasoning, tool results", lambda _: False, _llm_log, Shape.DATABASE,
    ),
)  # fmt: skip
