from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import inspect

from fingerprint.store.documents import Manifest
from fingerprint.store.format import ARRAYS, DOCUMENTS, ENCODER_ARRAYS, SYMBOLS, ArraySpec
from tests.store.format_page import _meanings, _structs, page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_the_format_is_current() -> None:
    assert (ROOT / "docs" / "model-format.md").read_text() == page(), "run: make docs"


@pytest.mark.parametrize("spec", [*ARRAYS.values(), *ENCODER_ARRAYS.values()], ids=lambda spec: spec.name)
def test_the_table_explains_itself(spec: ArraySpec) -> None:
    assert set(spec.shape) <= SYMBOLS.keys()
    assert spec.codes == "" or spec.codes in SYMBOLS
    assert spec.meaning.endswith(".")
    assert spec.least < spec.most


def test_every_field_of_every_document_is_explained() -> None:
    for kind in (Manifest, *(spec.type for spec in DOCUMENTS.values() if spec.type.__name__ != "Config")):
        for struct in _structs(inspect.type_info(kind)):
            if struct.cls.__name__ not in ("FileEntry", "ArrayEntry"):
                assert _meanings(struct.cls).keys() == {field.name for field in struct.fields}, struct.cls
