"""The one entrance: files, folders, standard input and Python values as cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

from fingerprint.data.containers import Place
from fingerprint.data.message import Message
from fingerprint.data.response import Case, Part, Response, usable
from fingerprint.data.rows import Options, Rows, left_out_text, opened_rows, rows_of
from fingerprint.data.streams import STDIN
from fingerprint.errors import InputError

_ENDINGS = (
    ".jsonl", ".ndjson", ".json", ".txt", ".md", ".csv", ".tsv", ".parquet", ".eval", ".db", ".sqlite", ".traj",
)  # fmt: skip
# Files whose summaries fit into one line.
_FEW = 4


def read_case(names: str | Sequence[str], options: Options | None = None) -> Case:
    """Read one file, or several as one case.

    Args:
        names: Paths, or "-" for standard input.
        options: How; None recognises all by content and takes prose and code.

    Returns:
        The responses that can be judged, and in one line what was read.

    Raises:
        InputError: A file cannot be read, is nothing that is known, or holds no answer.
    """
    files = [names] if isinstance(names, str) else list(names)
    read: list[Rows] = []

    def records() -> Iterator[Response]:
        for file in files:
            with opened_rows(Place(file), options) as rows:
                read.append(rows)
                yield from map(_response, rows.chosen())

    return _case(files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more", records(), read)


def case_of(values: Iterable[str | Mapping[str, Any] | Response], file: str = STDIN) -> Case:
    """Make a case of Python values.

    Args:
        values: Texts, objects as the lines of a file hold them, or responses as they are.
        file: Stands for a file's name.

    Returns:
        The responses that can be judged, cleaned but for those that are Response objects.

    Raises:
        InputError: The objects are of no form that is known, or hold no answer; or a lone text or object was given.
    """
    if isinstance(values, str | bytes | PathLike | Mapping | Response):
        hint = "write [response], or fingerprint.data.reader.read_case(path) for a file"
        raise InputError("responses", f"expected a list of responses, found one {type(values).__name__}; {hint}")
    given = list(values)
    items = [v if isinstance(v, Mapping) else {"response": v} for v in given if not isinstance(v, Response)]
    read = [rows_of(items, Place(file))] if items else []
    ready = (value for value in given if isinstance(value, Response))
    return _case(file, chain(ready, *(map(_response, rows.chosen()) for rows in read)), read)


def expanded(paths: Iterable[str], fail: Callable[[InputError], None]) -> Iterator[str]:
    """Yield the files that paths name: those in a folder, and in its folders, in order of their names.

    Args:
        paths: Files, folders, "-".
        fail: Receives the error of a folder without a file that could be read, and of a second "-".
    """
    is_stdin_read = False
    for path in paths:
        if path == STDIN:
            if is_stdin_read:
                fail(InputError(STDIN, "standard input can be read once only"))
            else:
                yield STDIN
            is_stdin_read = True
        elif Path(path).is_dir():
            inside = sorted(str(p) for p in Path(path).rglob("*") if _is_readable(p, Path(path)))
            if not inside:
                fail(InputError(path, f"is a folder without a file that ends in {', '.join(_ENDINGS)}"))
            yield from inside
        else:
            yield path


def _is_readable(path: Path, folder: Path) -> bool:
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts[:-1])
    # The card of a data set is no response.
    return name.endswith(_ENDINGS) and name != "readme.md" and not hidden and path.is_file()


def _response(message: Message) -> Response:
    return Response(
        message.text,
        message.prompt,
        message.prompt_id,
        message.system,
        message.language,
        message.domain,
        message.usage,
        message.time,
    )


def _case(file: str, records: Iterator[Response], read: list[Rows]) -> Case:
    case = usable(file, records)
    if not case.n_responses:
        said = "; ".join(said for rows in read for said in rows.not_judged())
        raise InputError(file, f"holds no answer{said and f'; {said}'}")
    models = {name for rows in read for name in rows.models if name}
    warnings = [warning for rows in read for warning in rows.warnings()]
    if len(models) > 1:
        warnings.append(f"{len(models)} models are named: one case is taken to be of one")
    parts: Counter[Part] = sum((rows.parts for rows in read), Counter())
    return replace(
        case,
        warnings=(*warnings, *case.warnings),
        summary="; ".join(rows.summary() for rows in read) if len(read) < _FEW else _together(read),
        parts={part: parts[part] for part in Part},
        judged=tuple(part for part in Part if not read or part in read[0].options.parts),
    )


def _together(read: list[Rows]) -> str:
    left_out = sum((rows.left_out for rows in read), Counter())
    messages = sum(rows.messages for rows in read)
    said = f"{messages:,} messages of {len(read):,} files"
    return f"{said}; {left_out_text(left_out)} left out" if +left_out else said
