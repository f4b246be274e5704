from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fingerprint.base.files import data_dir
from fingerprint.corpora.manifest import all_manifests
from fingerprint.data.registry import COLUMNS, Registry
from fingerprint.errors import InputError

HEAD = ",".join(COLUMNS) + "\n"


def registry(folder: Path, *rows: str) -> Registry:
    path = folder / "r.csv"
    path.write_text(HEAD + "".join(row + "\n" for row in rows))
    return Registry.load(path)


def test_the_one_that_ships() -> None:
    shipped = Registry.load()
    assert len(shipped.releases) > 800
    assert {e.lab for e in shipped.releases.values()} <= shipped.labs.keys()
    entry = shipped.resolve("Z-AI/glm-5")
    assert entry is not None
    assert (entry.release, entry.lab, entry.released) == ("glm-5", "zhipu", "2026-02")
    assert shipped.display("zhipu") == "Zhipu AI (Z.ai)"


def test_snapshots_belong_together_and_sizes_do_not() -> None:
    shipped = Registry.load()
    assert "gpt-4o-2024-08-06" in shipped.group("gpt-4o-2024-05-13")
    assert "deepseek-v3-0324" in shipped.group("deepseek-v3")
    assert shipped.group("qwen2.5-7b-instruct") == {"qwen2.5-7b-instruct"}
    assert all(name in shipped.group(name) for name in shipped.releases)


def test_before_a_month(tmp_path: Path) -> None:
    found = registry(tmp_path, "a,l,f,f,2025-01,lab,", "b,l,f,f,2025-02,lab,", "c,l,f,f,,lab,")
    assert found.before("2025-02") == {"a"}
    assert [e.release for e in found.of_lab("l")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        (["a,l,f,f,2025-13,lab,"], 2, "YYYY-MM"),
        (["a,l,f,f,2025-01,lab,", "a,l,f,f,2025-01,lab,"], 3, "twice"),
        (["a,l,f,f,,lab,X", "b,l,f,f,,lab,X"], 3, "also stands for"),
        (["a,l,f,f,,good,"], 2, "kind"),
        (["A b,l,f,f,,lab,"], 2, "lower-case"),
        (["a,l,f"], 2, "fields"),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, rows: list[str], line: int, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        registry(tmp_path, *rows)
    assert caught.value.line == line


def test_manifests_are_whole() -> None:
    manifests = all_manifests()
    assert len(manifests) == 41
    assert {manifest.name for manifest in manifests if manifest.use == "evaluation only"} == {
        "debate",
        "eleusis_game",
        "eth_eval",
        "longform",
        "misguided_attention",
        "persuasion",
    }
    for manifest in manifests:
        assert manifest.licence
        assert all(re.fullmatch(r"[0-9a-f]{40}", source.commit) for source in manifest.sources)
        assert manifest.domain
        assert all(manifest.domain)
        assert manifest.language
        assert all(re.fullmatch(r"[a-z]{2}", code) for code in manifest.language)
        terms = ("never pass them on",) if manifest.use == "train" else ("never redistributed", "never trained on")
        assert manifest.licence != "none" or all(term in manifest.note for term in terms)


def test_a_manifest_is_named_as_its_file() -> None:
    files = sorted((data_dir("corpora") / "manifests").glob("*.json"))
    assert [manifest.name for manifest in all_manifests()] == [file.stem for file in files]


def test_the_example_has_long_responses() -> None:
    rows = (data_dir("corpora") / "examples" / "responses.jsonl").read_text().splitlines()
    assert all(len(json.loads(row)["response"]) > 300 for row in rows)


@pytest.mark.parametrize(
    ("name", "labs"),
    [
        ("anthropic", ("anthropic",)),
        ("moonshot ai", ("moonshot",)),
        ("z-ai/glm-4.6", ("zhipu",)),
        ("GPT-5", ("openai",)),
        ("claude-opus-4", ("anthropic",)),
        ("nobody at all", ()),
    ],
)
def test_labs_by_any_name(name: str, labs: tuple[str, ...]) -> None:
    assert Registry.load().labs_of(name) == labs
