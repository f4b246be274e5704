"""A real server of two real models: `transformers serve` with tiny random weights and two tokenizers, made here."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest

from fingerprint.data.corpus import read_corpora
from fingerprint.data.reader import read_case
from fingerprint.data.registry import Registry
from fingerprint.side.evidence import side_evidence
from fingerprint.side.token_counts import KnownTokenizers
from fingerprint.training.parts import learn_side
from tests.cli.test_cli import ROOT, run
from tests.collect.doubles import lines, probes

PROBES = 40
LABS = ("ash", "birch")
TEXTS = ["the sky is blue and the sea is wide", "Question 0? 1 2 3 4 5 6 7 8 9", "Why do we ask questions of models?"]
CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "


def make(folder: Path, merges: int) -> Path:
    """A model of random weights whose tokenizer joins more or fewer bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    pieces.train_from_iterator(
        TEXTS * 20, trainers.BpeTrainer(vocab_size=257 + merges, initial_alphabet=alphabet, special_tokens=["<eos>"])
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pieces, eos_token="<eos>", pad_token="<eos>")
    tokenizer.chat_template = CHAT
    torch.manual_seed(merges)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=512, bos_token_id=None, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("m")
    return [make(folder / "bytes", 0), make(folder / "words", 60)]


@pytest.fixture(scope="module")
def url(models: list[Path]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "transformers.cli.transformers", "serve", "--device", "cpu", "--port", str(port)],
        env={**os.environ, "HF_HUB_OFFLINE": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 600
        while True:
            try:
                with urlopen(f"http://localhost:{port}/health", timeout=5):
                    break
            except OSError:
                assert server.poll() is None, "the server ended"
                assert time.monotonic() < end, "the server does not start"
                time.sleep(0.2)
        yield f"http://localhost:{port}/v1"
    finally:
        server.kill()
        server.wait()


def command(models: list[Path], folder: Path, url: str, set_of_probes: str = "") -> list[str]:
    set_of_probes = set_of_probes or str(probes(folder / "mine.jsonl", PROBES))
    return ["collect", *(f"vllm:{model}" for model in models), "--probes", set_of_probes,
            "--out", str(folder / "out"), "--base-url", url, "--max-tokens", "40", "--temperature", "1",
            "--format", "json"]  # fmt: skip


def collected(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {rows[0]["release"]: rows for rows in map(lines, (folder / "out").glob("*.jsonl")) if rows}


def written(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (folder / "out").glob("*.jsonl"))


def test_collect_kill_resume(models: list[Path], url: str, tmp_path: Path) -> None:
    args = command(models, tmp_path, url)
    code = "import sys; from fingerprint.cli import main; main(sys.argv[1:])"
    killed = subprocess.Popen([sys.executable, "-c", code, *args], env={**os.environ, "PYTHONPATH": str(ROOT)},
                              stdout=subprocess.DEVNULL)  # fmt: skip
    end = time.monotonic() + 600
    while written(tmp_path) < PROBES // 2:
        assert time.monotonic() < end
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    before = written(tmp_path)
    assert before < 2 * PROBES
    # As if it had been killed within a line, too.
    for file in (tmp_path / "out").glob("*.jsonl"):
        with file.open("ab") as torn:
            torn.write(b'{"prompt_id": "p')

    done = run(*args)
    report = json.loads(done.stdout)
    models_counters = report["models"]
    assert sum(counters["there_before"] for counters in models_counters) == before
    assert sum(counters["torn_bytes_cut"] for counters in models_counters) == 16 * len(collected(tmp_path))
    for counters, model in zip(models_counters, models, strict=True):
        rows = collected(tmp_path)[str(model)]
        # Random weights now and then say nothing but spaces.
        assert len(rows) + counters["empty"] + counters["refused"] == PROBES
        assert len({row["key"] for row in rows}) == len(rows) > PROBES / 2
        assert not counters["failed"]
        assert {row["model"] for row in rows} == {f"{model}@main"}
        assert {row["finish_reason"] for row in rows} == {"length"}
        assert {row["usage"]["completion_tokens"] for row in rows} == {40}
        case = read_case(counters["file"])
        assert case.n_responses == len(rows)

    # What tells the two apart with nothing else: how many tokens the same prompt is.
    counts = [{row["prompt_id"]: row["usage"]["prompt_tokens"] for row in collected(tmp_path)[str(m)]} for m in models]
    shared = counts[0].keys() & counts[1].keys()
    assert shared
    assert all(counts[0][key] > counts[1][key] for key in shared)


def test_token_counts_alone_tell_which_of_two_answers(models: list[Path], url: str, tmp_path: Path) -> None:
    registry = tmp_path / "registry.csv"
    named = enumerate(zip(LABS, models, strict=True))
    rows = [f"tiny-{n},{lab},tiny,tiny,2026-01,lab,{model}" for n, (lab, model) in named]
    registry.write_text("\n".join(["release,lab,family,line,released,kind,aliases", *rows]) + "\n")
    for some in ("", "tokens"):
        run(*command(models, tmp_path, url, some))
    corpus = read_corpora([tmp_path / "out"], Registry.load(registry))
    lab_of = {f"tiny-{n}": lab for n, lab in enumerate(LABS)}
    tables = learn_side(corpus, np.ones(len(corpus), bool), lab_of, lambda *_: None)
    assert len(tables.tokenizers) == 2

    # Asked once more, and through a provider that puts a system prompt before everything.
    again = tmp_path / "again"
    again.mkdir()
    run(*command(models, again, url, "tokens"), "--system", "You are nobody.")
    known = KnownTokenizers(tables.tokenizers)
    for lab, model in zip(LABS, models, strict=True):
        (file,) = (p for p in (again / "out").glob("*.jsonl") if lines(p)[0]["release"] == str(model))
        found = side_evidence(read_case(str(file)), LABS, tables.names, known)
        assert found.token_counts.agree == (f"tiny-{LABS.index(lab)}",)
        assert found.token_counts.labs[0].lab == lab
        assert found.token_counts.labs[0].log_likelihood_ratio > 1
