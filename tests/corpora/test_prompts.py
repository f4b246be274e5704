from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fingerprint.base.keys import prompt_digest
from fingerprint.cli.main import main
from fingerprint.corpora.fetch.download import Origin
from fingerprint.corpora.fetch.run import Context
from fingerprint.corpora.prompts import CorpusSet, NoPrompts
from fingerprint.data.probes import ProbeSet
from fingerprint.data.registry import Registry
from fingerprint.errors import InputError
from tests.corpora.served import mirror, repository
from tests.corpora.test_fetch import NAME

# Prompt, its id, and the model that answered.
ROWS = [
    ("Why is the sky\nblue?", "q1", "gpt-4-0314"),
    ("Why is the sky blue?", "q1", "claude-2"),
    ("Name a river.", "q2", "claude-2"),
    ("Where is Oslo?", "q5", "claude-2"),
    ("[INST]Count to ten.[/INST]", "q3", "claude-2"),
    ("Human: Count to ten.", "q3", "gpt-4-0314"),
    ("Play the game.", "turn 1", "claude-2"),
    ("Play the game.", "turn 2", "claude-2"),
    ("x" * 5_000, "q4", "claude-2"),
    ("", "q6", "claude-2"),
    ("Said to nobody.", "q7", "nobody-knows-9"),
]
WHOLE = {"Why is the sky\nblue?", "Name a river.", "Where is Oslo?"}


@dataclasses.dataclass
class Public:
    """A public corpus on a mirror, and its manifest."""

    folder: Path
    manifest: Path

    def load(self, most: str = "", base: Path | None = None) -> ProbeSet:
        context = Context(Origin(base or self.folder / "mirror"), self.folder / "kept", lambda *_: None)
        return CorpusSet.of(f"corpus:{self.manifest}{most}").load(self.folder / "cache", Registry.load(), context)


@pytest.fixture
def public(tmp_path: Path) -> Callable[..., Public]:
    """Makes it: public(**changes of the manifest)."""

    def make(**changes: Any) -> Public:
        rows = [
            {"prompt": prompt, "id": name, "model": model, "answer": f"An answer of some length, number {i}."}
            for i, (prompt, name, model) in enumerate(ROWS)
        ]
        commit = repository(tmp_path / "repo", {"rows.json": json.dumps(rows)})
        mirror(tmp_path / "repo", commit, tmp_path / "mirror", NAME)
        fields = {"response": "{row.answer}", "source_model": "{row.model}", "prompt": "{row.prompt}",
                  "prompt_id": "{row.id}", "language": "en", "domain": "chat"}  # fmt: skip
        found = {
            "schema": 2, "name": "ours", "licence": "MIT", "use": "train", "language": ["en"], "domain": ["chat"],
            "sources": [{"repository": NAME, "commit": commit}],
            "rows": [{"files": ["rows.json"], "kind": "json", "fields": fields}], "sha256": None,
        } | changes  # fmt: skip
        path = tmp_path / "ours.json"
        path.write_text(json.dumps(found))
        return Public(tmp_path, path)

    return make


def test_whole_prompts_once_each_and_no_response(public: Callable[..., Public]) -> None:
    made = public()
    found = made.load()
    assert {probe.messages for probe in found.probes} == {(("user", text),) for text in WHOLE}
    assert {(probe.id, probe.language, probe.domain) for probe in found.probes} == {
        (prompt_digest(text), "en", "chat") for text in WHOLE
    }
    (kept,) = (made.folder / "cache" / "prompts").iterdir()
    assert "An answer" not in kept.read_text()
    assert (found.name, found.version) == (
        "corpus:ours",
        json.loads(made.manifest.read_text())["sources"][0]["commit"][:12],
    )


def test_so_many_are_always_the_same(public: Callable[..., Public]) -> None:
    made = public()
    two = made.load(":2")
    assert two.name == "corpus:ours:2"
    assert sorted(probe.id for probe in two.probes) == sorted(prompt_digest(text) for text in WHOLE)[:2]
    assert len(made.load(":9").probes) == 3


def test_what_is_kept_asks_nobody(public: Callable[..., Public], tmp_path: Path) -> None:
    made = public()
    first = made.load()
    (tmp_path / "nowhere").mkdir()
    assert made.load(base=tmp_path / "nowhere") == first
    # Another pin has another file.
    value = json.loads(made.manifest.read_text())
    value["sources"][0]["commit"] = "0" * 40
    made.manifest.write_text(json.dumps(value))
    with pytest.raises(InputError, match="cannot be read"):
        made.load(base=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"licence": "none"}, "states no licence, so its prompts must not be copied"),
        ({"rows": [], "note": "They are pictures."}, "its files are not read by fetch: They are pictures."),
        (
            {"rows": [{"files": ["rows.json"], "kind": "json",
                       "fields": {"response": "{row.answer}", "source_model": "{row.model}"}}]},
            "has no prompts: its manifest does not say where they are",
        ),
        (
            {"rows": [{"files": ["rows.json"], "kind": "json",
                       "fields": {"response": "{row.answer}", "source_model": "{row.model}", "prompt": "{row.x}"}}]},
            "the corpus has no prompt that is all that was asked",
        ),
    ],
)  # fmt: skip
def test_corpora_that_are_no_probes(public: Callable[..., Public], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        public(**changes).load()
    assert said in str(caught.value)


def test_a_corpus_without_prompts_is_fetched_once(public: Callable[..., Public], tmp_path: Path) -> None:
    fields = {"response": "{row.answer}", "source_model": "{row.model}", "prompt": "{row.x}"}
    made = public(rows=[{"files": ["rows.json"], "kind": "json", "fields": fields}])
    (tmp_path / "nowhere").mkdir()
    for base in (None, tmp_path / "nowhere"):
        with pytest.raises(NoPrompts):
            made.load(base=base)


def test_a_cache_that_cannot_be_written_is_said(public: Callable[..., Public]) -> None:
    made = public()
    (made.folder / "cache").write_text("no folder")
    with pytest.raises(InputError, match="cannot be written"):
        made.load()
    (made.folder / "cache").unlink()
    shutil.rmtree(made.folder / "kept")
    (made.folder / "kept").write_text("no folder")
    with pytest.raises(InputError, match="cannot be made"):
        made.load()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("corpus:alpaca_evil", "is no corpus with a manifest; near: alpaca_eval"),
        ("corpus:alpaca_eval:0", "expected corpus:NAME or corpus:NAME:N, with a number of prompts above 0"),
        ("corpus:alpaca_eval:x", "expected corpus:NAME or corpus:NAME:N"),
        ("corpus:bfcl_2024", "states no licence"),
        ("corpus:ruby_bench", "has no prompts"),
        ("best", "only probe can choose"),
    ],
)
def test_one_line_before_anything_is_asked(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["collect", "vllm:x", "--base-url", "http://127.0.0.1:9", "--probes", name, "--out", str(tmp_path / "o")])
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not (tmp_path / "o").exists()
