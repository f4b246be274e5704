"""Writes the page of the model format: python -m tests.store.format_page docs/model-format.md"""

from __future__ import annotations

import inspect as python_inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from fingerprint.config import Config
from fingerprint.store.documents import ArrayEntry, FileEntry, Manifest
from fingerprint.store.format import (
    ARRAYS,
    DOCUMENTS,
    ENCODER_ARRAYS,
    ENCODER_DOCUMENTS,
    ENCODER_WEIGHTS,
    SCHEMA,
    SYMBOLS,
    WEIGHTS,
    ArraySpec,
)

_OPENING = f"""# Model format

Made from the program's tables (`fingerprint/store/format.py`, `fingerprint/store/documents.py`) by `make docs`; a test
compares. This is schema {SCHEMA}. Models of older schemas are read as they are; `fingerprint models migrate MODEL --out
DIR` writes one anew in this schema, with the same arrays. The verdicts of both are the same.

A model of schema 1 keeps its ranking, its probabilities and its thresholds of attributions. These hold their rates over
all of its cases together, not in each kind of case. So its verdict is never `likely`. Beyond the domain limit its first
lab had a cap on its probability. The cap is gone, and the verdict there is `inconclusive`, as before. What it did not
measure has no effect: no family or release reaches a threshold, no release is called known, and a set holds every lab.

A model is a folder of data. Nothing in it is executed.

| file | holds |
|---|---|
| `model.json` | the manifest: every file with its SHA-256, every array, the hash of the features, its digest |
| `{WEIGHTS}` | the arrays |
| `encoder/` | the static encoder in the form of sentence-transformers; missing with another encoder |
| `MODEL_CARD.md` | the model card, for people |
"""

_OPTIONAL = "; missing where that was not learned"

_CHECKS = """
## What is checked

Before a model is used, and before one is written:

1. The folder holds plain files only, those of the manifest and no other. No file is a pickle.
2. Every file has the size and the SHA-256 that the manifest says, and the manifest has its own digest.
3. The hash of the feature and cleaning code is that of the program. A model that was made with other features is
   refused by name: this program would count other features than the model knows.
4. Every document has the names, types and ranges below. Every array has the type, shape and range below.
5. The parts fit together: codes point into what they index, labels agree with the arrays, all tables of the calibration
   have the same numbers of responses, its exponents cannot overflow, the newest release is the newest of the labels.
6. The model recognises its own regression set better than by always naming one lab.

What fails is refused in one line that names the file, the field and what was expected, with exit code 2.

The checksums and the digest show damage, and show a file that was changed without them. They are no signature: whoever
writes a whole model with this program's own means makes another model, and checks 3 to 6 are all that is asked of it.
"""


def page() -> str:
    """docs/model-format.md as it should be."""
    parts = [
        _OPENING.rstrip(),
        *(f"| `{name}.json` | {_lower(spec.meaning)}{_OPTIONAL * spec.optional} |" for name, spec in DOCUMENTS.items()),
        _CHECKS,
    ]
    parts += ["## Arrays\n", "The symbols of the shapes:\n", "| symbol | number of |", "|---|---|"]
    parts += [f"| {symbol} | {meaning} |" for symbol, meaning in SYMBOLS.items()]
    parts += ["", f"In `{WEIGHTS}`:\n", *_arrays(ARRAYS.values()), "", f"In `{ENCODER_WEIGHTS}`:\n"]
    parts += [*_arrays(ENCODER_ARRAYS.values()), ""]
    seen: set[type] = set()
    for name, spec in DOCUMENTS.items():
        parts.append(f"## `{name}.json`\n\n{spec.meaning}\n")
        if spec.type is Config:
            parts.append("Its fields, ranges and defaults are those of `fingerprint/config.py`.\n")
        else:
            parts += _fields(spec.type, seen)
    parts += ["## `model.json`\n"]
    for struct in (Manifest, FileEntry, ArrayEntry):
        parts += _fields(struct, seen)
    parts += ["## The static encoder\n"]
    for name, kind in ENCODER_DOCUMENTS.items():
        parts.append(f"`{name}`: {_shown(inspect.type_info(kind))}.\n")
        parts += _fields(inspect.type_info(kind), seen)
    return "\n".join(parts).rstrip() + "\n"


def _arrays(specs: Any) -> Iterator[str]:
    yield "| array | type | shape | range | meaning |"
    yield "|---|---|---|---|---|"
    for spec in specs:
        yield f"| `{spec.name}` | {spec.dtype} | ({', '.join(spec.shape)}) | {_range(spec)} | {spec.meaning} |"


def _range(spec: ArraySpec) -> str:
    if spec.dtype == "bool":
        return "-"
    whole = spec.most == 2**31 - 1
    limits = (
        f"0 to {spec.codes} - 1"
        if spec.codes
        else _limits(int(spec.least), None)
        if whole
        else (f"{spec.least:g} to {spec.most:g}")
    )
    return limits + (f", {spec.order}" if spec.order else "")


def _fields(kind: Any, seen: set[type]) -> Iterator[str]:
    """A section for a struct, and for those that it is made of."""
    info = kind if isinstance(kind, inspect.Type) else inspect.type_info(kind)
    for one in _structs(info):
        if one.cls in seen:
            continue
        seen.add(one.cls)
        meanings = _meanings(one.cls)
        yield f"### {one.cls.__name__}\n"
        yield f"{_first_line(one.cls)}\n"
        yield "| name | type | meaning |"
        yield "|---|---|---|"
        for field in one.fields:
            yield f"| `{field.encode_name}` | {_shown(field.type)} | {meanings.get(field.name, '-')} |"
        yield ""


def _structs(info: Any) -> Iterator[inspect.StructType]:
    if isinstance(info, inspect.StructType):
        yield info
        for field in info.fields:
            yield from _structs(field.type)
    for inner in ("item_type", "key_type", "value_type"):
        if hasattr(info, inner):
            yield from _structs(getattr(info, inner))
    for inner in ("types", "item_types"):
        for one in getattr(info, inner, ()):
            yield from _structs(one)


def _shown(info: Any) -> str:
    match info:
        case inspect.IntType() | inspect.FloatType():
            kind = "integer" if isinstance(info, inspect.IntType) else "number"
            return f"{kind} {_limits(info.ge, info.le)}".rstrip()
        case inspect.StrType(pattern=str(pattern)):
            escaped = pattern.replace("|", "\\|")
            return f"text, `{escaped}`"
        case inspect.StrType():
            return f"text up to {info.max_length:,} characters" if info.max_length else "text"
        case inspect.LiteralType():
            return " or ".join(f"`{json_of(value)}`" for value in info.values)
        case inspect.ListType():
            return f"list: {_shown(info.item_type)}"
        case inspect.TupleType():
            return f"list of {len(info.item_types)}: {_shown(info.item_types[0])}"
        case inspect.DictType():
            return f"object, by {_shown(info.key_type)}: {_shown(info.value_type)}"
        case inspect.StructType():
            return info.cls.__name__
        case inspect.UnionType():
            return " or ".join(_shown(one) for one in info.types)
        case inspect.NoneType():
            return "null"
    return "JSON"


def _limits(least: float | None, most: float | None) -> str:
    # What JSON of every language holds exactly is no limit that a reader wants to know.
    known = [None if limit is None or limit == 2**53 else f"{limit:,.15g}" for limit in (least, most)]
    return " ".join(f"{word} {limit}" for word, limit in zip(("from", "to"), known, strict=True) if limit is not None)


def json_of(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _first_line(kind: type) -> str:
    return (python_inspect.getdoc(kind) or "").partition("\n")[0]


def _meanings(kind: type) -> dict[str, str]:
    """What the docstring of a struct says of its fields."""
    text = (python_inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    found: dict[str, str] = {}
    for names, meaning in re.findall(r"^    ([a-z_0-9, ]+): ((?:.|\n(?!    \S))*)", text, re.M):
        for name in names.split(", "):
            found[name] = " ".join(meaning.split()).replace("|", "\\|")
    return found


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
