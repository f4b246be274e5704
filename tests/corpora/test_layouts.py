"""Each training corpus' layout in its repository, on trees of a file or two; the ids are as in our corpora."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest

from fingerprint.corpora.fetch.archive import Extracted
from fingerprint.corpora.fetch.run import CorpusRows, wanted
from fingerprint.corpora.manifest import all_manifests, find_manifest
from fingerprint.data.registry import Registry

SAID = "What a model would say, at some length."
ID = hashlib.sha1(b"why?").hexdigest()[:12]
CHAT = {"id": "gen-1", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop", "message": {
    "role": "assistant", "content": SAID, "refusal": None}}]}  # fmt: skip


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def answered(model: str, response: Any) -> str:
    row = {"question_id": "us_hard_1", "category": "us_hard", "question": "why?", "model": model}
    return lines(row | {"timestamp": "2025-04-06T07:35:00", "response": response})


def row(**given: Any) -> dict[str, Any]:
    return {"response": SAID, "prompt": "why?", "language": "en"} | given


TREES: dict[str, tuple[dict[str, str], list[dict[str, Any]]]] = {
    "alpaca_eval": (
        {
            "results/gpt4_0314/model_outputs.json": json.dumps(
                [{"instruction": "why?", "output": SAID, "generator": "gpt4_0314", "dataset": "helpful_base"}]
            ),
            "results/gpt4_0314/weighted_alpaca_eval_gpt4_turbo/annotations.json": json.dumps([{"output_1": SAID}]),
            "results/.DS_Store": "no",
        },
        [row(source_model="gpt4_0314", release="gpt-4-0314", prompt_id=ID, domain="chat")],
    ),
    "can_ai_code": (
        {
            "results/llama/eval_junior-v2_python-javascript_x_none_precise_Qwen-Qwen2-7B-Instruct_1690410315.ndjson": lines(
                {"name": "SanityList", "language": "python", "prompt": "<s>why?", "answer": SAID,
                 "model": "Qwen/Qwen2-7B-Instruct", "status": "PASS"},
                {"name": "SanityList", "language": "python", "prompt": "<s>why?", "answer": SAID,
                 "model": "Qwen/Qwen2-7B-Instruct", "status": "FAIL"},
            ),
            "results/interview_senior_python_x_none_Qwen_1.ndjson": lines(
                {"name": "VM", "language": "python", "prompt": "why?", "answer": SAID, "model": "Qwen/Qwen2-7B-Instruct"}
            ),
        },
        [
            row(prompt_id="senior-VM-python", release="qwen2-7b-instruct", domain="code"),
            row(prompt_id="junior-SanityList-python", prompt="<s>why?", source_model="Qwen/Qwen2-7B-Instruct"),
        ],
    ),
    "dreams": (
        {"answers/DeepSeek-R1-Lite-Preview__dream001__0.txt": SAID, "answers/DeepSeek-R1-Lite-Preview__dream001__1.txt":
         SAID + " Again.", "answers/DeepSeek-R1-Lite-Preview__dream001__2.txt": "not counted", "incipits/dream001.txt":
         "why?", "evaluations/DeepSeek-R1-Lite-Preview__0__0.txt": "8"},
        [
            row(source_model="DeepSeek-R1-Lite-Preview", prompt_id="dream001", domain="creative"),
            row(response=SAID + " Again.", prompt_id="dream001"),
        ],
    ),
    "dreams500": (
        {"answers/deepseek_deepseek-r1__dream0202__0.txt": SAID, "incipits/dream0202.txt": "why?"},
        [row(source_model="deepseek_deepseek-r1", release="deepseek-r1", prompt_id="dream0202")],
    ),
    "pm_llm_benchmark": (
        {"answers/DeepSeek-R1_cat01_02_activity_context.txt": "<think>so</think>\n\n" + SAID,
         "answers/DeepSeek-R1_cat07_01_ocdfg.txt": SAID, "questions/cat01_02_activity_context.txt": "why?",
         "questions/cat07_01_ocdfg.png": "a picture"},
        [
            row(source_model="DeepSeek-R1", prompt_id="cat01_02_activity_context", domain="process-mining"),
            row(prompt="", prompt_id="cat07_01_ocdfg"),
        ],
    ),
    "ru_llm_arena": (
        {
            "data/arena-hard-v0.1/model_answer/gpt-4o-mini.jsonl": lines(
                {"question_id": 53567, "answer_id": "HJi", "model_id": "gpt-4o-mini", "choices": [{"index": 0, "turns": [
                    {"content": SAID, "token_len": 8}]}], "tstamp": 1719866933.3}),
            "data/arena-hard-v0.1/lmsys_500_selected_questions.jsonl": lines(
                {"id": 53567, "model": "gpt-4-turbo", "response": "why?", "cluster": 1}),
            "data/arena-hard-orig/model_answer/gpt-4o-mini.jsonl": lines(
                {"question_id": "74c42", "model_id": "gpt-4o-mini", "choices": [{"index": 0, "turns": [SAID]}]}),
            "data/arena-hard-orig/question.jsonl": lines(
                {"question_id": "74c42", "category": "x", "turns": [{"content": "why?"}]}),
        },
        [
            row(language="ru", prompt_id="arena-hard-orig-74c42"),
            row(language="ru", prompt_id="arena-hard-v0.1-53567", source_model="gpt-4o-mini"),
        ],
    ),
    "shaberi_ja": (
        {"data/model_answers/elyza__ELYZA-tasks-100/microsoft__phi-4.json": lines(
            {"Question": "why?", "output": "the reference", "eval_aspect": "-", "ModelAnswer": SAID, "ErrorCount": 0})},
        [row(source_model="microsoft__phi-4", release="phi-4", prompt_id=f"ELYZA-tasks-100-{ID}", language="ja")],
    ),
    "speechmap_criticism": (
        {"responses/us_criticism_x.jsonl": answered("deepseek/deepseek-r1", CHAT),
         "responses/fi_china_criticism_x.jsonl": answered("deepseek/deepseek-r1", CHAT | {"id": "2"}).replace("us_hard_1", "f"),
         "responses/zh_china_criticism_x.jsonl": answered("deepseek/deepseek-r1", CHAT).replace("us_hard_1", "z")},
        [row(language="en", release="deepseek-r1"), row(language="fi"), row(language="zh")],
    ),
    "speechmap_gold": (
        {"judge_evaluation/us_hard_sample_responses.jsonl": answered("deepseek/deepseek-r1", CHAT),
         "judge_evaluation/us_hard_sample_manifest.jsonl": lines({"question_id": "us_hard_1", "label": "COMPLETE"}),
         "judge_evaluation/README.md": "no"},
        [row(release="deepseek-r1", prompt_id="us_hard_1", domain="contested-speech")],
    ),
    "speechmap_ushard": (
        {"responses/us_hard_x.jsonl": answered("anthropic/claude-3-haiku-20240307", {"type": "message", "content": [
            {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": SAID}]}) + answered("x", {"error": {"code": 403}}),
         "responses/us_criticism_x.jsonl": answered("deepseek/deepseek-r1", CHAT)},
        [row(release="claude-3-haiku-2024-03", prompt_id="us_hard_1")],
    ),
    "zeroeval": (
        {
            "result_dirs/gsm/gpt-4o-2024-05-13.json": json.dumps([{"session_id": "gsm-1", "chat_history": ["why?"],
                "model_input": "<s>why?", "output": [SAID], "generator": "openai/gpt-4o-2024-05-13"}]),
            "result_dirs/crux/gpt-4o-2024-05-13.json": json.dumps([{"session_id": "crux-1", "chat_history": ["why?"],
                "model_input": "why?", "output": [SAID], "generator": "openai/gpt-4o-2024-05-13"}]),
            "result_dirs/gsm.summary.json": json.dumps([{"Model": "gpt-4o"}]),
        },
        [
            row(prompt_id=f"gsm-{ID}", domain="math", release="gpt-4o-2024-05-13"),
            row(prompt_id=f"crux-{ID}", domain="code-reasoning", source_model="gpt-4o-2024-05-13"),
        ],
    ),
}  # fmt: skip


def extracted(name: str, tree: dict[str, str]) -> Extracted:
    found = Extracted(io.BytesIO())
    patterns = wanted(find_manifest(name))
    for path, content in tree.items():
        if any(pattern.fullmatch(path) for pattern in patterns):
            data = content.encode()
            found.files[path] = (found.spool.seek(0, 2), len(data))
            found.spool.write(data)
    return found


def test_every_training_corpus_has_a_layout_that_is_tested() -> None:
    assert {m.name for m in all_manifests() if m.use == "train"} == set(TREES)
    assert all(m.rows for m in all_manifests() if m.use == "train")


@pytest.mark.parametrize("name", TREES)
def test_rows_of_a_tree(name: str) -> None:
    tree, expected = TREES[name]
    rows = list(CorpusRows(find_manifest(name), [extracted(name, tree)], Registry.load()))
    assert len(rows) == len(expected)
    for found, wanted_row in zip(rows, expected, strict=True):
        assert {key: found[key] for key in wanted_row} == wanted_row
        assert found["corpus"] == name


def test_what_cannot_be_read_is_counted() -> None:
    tree = {"results/claude-2/model_outputs.json": "[{broken", "results/nobody/model_outputs.json": json.dumps(
        [{"instruction": "why?", "output": SAID}, {"instruction": "why?", "output": " "}, 3])}  # fmt: skip
    rows = CorpusRows(find_manifest("alpaca_eval"), [extracted("alpaca_eval", tree)], Registry.load())
    assert list(rows) == []
    assert (dict(rows.left_out), dict(rows.unknown)) == ({"not JSON": 1, "no response": 1}, {"nobody": 1})


def test_responses_are_cut_as_in_our_corpora() -> None:
    tree = {"results/claude-2/model_outputs.json": json.dumps([{"instruction": "p" * 5_000, "output": "r" * 9_000}])}
    (found,) = CorpusRows(find_manifest("alpaca_eval"), [extracted("alpaca_eval", tree)], Registry.load())
    assert (len(found["response"]), len(found["prompt"])) == (8_000, 4_000)
    assert found["prompt_id"] == hashlib.sha1(b"p" * 5_000).hexdigest()[:12]
