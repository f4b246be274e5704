"""What a folder of answers lacks, and where it can be had."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fingerprint.collect.limits import Budget
from fingerprint.collect.messages import Cause, Failure
from fingerprint.collect.missing import Library, Missing, batches, missing, offers
from fingerprint.collect.plan import RequestSettings
from fingerprint.collect.provider import ListedModel
from fingerprint.collect.run import RunSettings, collect, start
from fingerprint.data.probes import load_probes
from fingerprint.data.registry import Registry
from fingerprint.errors import FingerprintError, InputError
from tests import worlds
from tests.collect.doubles import lines, probes
from tests.collect.test_run import QUICK, Made, said

WANTED = ("ash-1", "birch-2", "oak-1", "oak-2")


class Place(Made):
    """A provider with a list of models, each of which answers."""

    def __init__(self, name: str, *names: str, fails: bool = False):
        super().__init__(lambda question: said(f"An answer to {question.prompt} by {name}."))
        self.name, self.base_url, self._names, self._fails = name, f"https://{name}.example", names, fails

    async def models(self) -> Sequence[ListedModel]:
        if self._fails:
            raise Failure(Cause.SERVER, "status 503")
        return [ListedModel(name) for name in self._names] + [ListedModel("oak-3", is_one=False)]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.load(worlds.registry(tmp_path))


def library(tmp_path: Path, registry: Registry, count: int = 3, **settings: Any) -> Library:
    folder = tmp_path / "answers"
    folder.mkdir(exist_ok=True)
    asked = load_probes(str(probes(tmp_path / "mine.jsonl", count)))
    return Library(folder, asked, RequestSettings(**settings), WANTED, registry)


def found(library: Library, *places: Place) -> Missing:
    return asyncio.run(missing(library, places))


def answered(library: Library, *places: Place) -> Missing:
    async def go() -> Missing:
        lacks = await missing(library, places)
        jobs = list(lacks.jobs.values())
        await collect(jobs, await start(jobs), RunSettings(Budget(), QUICK))
        return lacks

    return asyncio.run(go())


def requests(lacks: Missing) -> dict[str, tuple[str, int]]:
    return {release: (job.name, len(job.todo)) for release, job in lacks.jobs.items()}


def test_what_is_missing_is_asked_where_it_is_offered(tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    one, two = (
        Place("one", "forest/oak-2", "forest/oak-1:free", "forest/oak-1"),
        Place("two", "OAK-1", "ash-1", "other"),
    )
    lacks = found(mine, one, two)
    assert requests(lacks) == {
        "ash-1": ("two:ash-1", 3), "oak-1": ("one:forest/oak-1", 3), "oak-2": ("one:forest/oak-2", 3),
    }  # fmt: skip
    assert (lacks.complete, lacks.not_offered) == ((), ("birch-2",))
    assert (one.asked, two.asked) == (0, 0)


def test_answers_count_wherever_they_came_from(tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    answered(mine, Place("one", "forest/oak-1"))
    lacks = found(mine, Place("two", "OAK-1", "oak-2"))
    assert (lacks.complete, requests(lacks)) == (("oak-1",), {"oak-2": ("two:oak-2", 3)})
    # Two probes more, and two draws of each: what is there counts.
    more = library(tmp_path, registry, 5, draws=2)
    assert requests(found(more, Place("two", "OAK-1"))) == {"oak-1": ("two:OAK-1", 7)}
    assert requests(found(more, Place("one", "forest/oak-1"))) == {"oak-1": ("one:forest/oak-1", 7)}
    # Another system prompt is another question.
    other = library(tmp_path, registry, system="Be brief.")
    assert requests(found(other, Place("two", "OAK-1"))) == {"oak-1": ("two:OAK-1", 3)}


def test_a_prompt_counts_whatever_its_set_and_id(tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    place = Place("one", "oak-1")
    answered(mine, place)
    asked = (tmp_path / "mine.jsonl").read_text().splitlines()
    rows = [{**json.loads(line), "id": f"other-{number}"} for number, line in enumerate(asked)]
    (tmp_path / "other.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    other = replace(mine, probes=load_probes(str(tmp_path / "other.jsonl")))
    for where in (place, Place("two", "OAK-1")):
        lacks = found(other, where)
        assert (lacks.complete, requests(lacks)) == (("oak-1",), {})
    # One set that asks the same twice is complete with one answer.
    (tmp_path / "both.jsonl").write_text((tmp_path / "mine.jsonl").read_text() + (tmp_path / "other.jsonl").read_text())
    both = replace(mine, probes=load_probes(str(tmp_path / "both.jsonl")))
    assert found(both, place).complete == ("oak-1",)
    assert requests(found(both, Place("two", "oak-2"))) == {"oak-2": ("two:oak-2", 3)}


def test_the_same_again_goes_on(tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    place = Place("one", "oak-1", "ash-1")
    answered(mine, place)
    (mine.folder / "one--oak-1.jsonl").write_bytes((mine.folder / "one--oak-1.jsonl").read_bytes()[:-20])
    assert requests(answered(mine, place)) == {"oak-1": ("one:oak-1", 1)}
    assert answered(mine, place).complete == ("ash-1", "oak-1")
    assert place.asked == 7


def test_files_of_unknown_models_are_left_alone(tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    (mine.folder / "x.jsonl").write_text(json.dumps({"key": "1", "release": "nobody", "prompt_id": "p0"}) + "\n")
    assert found(mine, Place("one", "oak-1")).complete == ()


@pytest.mark.parametrize("text", ["{}\n", "[]\n", "{\n", '{"key": "1"}\n\n'])
def test_other_files_are_refused_before_anything_is_asked(text: str, tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    (mine.folder / "x.jsonl").write_text(text)
    with pytest.raises(InputError, match=r"x\.jsonl:\d: .*keep other files elsewhere"):
        found(mine, Place("one", "oak-1"))


def test_lists_that_are_of_no_use(tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    with pytest.raises(FingerprintError, match=r"one: its list of models cannot be read \(status 503\)"):
        found(mine, Place("one", fails=True))
    with pytest.raises(FingerprintError, match="one: no model in the list is in the registry"):
        found(mine, Place("one", "nothing", "of-ours"))


def test_the_plain_name_of_several(registry: Registry) -> None:
    names = ["forest/oak-1:free", "forest/oak-1", "oak-2:free", "OAK-1"]
    assert offers(map(ListedModel, names), registry) == {"oak-1": "OAK-1", "oak-2": "oak-2:free"}


def test_batches_never_change_and_hold_each_answer_once(tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    assert batches(mine) == ([], 0)
    answered(mine, Place("one", "oak-1"))
    (mine.folder / "x.jsonl").write_text(json.dumps({"key": "1", "release": "nobody"}) + "\n")
    (first,), new = batches(mine)
    before = first.read_bytes()
    assert (new, len(lines(first)), batches(mine)) == (3, 3, ([first], 0))
    # The file of answers grows.
    more = library(tmp_path, registry, 5)
    answered(more, Place("one", "oak-1", "ash-1"))
    (_, second), new = batches(more)
    assert (new, first.read_bytes()) == (7, before)
    assert len({row["key"] for path in (first, second) for row in lines(path)}) == 10


def test_a_batch_that_was_removed_makes_no_other_one_change(tmp_path: Path, registry: Registry) -> None:
    mine = library(tmp_path, registry)
    answered(mine, Place("one", "oak-1"))
    (first,), _ = batches(mine)
    more = library(tmp_path, registry, 5)
    answered(more, Place("one", "oak-1", "ash-1"))
    (_, second), _ = batches(more)
    kept = second.read_bytes()
    first.unlink()
    files, new = batches(more)
    assert (len(files), new, second.read_bytes()) == (2, 3, kept)
