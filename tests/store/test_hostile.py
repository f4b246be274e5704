"""Models with right checksums and wrong contents: a clean refusal or the unchanged verdict, and nothing else.

Every change is tried twice. With the file's checksum made right, but not the manifest's digest, every change is
refused. With the digest made right as well, by one who forges a model with all means, what cannot be right is refused
in one line, and what could be right gives a well-formed verdict.
"""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fingerprint.api import Fingerprint
from fingerprint.config import MixtureConfig
from fingerprint.errors import ModelError
from fingerprint.model.calibration import LEVELS, NEVER, Expect
from fingerprint.model.confidence import LAB
from fingerprint.store import documents
from fingerprint.store.folder import save
from fingerprint.store.format import ARRAYS, DOCUMENTS, ENCODER_ARRAYS
from tests.store.folder import CARD, edit_manifest, make, parts, replace, replace_arrays, replace_encoder, texts

Steps = tuple[Any, ...]

REFUSED = "refused"
# What stands for JSON that Python's own writer does not write.
_RAW = {"@NaN": "NaN", "@inf": "Infinity", "@1e999": "1e999", "@big": "9" * 400}
_WRONG: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 3.5,
    "text": "x",
    "list": [],
    "object": {},
    **{name: name for name in _RAW},
    "huge": 3e38,
    "least": -3e38,
}
_WRONG_TEXT = {"long": "x" * 20_000, "surrogate": "\ud800"}
# These may be right: a smaller number is another number, and an entry less is another table.
_POSSIBLE: dict[str, Callable[[Any], Any]] = {
    "zero": lambda value: 0,
    "negative": lambda value: -value,
    "more": lambda value: value * 1.01,
    "one": lambda value: 1,
}
# Tables whose values are all of one type, by any key: the ends of one stand for all of it.
_TABLES = {
    *("parameters", "confidence", "first", "unknown", "new", "known", "lab", "family", "release", "distances", "sets"),
    *("figures", "domain_limits", "far_limits", "two_source_limits"),
    *("weights", "accept", "reject"),
    *("rows", "dropped", "releases", "counts", "says", "ash", "others", "comparison"),
}
# Of these every key has to be there, but for the names of labs among the weights.
_WHOLE = {
    *("parameters", "first", "unknown", "new", "known", "lab", "family", "release", "distances", "sets", "figures"),
    *("weights", "accept", "reject"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("hostile") / "model")


@pytest.fixture(scope="module")
def usual(folder: Path) -> str:
    return verdict(folder)


def verdict(folder: Path) -> str:
    """The verdict as JSON, or REFUSED; whatever else is raised fails the test."""
    said = None
    try:
        model = Fingerprint.load(folder)
        found = [model.identify(texts(), expect=expect).to_dict() for expect in Expect]
    except ModelError as error:
        said = str(error)
    if said is not None:
        assert said.isprintable()
        assert str(folder) in said
        return REFUSED
    text = json.dumps(found, allow_nan=False)
    for one in json.loads(text):
        shares = [share["probability"] for share in one["labs"]]
        assert math.isclose(sum(shares), 1, abs_tol=1e-6)
        assert all(0 <= share <= 1 for share in shares)
        assert all(share in one["labs"] for share in one["set"])
    return text


def outcomes(folder: Path, name: str, data: bytes) -> tuple[str, str]:
    """The verdict of a changed file with its checksum alone, and with the digest, made right; the file is put back."""
    with put_back(folder, name):
        replace(folder, name, data, signed=False)
        damaged = verdict(folder)
        edit_manifest(folder, lambda value: None)
        return damaged, verdict(folder)


def forged(folder: Path, name: str, data: bytes) -> str:
    """The verdict of a changed file with all made right."""
    with put_back(folder, name):
        replace(folder, name, data)
        return verdict(folder)


@contextmanager
def put_back(folder: Path, *names: str) -> Iterator[None]:
    before = {name: (folder / name).read_bytes() for name in (*names, "model.json")}
    try:
        yield
    finally:
        for name, content in before.items():
            (folder / name).write_bytes(content)


def places(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """Paths into JSON values: every name, and the ends of every list and table."""
    yield steps
    if isinstance(value, dict):
        for key in keys(value, steps):
            yield from places(value[key], (*steps, key))
    elif isinstance(value, list):
        for index in ends(list(range(len(value)))):
            yield from places(value[index], (*steps, index))


def keys(value: dict[str, Any], steps: Steps) -> list[str]:
    if not is_table(steps):
        return list(value)
    # The weights are of features, then of nothing, then of labs.
    return list(dict.fromkeys([*ends(list(value)), *(name for name in value if name == "bias")]))


def is_table(steps: Steps) -> bool:
    if steps[:-1] == ("expectations",):
        return False
    return bool(steps) and (steps[-1] in _TABLES or steps[:-1] == ("scores",) or steps[-2:-1] == ("figures",))


def numbered(name: str, document: Any) -> Iterator[tuple[int, Steps]]:
    """The places of a document; of the two expectations that have the form of the first each second one."""
    for number, steps in enumerate(places(document)):
        if number % 2 or name != "calibration" or steps[:2] not in (("expectations", "new"), ("expectations", "known")):
            yield number, steps


def ends(some: list[Any]) -> list[Any]:
    return list(dict.fromkeys(some[:1] + some[-1:]))


def get(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value[step]
    return value


def changed(document: Any, steps: Steps, new: Any) -> Any:
    """A copy of JSON values with another value at a path."""
    if not steps:
        return new
    out = copy.deepcopy(document)
    get(out, steps[:-1])[steps[-1]] = new
    return out


def without(document: Any, steps: Steps) -> Any:
    out = copy.deepcopy(document)
    del get(out, steps[:-1])[steps[-1]]
    return out


def encoded(document: Any) -> bytes:
    text = json.dumps(document)
    for name, raw in _RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text.encode()


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_field_of_every_document(folder: Path, usual: str, name: str) -> None:
    document = parts().documents[name]
    for number, steps in numbered(name, document):
        value = get(document, steps)
        kinds = list({**_WRONG, **(_WRONG_TEXT if isinstance(value, str) else {})}.items())
        # Three have many fields of few types: three kinds each, in turn.
        if name in ("config", "calibration", "claims"):
            kinds = [kinds[(3 * number + i) % len(kinds)] for i in range(3)]
        data = encoded(without(document, steps)) if steps else b"{}"
        for kind, new in kinds:
            # An empty list or object may be right where one is expected, and a text or number where one is free.
            free = type(new) is type(value) and kind in ("true", "number", "text", "list", "object")
            if free or (steps, kind) == (("self_names",), "null"):
                continue
            data = encoded(changed(document, steps, new))
            assert forged(folder, f"{name}.json", data) in (REFUSED, usual), (steps, kind)
        # The digest is looked at first, so that one stands for all.
        assert outcomes(folder, f"{name}.json", data)[0] == REFUSED, steps


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_numbers_and_entries_that_might_be_right(folder: Path, name: str) -> None:
    document = parts().documents[name]
    for number, steps in numbered(name, document):
        value = get(document, steps)
        # The next test leaves names out.
        new = [encoded(without(document, steps))] if is_table(steps[:-1]) else []
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            changes = list(_POSSIBLE.values())
            if name == "config" or steps[:1] == ("expectations",):
                changes = [changes[number % len(changes)]]
            new += [encoded(changed(document, steps, change(value))) for change in changes]
        elif isinstance(value, (str, list, dict)):
            new.append(encoded(changed(document, steps, type(value)())))
        if isinstance(value, list) and len(value) > 1:
            new += [encoded(changed(document, steps, other)) for other in (value[::-1], [*value, value[0]])]
        for data in new:
            # Well-formed verdicts are checked in there.
            forged(folder, f"{name}.json", data)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_names_that_are_missing_or_unknown(folder: Path, usual: str, name: str) -> None:
    document = parts().documents[name]
    for _, steps in numbered(name, document):
        value = get(document, steps)
        table = is_table(steps)
        if not isinstance(value, dict) or (table and steps[-1] not in _WHOLE):
            continue
        more = changed(document, (*steps, "unknown name"), 1)
        assert forged(folder, f"{name}.json", encoded(more)) == REFUSED, steps
        for key in keys(value, steps):
            if not key.startswith(LAB):
                less = encoded(without(document, (*steps, key)))
                assert forged(folder, f"{name}.json", less) in (REFUSED, usual), (steps, key)


@pytest.mark.parametrize(
    ("name", "steps", "new", "said"),
    [
        ("calibration", ("parameters", "scale"), 800.0, "parameters.scale: expected `float` <= 50.0"),
        ("calibration", ("parameters", "nest_by_margin"), 40.0, "parameters: those of 'nest' may add up to"),
        ("calibration", ("domain_limits", "7"), 1.0, "domain_limits: 7 responses have no threshold"),
        ("calibration", ("domain_limits", "07"), 1.0, "domain_limits: expected `str` matching regex"),
        ("calibration", ("domain_limits", "5"), 0.0, "domain_limits: a limit is not above 0"),
        ("calibration", ("far_limits", "7"), 1.0, "far_limits: 7 responses have no threshold"),
        ("calibration", ("far_limits", "5"), 0.0, "far_limits: a limit is not above 0"),
        ("calibration", ("two_source_limits", "7"), 1.0, "two_source_limits: 7 responses have no threshold"),
        ("calibration", ("two_source_limits", "5"), "@1e999", "calibration.json: not JSON with finite numbers"),
        ("labels", ("labs", 0), "unknown", "'unknown' stands for labs that the model does not know"),
        ("labels", ("labs",), ["birch", "ash", "cedar"], "ash-1 is of ash, but of birch in weights.safetensors"),
        ("labels", ("releases", 0, "lab"), "birch", "ash-1 is of birch, but of ash in weights.safetensors"),
        ("labels", ("releases", 0, "released"), "2025-13", "releases.0.released: expected `str` matching regex"),
        ("labels", ("releases", 0, "release"), "Ash 1", "releases.0.release: expected `str` matching regex"),
        ("labels", ("releases", 1, "release"), "ash-1", "releases: 'ash-1' is there twice"),
        ("labels", ("releases", 0, "family"), "a\u202eb", "family or line of ash-1 holds what cannot be shown"),
        ("labels", ("corpora", 1), "first", "corpora: 'first' is there twice"),
        ("labels", ("style_markers", 0), "titles", "style_markers are not those that this program measures"),
        ("training", ("newest",), "2027-01", "newest: expected '2025-02', as in labels.json"),
        ("training", ("encoder",), "some/model", "encoder: is not that of config.json"),
        ("training", ("lineage", 0, "corpora", 0), "f" * 64, "lineage: names a corpus that corpora lacks"),
        ("probing", ("kinds",), [["chat", "en"]] * 2, "array 'probe_gain' is float16"),
        ("prompts", ("corpora", 1), "first", "corpora: one is there twice"),
        ("prompts", ("kinds", 0, 0), "a\u202eb", "corpora, kinds: one holds what cannot be shown"),
        ("prompts", ("corpora",), ["first"], "array 'prompt_corpus' holds 1, expected numbers from 0 to 0"),
        ("side", ("self_names", "says", "ash", "ash"), 5.0, "self_names.says.ash: sums to more"),
        ("side", ("token_counts", 0, "releases", "ash-1"), "birch", "token_counts: ash-1 is of birch, but of ash"),
        ("pairs", ("weights", "cosine"), "x", "weights.cosine: expected `float`"),
        ("pairs", ("weights", "cosin"), 1.0, "weights: 'cosin' is unknown"),
        ("pairs", ("weights",), {}, "weights: '"),
        ("pairs", ("least",), 1.0, "least: expected `float` <= 0.0"),
        ("pairs", ("limits", "5"), {}, "limits.5: 'in' is missing"),
        ("pairs", ("limits", "7"), {}, "figures: '7' is missing"),
        ("pairs", ("limits", "1", "in", "same", 1), -3.0, "expected `float` >= 0.0"),
        ("pairs", ("limits", "1", "in", "same"), [1.0], "limits.1.in.same: expected 5 limits"),
        (
            "pairs",
            ("limits", "1", "out", "different", 4),
            -2.5,
            "limits.1.out.different: expected 5 limits, none stricter",
        ),
        ("pairs", ("limits", "1", "in", "same", 3), None, "limits.1.in.same: expected 5 limits, none stricter"),
        ("pairs", ("figures", "5", "in", "others"), {}, "invalid enum value 'others'"),
        ("pairs", ("figures", "5", "in", "other", "same"), [0.0], "figures.5.in.other: expected 5 shares"),
        ("pairs", ("figures", "5", "in", "other", "cells"), 41, "figures.5.in.other: more cells than pairs"),
        ("config", ("plda", "iterations"), 0, "plda.iterations: expected `int` >= 1"),
        (
            *("config", ("calibration", "expectations", "new", "same"), 0.5),
            "the shares of calibration.expectations.new sum to 1.48, not to 1",
        ),
    ],
)
def test_the_refusal_says_what_was_expected(folder: Path, name: str, steps: Steps, new: Any, said: str) -> None:
    with put_back(folder, f"{name}.json"):
        replace(folder, f"{name}.json", encoded(changed(parts().documents[name], steps, new)))
        with pytest.raises(ModelError) as caught:
            Fingerprint.load(folder)
    assert said in str(caught.value)


_RATES = 8


@pytest.mark.parametrize(
    ("steps", "new", "said"),
    [
        (("confidence", "third"), {}, "confidence: invalid enum value 'third'"),
        (("confidence", "first", "lead"), 2e6, "confidence.first.lead: expected `float` <= 1000000.0"),
        (("confidence", "first", "lad"), 0.5, "confidence.first: 'lad' is unknown"),
        (("confidence", "unknown"), {"bias": 1}, "confidence.unknown: 'agreement' is missing"),
        (("confidence", "first", "lab:oak"), 0.5, "confidence.first: 'lab:oak' is of no lab in labels.json"),
        (("confidence", "new", "lab:ash"), -20.5, "confidence.new: 'lab:ash' is -20.5, expected 0 +- 20"),
        (("thresholds", "family"), {}, "thresholds.family: '1' is missing"),
        (("thresholds", "line"), {}, "thresholds: object contains unknown field `line`"),
        (("thresholds", "lab", "5", 0), 1.02, "thresholds.lab.5.0: expected `float` <= 1.01"),
        (("thresholds", "lab", "5", 0), 1.005, "thresholds.lab.5: a limit is between 1 and 1.01"),
        (("thresholds", "lab", "5", 3), 0.9, "thresholds.lab.5: expected 8 limits, none above the one before"),
        (("thresholds", "release", "1"), [0.5], "thresholds.release.1: expected 8 limits"),
        (("new", "1", 7), NEVER, "new.1: expected 8 limits, none above the one before"),
        (("known", "3"), [0.5] * _RATES, "known: '3' is unknown"),
        (("unknown", "5"), [], "unknown.5: expected 8 limits"),
        (("distances", "5"), [1.2, 0.4], "distances.5: not ascending"),
        (("distances", "5"), [], "distances.5: expected `array` of length >= 1"),
        (("distances", "5"), [0.4], "sets.5: expected 2 probabilities, one more than distances"),
        (("sets", "1"), [0.2, 0.1], "sets.1: expected 3 probabilities, one more than distances"),
        (("sets", "1", 2), 1.5, "sets.1.2: expected `float` <= 1.0"),
        (("figures",), {}, "figures: '1' is missing"),
        (("figures", "1", "others"), {}, "figures.1: invalid enum value 'others'"),
        (("figures", "1", "same", "cases"), 0, "figures.1.same.cases: expected `int` >= 1"),
        (("figures", "1", "same", "error"), [0], "figures.1.same: expected 8 shares"),
        (("figures", "1", "both", "coverage", 0), 0.5, "figures.1.both: expected 8 shares, and no coverage below"),
        (("figures", "1", "same", "listed"), [0], "figures.1.same: expected 8 shares of short lists, or none"),
        (("figures", "1", "same", "list_error"), [], "figures.1.same: expected 8 shares of short lists, or none"),
        (("shortlist", "5"), [0.5] * 7, "shortlist.5: expected 8 limits, none above the one before"),
        (("shortlist", "1", 0), 1.005, "shortlist.1: a limit is between 1 and 1.01"),
        (("shortlist", "3"), [0.5] * _RATES, "shortlist: '3' is unknown"),
    ],
)
@pytest.mark.parametrize("expect", list(Expect))
def test_the_refusal_of_an_expectation_says_what_was_expected(
    folder: Path, expect: Expect, steps: Steps, new: Any, said: str
) -> None:
    document = changed(parts().documents["calibration"], ("expectations", str(expect), *steps), new)
    with put_back(folder, "calibration.json"):
        replace(folder, "calibration.json", encoded(document))
        with pytest.raises(ModelError) as caught:
            Fingerprint.load(folder)
    assert said in str(caught.value)
    assert f"expectations.{expect}.{said}" in str(caught.value) or "enum" in said


@pytest.mark.parametrize("expect", list(Expect))
def test_an_expectation_that_is_missing(folder: Path, expect: Expect) -> None:
    with put_back(folder, "calibration.json"):
        document = without(parts().documents["calibration"], ("expectations", str(expect)))
        replace(folder, "calibration.json", encoded(document))
        with pytest.raises(ModelError, match=f"expectations: object missing required field `{expect}`"):
            Fingerprint.load(folder)


def test_kinds_expectations_and_levels_are_those_of_the_program() -> None:
    assert get_args(documents.Kind) == MixtureConfig.__struct_fields__
    assert documents.Expectations.__struct_fields__ == tuple(Expect)
    assert documents.Thresholds.__struct_fields__ == LEVELS


def test_limits_that_no_probability_reaches_and_labs_without_a_weight(folder: Path) -> None:
    document = parts().documents["calibration"]
    for expectation in document["expectations"].values():
        for level in LEVELS:
            expectation["thresholds"][level] = {size: [NEVER] * _RATES for size in "15"}
        expectation["unknown"] = {size: [math.nextafter(1, 2)] * _RATES for size in "15"}
        expectation["confidence"] = {}
    with put_back(folder, "calibration.json"):
        replace(folder, "calibration.json", encoded(document))
        found = Fingerprint.load(folder).identify(texts())
    assert (found.verdict, found.reason) == ("inconclusive", "no-threshold")


@pytest.mark.parametrize(
    ("name", "at", "new", "said"),
    [
        ("corpus_in_domain", slice(None), False, "no corpus is in-domain"),
        ("corpus_spread", 0, 2, "'corpus_spread': is not 1 for a corpus that is in-domain"),
        ("corpus_spread", 0, -1, "'corpus_spread' holds -1, expected numbers from 0.001 to 1000"),
        ("within_variance", 3, 0, "'within_variance' holds 0, expected numbers from 1e-09"),
        ("cell_count", 0, 0, "'cell_count' holds 0, expected numbers from 1"),
        ("cell_release", -1, 6, "'cell_release' holds 6, expected numbers from 0 to 5"),
        ("cell_release", 0, 1, "a cell is there twice"),
        ("cell_corpus", 0, 1, "a cell is there twice"),
        ("regression_release", 0, 1, "'regression_release' is not ascending"),
        ("release_lab", 0, 1, "ash-1 is of ash, but of birch in weights.safetensors"),
        ("vocabulary_buckets", 1, 0, "'vocabulary_buckets' is not strictly ascending"),
        ("vocabulary_buckets", -1, 2**20, "'vocabulary_buckets' is empty or beyond 20 bits"),
        ("vocabulary_weights", 0, 3, "array 'weights' is not vocabulary_weights of weights.safetensors"),
        ("probe_gain", (0, 1, 1), 1, "'probe_gain': is not 0 for a lab and itself"),
        ("lab_classifier_bias", 1, 3e38, "'lab_classifier_bias' holds 3e+38, expected numbers from -10000 to 10000"),
        ("release_classifier", 0, np.inf, "'release_classifier' holds inf, expected numbers from -10000 to 10000"),
    ],
)
def test_the_refusal_of_an_array_says_what_was_expected(folder: Path, name: str, at: Any, new: Any, said: str) -> None:
    arrays = parts().arrays
    arrays[name][at] = new
    with put_back(folder, "weights.safetensors"):
        replace_arrays(folder, arrays)
        with pytest.raises(ModelError) as caught:
            Fingerprint.load(folder)
    assert said in str(caught.value)


def wrong_arrays(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Arrays that cannot be right whatever is in them: of another type or another number of dimensions or rows."""
    for dtype in {"float64", "float32", "float16", "int64", "int8", "uint8", "bool"} - {array.dtype.name}:
        with np.errstate(over="ignore"):
            other = array.astype(dtype)
        yield other
    yield array.ravel()[:1].reshape(())
    yield array[:0]
    yield array[:-1]
    yield np.concatenate([array, array[:1]])
    yield array[None]
    if array.ndim > 1:
        yield array.ravel()
        yield array[:, :-1]
        if array.shape[0] != array.shape[1]:
            yield np.swapaxes(array, 0, 1)
    if array.dtype.kind == "f":
        for bad in (np.nan, np.inf, -np.inf):
            out = array.copy()
            out.flat[-1] = bad
            yield out


def possible_arrays(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Arrays of the right type and shape with other numbers in them."""
    most = np.finfo(array.dtype).max if array.dtype.kind == "f" else np.array(True).astype(array.dtype)
    if array.dtype.kind in "iu":
        most = np.iinfo(array.dtype).max
    for value in (most, 0, 1, -1 if array.dtype.kind in "if" else 1):
        for everywhere in (True, False):
            out = array.copy()
            out.flat[slice(None) if everywhere else 0] = value
            yield out
    if array.dtype.kind != "b":
        with np.errstate(over="ignore"):
            yield -array
    yield array[::-1].copy()
    if array.ndim > 1:
        yield array[:, ::-1].copy()
        if array.shape[0] == array.shape[1]:
            yield array.T.copy()
    tiny = array.copy()
    tiny.flat[0] = np.nextafter(tiny.flat[0], tiny.dtype.type(100)) if array.dtype.kind == "f" else tiny.flat[0] ^ 1
    yield tiny


def array_outcomes(folder: Path, name: str, array: NDArray[Any], encoder: bool) -> tuple[str, str]:
    with put_back(folder, "encoder/model.safetensors" if encoder else "weights.safetensors"):
        if encoder:
            replace_encoder(folder, {name: array}, signed=False)
        else:
            replace_arrays(folder, {**parts().arrays, name: array}, signed=False)
        damaged = verdict(folder)
        edit_manifest(folder, lambda value: None)
        return damaged, verdict(folder)


def everything() -> list[tuple[str, bool]]:
    return [*((name, False) for name in ARRAYS), *((name, True) for name in ENCODER_ARRAYS)]


def of(name: str, encoder: bool) -> NDArray[Any]:
    return parts().encoder_arrays()[name] if encoder else parts().arrays[name]


@pytest.mark.parametrize(("name", "encoder"), everything())
def test_every_array(folder: Path, usual: str, name: str, encoder: bool) -> None:
    for array in wrong_arrays(of(name, encoder)):
        damaged, forged = array_outcomes(folder, name, array, encoder)
        assert damaged == REFUSED
        assert forged in (REFUSED, usual), (array.dtype, array.shape)
    for array in possible_arrays(of(name, encoder)):
        if not np.array_equal(array, of(name, encoder)):
            assert array_outcomes(folder, name, array, encoder)[0] == REFUSED


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("prompt_hash", [[2, 0], [1, 2], [1, 2], [0, 9]], "prompts are not in ascending order"),
        ("prompt_corpus", [1, 1, 0, 0], "prompts are not in ascending order"),
        ("prompt_corpus", [1, 0, 0, 0], "or one is there twice"),
        ("prompt_releases", [7, 5, 6, 1], "more releases than answers"),
        ("prompt_kind", [0, 0, 2, 1], "holds 2, expected numbers from 0 to 1"),
    ],
)
def test_prompts_that_cannot_be(folder: Path, name: str, values: list[Any], said: str) -> None:
    array = parts().arrays[name]
    new = np.zeros_like(array)
    new[..., : np.shape(values)[-1]] = values
    with put_back(folder, "weights.safetensors"):
        replace_arrays(folder, {**parts().arrays, name: new})
        with pytest.raises(ModelError) as caught:
            Fingerprint.load(folder)
    assert said in str(caught.value)


def test_prompts_are_there_whole_or_not_at_all(folder: Path, usual: str, tmp_path: Path) -> None:
    made = parts()
    without = {name: array for name, array in made.arrays.items() if ARRAYS[name].document != "prompts"}
    documents_without = {name: value for name, value in made.documents.items() if name != "prompts"}
    with pytest.raises(ModelError, match="array 'prompt_answer_size' is missing"):
        save(tmp_path / "model", without, made.documents, CARD, made.encoder)
    with pytest.raises(ModelError, match="array 'prompt_answer_size' is not an array of a model"):
        save(tmp_path / "model", made.arrays, documents_without, CARD, made.encoder)
    save(tmp_path / "model", without, documents_without, CARD, made.encoder)
    # Whether prompts are known is all that the table says in a verdict.
    found = json.loads(verdict(tmp_path / "model"))
    assert [one.pop("known_prompts") for one in found] == [None] * len(found)
    assert found == [{k: v for k, v in one.items() if k != "known_prompts"} for one in json.loads(usual)]


def test_arrays_missing_and_unknown(folder: Path) -> None:
    for name in ARRAYS:
        arrays = parts().arrays
        value = arrays.pop(name)
        for wrong in (arrays, {**arrays, "other": value}, {**parts().arrays, "other": value}):
            with put_back(folder, "weights.safetensors"):
                replace_arrays(folder, wrong)
                assert verdict(folder) == REFUSED


_IMPLAUSIBLE: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "plda_basis": lambda array: array[:, ::-1].copy(),
    "lab_classifier": lambda array: array[:, ::-1].copy(),
    "lab_classifier_bias": lambda array: np.array([9_000, 0, 0], array.dtype),
    "regression_release": lambda array: np.minimum(array + 2, 5),
}


@pytest.mark.parametrize("name", sorted(_IMPLAUSIBLE))
def test_a_model_that_does_not_know_its_own_responses(folder: Path, name: str) -> None:
    """What no bound shows: a basis or classes in another order, a bias that decides everything."""
    wrong = _IMPLAUSIBLE[name](parts().arrays[name])
    assert array_outcomes(folder, name, wrong, False)[1] == REFUSED


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere(folder: Path, usual: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DOCUMENTS)))
    document = parts().documents[name]
    steps = data.draw(st.sampled_from(list(places(document))))
    value = get(document, steps)
    new = data.draw(_json | (st.floats(-1e3, 1e3) if isinstance(value, float) else _json))
    damaged, _ = outcomes(folder, f"{name}.json", encoded(changed(document, steps, new)))
    assert damaged in (REFUSED, usual)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_number_anywhere(folder: Path, data: st.DataObject) -> None:
    name, encoder = data.draw(st.sampled_from(everything()))
    array = np.ascontiguousarray(of(name, encoder))
    at = data.draw(st.integers(0, array.size - 1))
    raw = array.view(np.uint8).reshape(array.size, -1)
    raw[at] = list(data.draw(st.binary(min_size=raw.shape[1], max_size=raw.shape[1])))
    if array.dtype == np.bool_:
        raw[at] &= 1
    if not np.array_equal(array, of(name, encoder)):
        assert array_outcomes(folder, name, array, encoder)[0] == REFUSED


def test_one_line_and_exit_code_2(folder: Path, tmp_path: Path) -> None:
    forged = make(tmp_path / "forged")
    bias = parts().arrays["lab_classifier_bias"] + np.array([3e38, 0, 0], np.float32)
    replace_arrays(forged, {**parts().arrays, "lab_classifier_bias": bias})
    (tmp_path / "x.txt").write_text(texts()[0])
    code = "from fingerprint.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "identify", tmp_path / "x.txt", "--model", forged], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "array 'lab_classifier_bias' holds 3e+38, expected numbers from -10000 to 10000" in done.stderr
