"""A suspect from a file, standard input or Python values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from fingerprint.data import usable
from fingerprint.data.opening import MOST_BYTES, PARQUET, STDIN, lines, opened
from fingerprint.data.response import Case, Response
from fingerprint.errors import InputError

_TEXTS = ("prompt", "prompt_id", "system", "language", "domain")
_PACKED = (".gz", ".zst")


def read_case(file: str) -> Case:
    """Reads JSON lines (`response`, or `messages`), a plain .txt, or parquet; packed or not; "-" is standard input.

    Raises InputError with the line that is wrong.
    """
    with opened(file) as (stream, first):
        if first == PARQUET:
            records = _parquet(file, stream)
        elif _bare_name(file).endswith(".txt"):
            records = iter([Response("\n".join(text for _, text in lines(file, stream)))])
        else:
            records = (_record(row, file, number) for number, row in _json_lines(file, stream))
        found = usable.case(file, records)
    if not found.n_responses:
        raise InputError(file, "is empty; expected one JSON object with a response a line")
    return found


def case_of(responses: Iterable[str | Mapping[str, Any] | Response], file: str = STDIN) -> Case:
    """A suspect from texts, mappings as the lines of a file are, or records. Raises InputError as files do."""
    return usable.case(file, (_of_value(value, file, i + 1) for i, value in enumerate(responses)))


def _of_value(value: object, file: str, number: int) -> Response:
    if isinstance(value, Response):
        return value
    return Response(value) if isinstance(value, str) else _record(value, file, number)


def _bare_name(file: str) -> str:
    name = file.lower()
    for suffix in _PACKED:
        name = name.removesuffix(suffix)
    return name


def _json_lines(file: str, stream: IO[bytes]) -> Iterator[tuple[int, object]]:
    for number, text in lines(file, stream):
        if not text.strip():
            continue
        try:
            yield number, json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(file, f"is not JSON ({error.msg} at column {error.colno})", number) from None
        except (RecursionError, ValueError):
            raise InputError(file, "is JSON that is nested too deeply or holds a number too long", number) from None


def _record(row: object, file: str, number: int) -> Response:
    if not isinstance(row, Mapping):
        raise InputError(file, f"expected a JSON object with a response, found {_kind(row)}", number)
    if row.get("response") is None and "messages" in row:
        response, prompt, system = _chat(row["messages"], file, number)
        row = {"prompt": prompt, "system": system, **row, "response": response}
    if "response" not in row:
        raise InputError(file, 'has no response; expected {"response": "..."} or {"messages": [...]}', number)
    response = row["response"]
    if not isinstance(response, str):
        raise InputError(file, f"expected text as the response, found {_kind(response)}", number)
    texts: dict[str, str] = {}
    for name in _TEXTS:
        value = row.get(name)
        if name == "prompt_id" and isinstance(value, int):
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise InputError(file, f"expected text as {name}, found {_kind(value)}", number)
        texts[name] = value or ""
    usage = row.get("usage")
    if usage is not None and not isinstance(usage, Mapping):
        raise InputError(file, f"expected an object as usage, found {_kind(usage)}", number)
    return Response(response, **texts, usage=usage)


def _chat(messages: object, file: str, number: int) -> tuple[str, str, str]:
    """The last assistant turn, the last user turn before it, and the system prompt."""
    if not isinstance(messages, list):
        raise InputError(file, f"expected a list as messages, found {_kind(messages)}", number)
    last: dict[str, str] = {}
    response: tuple[str, str] | None = None
    for turn in messages:
        if not isinstance(turn, Mapping) or not isinstance(turn.get("role"), str):
            raise InputError(file, "expected an object with a role and content for each message", number)
        role = turn["role"]
        last[role] = _content(turn.get("content"), file, number)
        if role == "assistant":
            response = last[role], last.get("user", "")
    if response is None:
        raise InputError(file, "has no message of the assistant; its last one is taken as the response", number)
    return *response, last.get("system", "")


def _content(content: object, file: str, number: int) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        return "\n".join(part for part in parts if isinstance(part, str))
    raise InputError(file, f"expected text or a list of parts as content, found {_kind(content)}", number)


def _parquet(file: str, stream: IO[bytes]) -> Iterator[Response]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(file, f"is larger than {MOST_BYTES:,} bytes")
    try:
        table = pq.ParquetFile(pa.BufferReader(data))
        wanted = [n for n in ("response", "messages", *_TEXTS, "usage") if n in table.schema_arrow.names]
        number = 0
        for batch in table.iter_batches(256, columns=wanted):
            for row in batch.to_pylist():
                number += 1
                yield _record(row, file, number)
    except (pa.ArrowException, OSError) as error:
        raise InputError(file, f"is not whole parquet ({' '.join(str(error).split())[:200]})") from None


def _kind(value: object) -> str:
    names = {type(None): "null", bool: "true or false", int: "a number", float: "a number", str: "text",
             list: "a list", dict: "an object"}  # fmt: skip
    return names.get(type(value), type(value).__name__)
