"""What the parts of a model must be, alone and to each other: nothing is used, and nothing written, that fails here.

The table (`fingerprint.store.format`) says what each part must be alone. The rest is here: order, codes, names, and
whatever has to agree between two parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.base.escaping import printable
from fingerprint.config import Config, parse_config
from fingerprint.errors import ConfigError, ModelError
from fingerprint.features import style_markers
from fingerprint.model.calibration import LEVELS, NEVER, Expect
from fingerprint.model.claims import COLUMNS
from fingerprint.model.confidence import CALIBRATION_FEATURES, LAB
from fingerprint.model.pair_calibration import BIAS, PairDomain
from fingerprint.model.pairs import FEATURES, SHARED_FEATURES
from fingerprint.model.posterior import GROUPS, PARAMETERS
from fingerprint.model.prompts import HASH_BYTES, hash_codes
from fingerprint.model.verdict import NONE_OF_THESE, UNKNOWN
from fingerprint.store.documents import (
    Calibration,
    CandidateLimits,
    Claims,
    ClaimTable,
    Expectation,
    Labels,
    PairFigures,
    PairLimits,
    Pairs,
    PairTable,
    Probing,
    Prompts,
    Side,
    Training,
)
from fingerprint.store.format import ARRAYS, DOCUMENTS, ENCODER_ARRAYS, ENCODER_WEIGHTS, WEIGHTS, ArraySpec
from fingerprint.store.parsing import AGAIN, convert

Arrays = Mapping[str, NDArray[Any]]
Fail = Callable[[str, str], ModelError]

# The largest that a covariate can be in size, in their order: 1, log(responses), log(domain distance), log(in-domain
# LLR), log(features), log of the mean log-probability, log(margin).
_MOST_COVARIATE = (1.0, 3.3, 4.0, 15.0, 3.0, 10.0, 15.0)
# exp(300) times any log-likelihood, and that exponential times another one, are still finite.
_MOST_EXPONENT = 300.0
# In nats: a fit gives the name of a lab a few at most, and exp(20) times the odds makes a certainty of anything.
_MOST_LAB_WEIGHT = 20.0
# The number after 1: a limit that was measured at a certainty.
_ABOVE_ALL = math.nextafter(1, 2)


@dataclass(frozen=True)
class Contents:
    """The parts of a model folder.

    Attributes:
        arrays: Of `weights.safetensors`, by the names of `ARRAYS`.
        documents: JSON values, by the names of `DOCUMENTS`.
        encoder: Arrays of the static encoder, by the names of `ENCODER_ARRAYS`; empty with another encoder.
    """

    arrays: Arrays
    documents: Mapping[str, Any]
    encoder: Arrays


def check_contents(contents: Contents, where: Path) -> None:
    """Check all parts of a model, alone and against each other.

    Args:
        contents: The parts.
        where: The model folder, for errors.

    Raises:
        ModelError: One line that names the file, the part and what was expected.
    """

    def fail(file: str, what: str) -> ModelError:
        return ModelError(printable(f"{where / file}: {what}; {AGAIN}"))

    typed = typed_documents(contents.documents, where)
    config, labels, training = typed["config"], typed["labels"], typed["training"]
    _labels(labels, fail)
    sizes = {
        "R": len(labels.releases),
        "L": len(labels.labs),
        "C": len(labels.corpora),
        "M": len(labels.style_markers),
        "Q": len(typed["probing"].kinds),
        "H": HASH_BYTES,
    }
    if "prompts" in typed:
        sizes |= {"B": len(typed["prompts"].corpora), "G": len(typed["prompts"].kinds)}
    # An array of an optional document is there with it, and only with it.
    specs = {name: spec for name, spec in ARRAYS.items() if not spec.document or spec.document in typed}
    _table(specs, contents.arrays, WEIGHTS, sizes, fail)
    if not config.embedding.encoder:
        _table(ENCODER_ARRAYS, contents.encoder, ENCODER_WEIGHTS, sizes, fail)
    elif contents.encoder:
        raise fail(ENCODER_WEIGHTS, f"is there, but config.json names another encoder ({config.embedding.encoder})")
    _embedding(config, contents, sizes, fail)
    _plda(labels, contents.arrays, sizes, fail)
    _calibration(typed["calibration"], config, labels, fail)
    _training(training, config, labels, sizes, fail)
    _probing(typed["probing"], contents.arrays, fail)
    _side(typed["side"], labels, fail)
    if "prompts" in typed:
        _prompts(typed["prompts"], contents.arrays, fail)
    if "claims" in typed:
        _claims(typed["claims"], len(config.calibration.rates), fail)
    if "pairs" in typed:
        _pairs(typed["pairs"], config, fail)


def typed_documents(documents: Mapping[str, Any], where: Path) -> dict[str, Any]:
    """Return the documents as their types.

    Args:
        documents: JSON values by name.
        where: The model folder, for errors.

    Raises:
        ModelError: For a document that is missing or unknown, and for a name, type or range that is wrong in one.
    """
    optional = {name for name, spec in DOCUMENTS.items() if spec.optional}
    for name in sorted((DOCUMENTS.keys() ^ documents.keys()) - (optional - documents.keys())):
        how = "missing from the model" if name in DOCUMENTS else "not a document of a model"
        raise ModelError(printable(f"{where / f'{name}.json'}: {how}; {AGAIN}"))
    typed: dict[str, Any] = {}
    for name, spec in DOCUMENTS.items():
        if name not in documents:
            continue
        typed[name] = convert(documents[name], spec.type, where / f"{name}.json")
    try:
        # The config has rules beside its types.
        parse_config(documents["config"], f"{where / 'config.json'}")
    except ConfigError as error:
        raise ModelError(printable(f"{error}; {AGAIN}")) from None
    return typed


def described(dtype: str, shape: Sequence[int | str]) -> str:
    """Return type and shape as text, such as "float32 (2, 3)"."""
    return f"{dtype} ({', '.join(map(str, shape))})"


def _table(specs: Mapping[str, ArraySpec], arrays: Arrays, file: str, sizes: dict[str, int], fail: Fail) -> None:
    """Check arrays by the table, and learn the sizes of the symbols that no document has."""
    for name in sorted(specs.keys() ^ arrays.keys()):
        raise fail(file, f"array {name!a} is {'missing' if name in specs else 'not an array of a model'}")
    for name, spec in specs.items():
        array = arrays[name]
        if array.dtype.name != spec.dtype or array.ndim != len(spec.shape):
            raise fail(
                file,
                f"array {name!a} is {described(array.dtype.name, array.shape)}, expected "
                f"{described(spec.dtype, spec.shape)}",
            )
        for symbol, size in zip(spec.shape, array.shape, strict=True):
            if sizes.setdefault(symbol, size) != size:
                expected = described(spec.dtype, [sizes.get(s, s) for s in spec.shape])
                raise fail(file, f"array {name!a} is {described(array.dtype.name, array.shape)}, expected {expected}")
    for name, spec in specs.items():
        _values(spec, arrays[name], file, sizes, fail)


def _values(spec: ArraySpec, array: NDArray[Any], file: str, sizes: Mapping[str, int], fail: Fail) -> None:
    most = min(spec.most, sizes[spec.codes] - 1) if spec.codes else spec.most
    whole = array.dtype == np.bool_ or array.dtype == np.uint8
    if array.size and not whole:
        # NumPy compares halves one by one; NaN fails every comparison.
        values = array.astype(np.float32) if array.dtype == np.float16 else array
        if not (values.min() >= np.float32(spec.least) and values.max() <= np.float32(most)):
            outside = values[~((values >= np.float32(spec.least)) & (values <= np.float32(most)))]
            raise fail(
                file, f"array {spec.name!a} holds {outside[0]:g}, expected numbers from {spec.least:g} to {most:g}"
            )
    if spec.order and array.size:
        step = np.diff(array)
        if (step < (1 if spec.order == "strictly ascending" else 0)).any():
            raise fail(file, f"array {spec.name!a} is not {spec.order}")


def _labels(labels: Labels, fail: Fail) -> None:
    names = [entry.release for entry in labels.releases]
    for what, found in (("labs", labels.labs), ("releases", names), ("corpora", labels.corpora)):
        if len(set(found)) < len(found):
            twice = next(name for i, name in enumerate(found) if name in found[:i])
            raise fail("labels.json", f"{what}: {twice!a} is there twice")
    for rest, meaning in (
        (UNKNOWN, "labs that the model does not know"),
        (NONE_OF_THESE, "labs that are no candidates"),
    ):
        if rest in labels.labs:
            raise fail("labels.json", f"labs: {rest!a} stands for {meaning}")
    for entry in labels.releases:
        if not (entry.family.isprintable() and entry.line.isprintable()):
            raise fail("labels.json", f"releases: family or line of {entry.release} holds what cannot be shown")
    strange = {entry.lab for entry in labels.releases} ^ set(labels.labs)
    if strange:
        raise fail("labels.json", f"labs and the labs of releases differ in {', '.join(sorted(strange))}")
    own = list(style_markers.NAMES), list(style_markers.UNITS)
    if (labels.style_markers, labels.style_marker_units) != own:
        raise fail("labels.json", "style_markers are not those that this program measures")


def _embedding(config: Config, contents: Contents, sizes: Mapping[str, int], fail: Fail) -> None:
    buckets = contents.arrays["vocabulary_buckets"]
    if not sizes["V"] or buckets[-1] >= 1 << config.features.hash_bits:
        raise fail(WEIGHTS, f"array 'vocabulary_buckets' is empty or beyond {config.features.hash_bits} bits")
    limits = [("V", 1, config.features.vocabulary, "features.vocabulary")]
    limits.append(("P", 2, config.embedding.directions, "embedding.directions"))
    if contents.encoder:
        limits.append(("E", 2, config.embedding.size, "embedding.size"))
        for name, own in (("buckets", buckets), ("weights", contents.arrays["vocabulary_weights"])):
            if not np.array_equal(contents.encoder[name], own):
                raise fail(ENCODER_WEIGHTS, f"array {name!a} is not vocabulary_{name} of {WEIGHTS}")
    for symbol, each, most, name in limits:
        # An odd number of dimensions gets one of zeros.
        if not 0 < each * sizes[symbol] <= most + most % each:
            raise fail(WEIGHTS, f"has {each * sizes[symbol]} of config.{name}, expected 1 to {most}")
    own_width = 2 * sizes["P"] + 2 * sizes.get("E", 0)
    if sizes["D"] < own_width or (contents.encoder and sizes["D"] != own_width) or not 0 < sizes["K"] <= sizes["D"]:
        raise fail(
            WEIGHTS, f"array 'plda_basis' is {described('float32', (sizes['D'], sizes['K']))}, expected D = {own_width}"
            " and no more columns than rows",
        )  # fmt: skip


def _plda(labels: Labels, arrays: Arrays, sizes: Mapping[str, int], fail: Fail) -> None:
    code = {lab: i for i, lab in enumerate(labels.labs)}
    for entry, lab in zip(labels.releases, arrays["release_lab"].tolist(), strict=True):
        if code[entry.lab] != lab:
            raise fail(
                "labels.json", f"releases: {entry.release} is of {entry.lab}, but of {labels.labs[lab]} in {WEIGHTS}"
            )
    cell = arrays["cell_release"].astype(np.int64) * sizes["C"] + arrays["cell_corpus"]
    if len(np.unique(cell)) < len(cell):
        raise fail(WEIGHTS, "arrays 'cell_release', 'cell_corpus': a cell is there twice")
    for name, symbol in (("cell_release", "R"), ("cell_corpus", "C")):
        if len(np.unique(arrays[name])) < sizes[symbol]:
            raise fail(WEIGHTS, f"array {name!a}: not every one of {sizes[symbol]} has a cell")
    known = arrays["corpus_in_domain"]
    if not known.any():
        raise fail(WEIGHTS, "array 'corpus_in_domain': no corpus is in-domain")
    if (arrays["corpus_spread"][known] != 1).any():
        raise fail(WEIGHTS, "array 'corpus_spread': is not 1 for a corpus that is in-domain")


def _calibration(calibration: Calibration, config: Config, labels: Labels, fail: Fail) -> None:
    def wrong(what: str) -> ModelError:
        return fail("calibration.json", what)

    if strange := _difference(calibration.parameters, PARAMETERS):
        raise wrong(f"parameters: {strange}")
    width = len(_MOST_COVARIATE)
    for i, group in enumerate(GROUPS):
        of = [calibration.parameters[name] for name in PARAMETERS[width * i : width * (i + 1)]]
        exponent = sum(abs(value) * most for value, most in zip(of, _MOST_COVARIATE, strict=True))
        if exponent > _MOST_EXPONENT:
            raise wrong(f"parameters: those of {group!a} may add up to {exponent:.0f}, expected {_MOST_EXPONENT:g}")
    # All tables of all expectations have the numbers of responses of this one.
    sizes = calibration.expectations.any.thresholds.lab.keys()
    for expect in Expect:
        expectation: Expectation = getattr(calibration.expectations, expect)
        for what in _expectation(expectation, len(config.calibration.rates), sizes, labels):
            raise wrong(f"expectations.{expect}.{what}")
    for name in ("domain_limits", "far_limits", "two_source_limits"):
        limits: Mapping[str, float] = getattr(calibration, name)
        if more := sorted(limits.keys() - sizes):
            raise wrong(f"{name}: {more[0]} responses have no threshold")
        if name != "two_source_limits" and min(limits.values()) <= 0:
            raise wrong(f"{name}: a limit is not above 0")


def _expectation(of: Expectation, rates: int, sizes: Set[str], labels: Labels) -> Iterator[str]:
    """Give what is wrong."""
    for outcome, weights in of.confidence.items():
        terms = {name for name in weights if name.startswith(LAB)}
        if strange := _difference(weights.keys() - terms, (*CALIBRATION_FEATURES, "bias")):
            yield f"confidence.{outcome}: {strange}"
        for name in sorted(terms):
            if name.removeprefix(LAB) not in labels.labs:
                yield f"confidence.{outcome}: {name!a} is of no lab in labels.json"
            elif abs(weights[name]) > _MOST_LAB_WEIGHT:
                yield f"confidence.{outcome}: {name!a} is {weights[name]:g}, expected 0 +- {_MOST_LAB_WEIGHT:g}"
    if of.shortlist:
        if strange := _difference(of.shortlist, sizes):
            yield f"shortlist: {strange}"
        yield from _falling({"shortlist": of.shortlist}, rates)
    yield from _limits(of, rates, sizes)
    for number, limits in of.candidates.items():
        for what in _limits(limits, rates, sizes):
            yield f"candidates.{number}.{what}"


def _limits(of: Expectation | CandidateLimits, rates: int, sizes: Set[str]) -> Iterator[str]:
    """Give what is wrong with the tables of one kind of question."""
    limits = {f"thresholds.{level}": getattr(of.thresholds, level) for level in LEVELS}
    limits |= {"new": of.new, "known": of.known, "unknown": of.unknown}
    tables = {**limits, "distances": of.distances, "sets": of.sets, "figures": of.figures}
    for name, table in tables.items():
        if strange := _difference(table, sizes):
            yield f"{name}: {strange}"
    yield from _falling(limits, rates)
    for size, cuts in of.distances.items():
        if cuts != sorted(cuts):
            yield f"distances.{size}: not ascending"
        if size in of.sets and len(of.sets[size]) != len(cuts) + 1:
            yield f"sets.{size}: expected {len(cuts) + 1} probabilities, one more than distances"
    for size, kinds in of.figures.items():
        for kind, figures in kinds.items():
            if not len(figures.coverage) == len(figures.error) == rates or not _falls(figures.coverage[::-1]):
                yield f"figures.{size}.{kind}: expected {rates} shares, and no coverage below the one before"
            if {len(figures.listed), len(figures.list_error)} not in ({0}, {rates}):
                yield f"figures.{size}.{kind}: expected {rates} shares of short lists, or none"


def _falling(limits: Mapping[str, Mapping[str, Sequence[float]]], rates: int) -> Iterator[str]:
    """Give what is wrong with limits for each rate; limits: by their name and the number of responses."""
    for name, table in limits.items():
        for size, values in table.items():
            if len(values) != rates or not _falls(values):
                yield f"{name}.{size}: expected {rates} limits, none above the one before"
            if any(_ABOVE_ALL < value < NEVER for value in values):
                yield f"{name}.{size}: a limit is between {_ABOVE_ALL:g} and {NEVER:g}"


def _claims(claims: Claims, rates: int, fail: Fail) -> None:
    for level in LEVELS:
        tables = getattr(claims, level)
        for domain in tables.__struct_fields__:
            for what in _claim_table(getattr(tables, domain), rates):
                raise fail("claims.json", f"{level}.{domain}.{what}")


def _claim_table(table: ClaimTable, rates: int) -> Iterator[str]:
    """Give what is wrong."""
    if table.weights and (strange := _difference(table.weights, (*COLUMNS, "bias"))):
        yield f"weights: {strange}"
    for name in ("accept", "reject", "figures"):
        if strange := _difference(getattr(table, name), table.accept if table.weights else ()):
            yield f"{name}: {strange}"
    for name, sign in (("accept", 1), ("reject", -1)):
        for size, values in getattr(table, name).items():
            if len(values) != rates or not _falls([sign * value for value in values]):
                yield f"{name}.{size}: expected {rates} limits, in order"


def _training(training: Training, config: Config, labels: Labels, sizes: Mapping[str, int], fail: Fail) -> None:
    newest = max(entry.released for entry in labels.releases)
    learned = {sha256 for entry in training.lineage for sha256 in entry.corpora}
    rules = (
        (training.newest == newest, f"newest: expected {newest!a}, as in labels.json"),
        (training.encoder == config.embedding.encoder, "encoder: is not that of config.json"),
        (training.regression_set == sizes["T"], f"regression_set: expected {sizes['T']}, as in {WEIGHTS}"),
        ({entry.release for entry in labels.releases} <= training.rows.keys(), "rows: lacks a release of labels.json"),
        (learned <= {corpus.sha256 for corpus in training.corpora}, "lineage: names a corpus that corpora lacks"),
    )
    for holds, otherwise in rules:
        if not holds:
            raise fail("training.json", otherwise)


def _probing(probing: Probing, arrays: Arrays, fail: Fail) -> None:
    if len(set(probing.kinds)) < len(probing.kinds):
        raise fail("probing.json", "kinds: one is there twice")
    if not all(part.isprintable() for kind in probing.kinds for part in kind):
        raise fail("probing.json", "kinds: one holds what cannot be shown")
    if np.einsum("kii->ki", arrays["probe_gain"]).any():
        raise fail(WEIGHTS, "array 'probe_gain': is not 0 for a lab and itself")


def _prompts(prompts: Prompts, arrays: Arrays, fail: Fail) -> None:
    texts = [*prompts.corpora, *(part for kind in prompts.kinds for part in kind)]
    if not all(text.isprintable() for text in texts):
        raise fail("prompts.json", "corpora, kinds: one holds what cannot be shown")
    for name, found in (("corpora", prompts.corpora), ("kinds", prompts.kinds)):
        if len(set(found)) < len(found):
            raise fail("prompts.json", f"{name}: one is there twice")
    hashes, corpus = hash_codes(arrays["prompt_hash"]), arrays["prompt_corpus"]
    later = (hashes[1:] > hashes[:-1]) | ((hashes[1:] == hashes[:-1]) & (corpus[1:] > corpus[:-1]))
    if not later.all():
        raise fail(WEIGHTS, "array 'prompt_hash': prompts are not in ascending order, or one is there twice")
    if (arrays["prompt_releases"] > arrays["prompt_answers"]).any():
        raise fail(WEIGHTS, "array 'prompt_releases': more releases than answers")


def _side(side: Side, labels: Labels, fail: Fail) -> None:
    lab_of = {entry.release: entry.lab for entry in labels.releases}
    for tokenizer in side.token_counts:
        for release, lab in tokenizer.releases.items():
            if lab_of.get(release, lab) != lab:
                raise fail("side.json", f"token_counts: {release} is of {lab}, but of {lab_of[release]} in labels.json")
    if side.self_names is None:
        return
    for lab, said in side.self_names.says.items():
        # Shares of each release sum to 1, but for rounding.
        if sum(said.values()) > side.self_names.releases.get(lab, 0) + 1e-6:
            raise fail("side.json", f"self_names.says.{lab}: sums to more than its releases")


def _pairs(pairs: Pairs, config: Config, fail: Fail) -> None:
    rates = len(config.pairs.rates)
    _pair_table(pairs, FEATURES, rates, lambda what: fail("pairs.json", what))
    if pairs.shared is not None:
        _pair_table(pairs.shared, SHARED_FEATURES, rates, lambda what: fail("pairs.json", f"shared.{what}"))


def _pair_table(table: PairTable, features: Sequence[str], rates: int, wrong: Callable[[str], ModelError]) -> None:
    if strange := _difference(table.weights, (*features, BIAS)):
        raise wrong(f"weights: {strange}")
    if strange := _difference(table.figures, table.limits):
        raise wrong(f"figures: {strange}")
    for size, limits in table.limits.items():
        figures = table.figures[size]
        for name, found in (("limits", limits.keys()), ("figures", figures.keys())):
            if strange := _difference(found, map(str, PairDomain)):
                raise wrong(f"{name}.{size}: {strange}")
        for domain, of in limits.items():
            for what in _pair_tables(of, dict(figures[domain]), rates):
                raise wrong(what.format(f"{size}.{domain}"))


def _pair_tables(limits: PairLimits, figures: Mapping[Any, PairFigures], rates: int) -> Iterator[str]:
    """Give what is wrong, with {} for the place."""
    for name, values in (("same", limits.same), ("different", [v if v is None else -v for v in limits.different])):
        told = [value for value in values if value is not None]
        # Where a rate can be held, a higher one can.
        if len(values) != rates or None in values[rates - len(told) :] or not _falls(told):
            yield f"limits.{{}}.{name}: expected {rates} limits, none stricter than the one before"
    for kind, of in figures.items():
        if not len(of.same) == len(of.different) == rates:
            yield f"figures.{{}}.{kind}: expected {rates} shares"
        if of.cells > of.pairs:
            yield f"figures.{{}}.{kind}: more cells than pairs"


def _difference(have: Iterable[str], want: Iterable[str]) -> str:
    """Say what is unknown or missing; empty where nothing is."""
    names = set(have)
    return next((f"{n!a} is {'unknown' if n in names else 'missing'}" for n in sorted(names ^ set(want))), "")


def _falls(values: Sequence[float]) -> bool:
    return all(one >= other for one, other in pairwise(values))
