"""`--probes best` without a network, and with a budget that reaches for nothing."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from fingerprint.api import Fingerprint
from fingerprint.base.keys import prompt_digest
from fingerprint.cli.main import main
from fingerprint.cli.probe_sets import Sets, load_sets
from fingerprint.config import ProbingConfig
from fingerprint.corpora.fetch import download
from fingerprint.corpora.manifest import find_manifest
from fingerprint.corpora.prompts import CorpusSet, NoPrompts
from fingerprint.data.probes import Probe, ProbeSet, listed
from fingerprint.errors import FingerprintError
from fingerprint.model.calibration import Expect
from fingerprint.model.prompts import PromptTable, codes_of
from tests import worlds

PROMPT = "Name a river."
OURS = "our own probes are asked, because no corpus could be had"


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing can be fetched, and nothing is kept; returns the cache."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("fingerprint.base.files.cache_dir", lambda: folder)
    (tmp_path / "nowhere").mkdir()
    monkeypatch.setattr(download, "Origin", functools.partial(download.Origin, tmp_path / "nowhere"))
    return folder


def best(*corpora: str) -> Sets:
    """What `best` chooses for a model that knows one prompt, of these corpora."""
    n = len(corpora)
    table = PromptTable(
        corpora, (("chat", "en"),), codes_of([prompt_digest(PROMPT)] * n),
        corpus=np.arange(n), kind=np.zeros(n, int), size=np.full(n, 13), answer_size=np.full(n, 400.0),
        answers=np.full(n, 20), releases=np.full(n, 9), whole=np.ones(n, bool), gain=np.arange(n, 0, -1.0),
    )  # fmt: skip
    figures = {"10": {kind: SimpleNamespace(lab_error=error) for kind, error in (("both", 0.6), ("unseen", 0.25))}}
    calibration = SimpleNamespace(expectations={Expect.NEW: SimpleNamespace(figures=figures)})
    known = SimpleNamespace(
        prompts=table,
        information=None,
        config=SimpleNamespace(probing=ProbingConfig()),
        loaded=SimpleNamespace(calibration=calibration),
    )
    return load_sets((), cast(Fingerprint, known), {"oak": True, "elm": True})


def test_without_a_network_our_own_probes_are_asked_and_the_note_says_why() -> None:
    found = best("alpaca_eval")
    assert found.note.startswith(OURS)
    assert "alpaca_eval" in found.note or "tatsu-lab" in found.note
    # What it costs, by the model's own held-out cases.
    assert "came first in 40 % of cases at such prompts, and in 75 % at prompts of known corpora" in found.note
    assert {one.name for one in found.probes} == listed().keys() - {"agents"}


def test_a_corpus_that_is_kept_needs_no_network(offline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = CorpusSet(find_manifest("zeroeval"))
    texts = (PROMPT, "Name a hill.")
    rows = [{"id": prompt_digest(text), "messages": [{"role": "user", "content": text}]} for text in texts]
    corpus.kept(offline).parent.mkdir(parents=True)
    corpus.kept(offline).write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = best("alpaca_eval", "zeroeval")
    assert found.note == ""
    assert [one.name for one in found.probes] == ["identity", "tokens", corpus.name]
    # Only what the model knows, as it names it.
    (probe,) = found.probes[-1].probes
    assert (probe.messages[0][1], probe.domain, probe.language) == (PROMPT, "chat", "en")
    assert set(found.worth) == {prompt_digest(PROMPT)}
    assert f"{corpus.name}: prompts of github.com/" in capsys.readouterr().err


def test_a_corpus_without_prompts_leaves_the_others_to_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: CorpusSet, *_: object) -> ProbeSet:
        if self.manifest.name == "can_ai_code":
            raise NoPrompts(self.name, "the corpus has no prompt that is all that was asked")
        return ProbeSet(self.name, "", "", "", (Probe(PROMPT, (("user", PROMPT),)),))

    monkeypatch.setattr(CorpusSet, "load", load)
    found = best("can_ai_code", "zeroeval")
    assert (found.note, [one.name for one in found.probes]) == ("", ["identity", "tokens", "corpus:zeroeval"])


def test_a_model_without_prompts_cannot_choose() -> None:
    known = cast(Fingerprint, SimpleNamespace(prompts=None))
    with pytest.raises(FingerprintError, match="best: the model keeps no prompts"):
        load_sets(("best",), known, {})
    assert {one.name for one in load_sets((), known, {}).probes} == listed().keys() - {"agents"}


@pytest.fixture
def ask(
    model: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[Any, str, str, int]]:  # fmt: skip
    """Runs `probe` without --probes; returns the exit code, both outputs, and how many questions were asked."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-secret-0123456789")
    prices = {"prompt": "0.000001", "completion": "0.0001"}
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "stealth", "pricing": prices}]})
    asked: list[int] = []

    def answer(request: Request) -> Response:
        asked.append(len(asked))
        message = {"role": "assistant", "content": worlds.write("oak-2", 900 + len(asked))}
        body = {"model": "stealth", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 60}}  # fmt: skip
        return Response(json.dumps(body), content_type="application/json")

    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_handler(answer)

    def run(*more: str) -> tuple[Any, str, str, int]:
        with pytest.raises(SystemExit) as ended:
            main(["probe", "openrouter:stealth", "--model", str(model), "--base-url", httpserver.url_for("/v1"),
                  "--out", str(tmp_path / "answers"), "--format", "json", *more])  # fmt: skip
        return ended.value.code, *capsys.readouterr(), len(asked)

    return run


def test_the_command_falls_back_with_its_note(ask: Callable[..., tuple[Any, str, str, int]]) -> None:
    code, out, err, asked = ask("--probes", "best", "--style-only", "--max-requests", "2")
    assert (code, asked) == (0, 2)
    # The corpora of the made-up world are nobody's.
    note = json.loads(out)["probe"]["note"]
    assert note.startswith(OURS)
    assert err == f"warning: {note}\n"


def test_a_budget_that_reaches_for_no_probe_is_one_line(
    ask: Callable[..., tuple[Any, str, str, int]], tmp_path: Path
) -> None:
    code, out, err, asked = ask("--max-cost", "0.00001")
    assert (code, out, err.count("\n"), asked) == (2, "", 1, 0)
    assert "--max-cost 1e-05 does not reach for one probe: the cheapest may cost $" in err
    assert not (tmp_path / "answers").exists()


def test_a_missing_key_is_said_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    for verb in (["probe", "openrouter:x"], ["collect", "openrouter:x"], ["watch", "openrouter"]):
        with pytest.raises(SystemExit) as ended:
            # Fetching it would fail with another message.
            main([*verb, "--probes", "corpus:alpaca_eval", "--out", str(tmp_path / "out")])
        out, err = capsys.readouterr()
        assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
        assert "OPENROUTER_API_KEY" in err
