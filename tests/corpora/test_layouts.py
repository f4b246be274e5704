"""The layout of each corpus that `fetch` reads, on trees of a file or two; the ids are as in our corpora."""

from __future__ import annotations

import hashlib
import io
import json
import re
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
    "bfcl_2024": (
        {
            "2024-08-11/result/gpt-4-0613/gorilla_openfunctions_v1_test_relevance_result.json": lines(
                {"id": "relevance_20", "result": SAID}),
            "2024-08-11/result/gpt-4-0125-preview-FC/gorilla_openfunctions_v1_test_java_result.json": lines(
                {"id": "java_0", "result": [{"f": "{}"}]}, {"id": "java_1", "result": SAID}),
            "2024-08-11/result/gpt-4-0613/gorilla_openfunctions_v1_test_parallel_multiple_function_result.json": lines(
                {"id": "parallel_multiple_function_3", "result": SAID}),
            "2024-08-11/result/gpt-4-0613/gorilla_openfunctions_v1_test_executable_simple_result.json": lines(
                {"id": "executable_simple_0", "result": SAID}),
        },
        [
            row(prompt="", prompt_id="java_1", release="gpt-4-0125-preview", source_model="gpt-4-0125-preview-FC"),
            row(prompt="", prompt_id="parallel_multiple_function_3"),
            row(prompt="", prompt_id="relevance_20", release="gpt-4-0613"),
        ],
    ),
    "bullshit_bench": (
        {
            "data/v2/latest/responses/sha256-0b98.jsonl": lines(
                {"model_row": "claude-3-haiku@reasoning=default", "model_reasoning_level": "default",
                 "question_id": "tc_02", "response_text": SAID, "status": "ok"}),
            "data/latest/aggregate.jsonl": lines(
                {"model_row": "claude-3-haiku@reasoning=default", "question_id": "tc_02", "judge_1_score": 0}),
            "data/latest/manifest.json": "{}",
        },
        [row(prompt="", prompt_id="tc_02", release="claude-3-haiku-2024-03", variant="reasoning=default", domain="chat")],
    ),
    "legal_llm4llm": (
        {
            "huggingface_datasets/phase3_flat.jsonl": lines(
                {"question_id": "falsereject_01", "question": "why?", "model": "z-ai/glm-4.6", "response": SAID}),
            "huggingface_datasets/best_vs_worst.jsonl": lines(
                {"question_id": "crypto_law_01", "question": "why?", "best_model": "openai/gpt-5", "best_response": SAID,
                 "worst_model": "gemma3-abliterated:27b", "worst_response": "not read"}),
            "results/phase2_responses.json": json.dumps({"tasks": [{"model": "gpt-5", "response": "not read"}]}),
        },
        [
            row(prompt_id="p3:falsereject_01", release="glm-4.6", domain="legal advice, false-refusal prompts"),
            row(prompt_id="p1:crypto_law_01", release="gpt-5", domain="legal Q&A"),
        ],
    ),
    "pokedex_apps": (
        {
            "submissions/opus-5-low/README.md": SAID, "submissions/opus-5-low/ENTRY.md": "a grader's",
            "submissions/opus-5-low/package-lock.json": "{}", "submissions/opus-5-low/index.html": SAID + "0",
            "submissions/opus-5-low/src/App.tsx": SAID + "1", "submissions/opus-5-low/src/lib/api.test.ts": SAID + "2",
            "submissions/opus-5-low/public/js/views/types.js": SAID + "3",
        },
        [
            row(response=SAID + "0", prompt="", prompt_id="pokedex/index.html", release="claude-opus-5"),
            row(response=SAID + "3", prompt="", prompt_id="pokedex/public/js/views/types.js"),
            row(response=SAID + "1", prompt="", prompt_id="pokedex/src/App.tsx", source_model="opus-5-low"),
            row(response=SAID + "2", prompt="", prompt_id="pokedex/src/lib/api.test.ts", domain="code-web"),
            row(prompt="", prompt_id="pokedex/README.md", domain="writing-tech"),
        ],
    ),
    "ruby_bench": (
        {
            f"implementations/program_fixer/calendar/{name}.rb": f"# {number}" for number, name in enumerate([
                "broken/glm_4_5_openrouter_08_2025", "claude_opus_4_6_manual_budget_2048_openrouter_04_2026",
                "claude_opus_4_8_fast_effort_low_openrouter_05_2026", "deepseek_r1_web_chat_02_2025",
                "gemini_2_0_pro_exp_cursor_chat_02_2025", "openai_4_turbo_08_2025"])
        } | {"implementations/calendar/glm_4_5_openrouter_08_2025.rb": "# an older place", "benchmarks/calendar.rb": "#"},
        [
            row(response="# 0", prompt="", source_model="glm_4_5", variant="08_2025", domain="code-ruby"),
            row(response="# 1", prompt="", source_model="claude_opus_4_6", variant="budget2048;04_2026"),
            row(response="# 2", prompt="", source_model="claude_opus_4_8_fast", variant="low;05_2026"),
            row(response="# 3", prompt="", source_model="deepseek_r1", variant="web_chat;02_2025"),
            row(response="# 4", prompt="", source_model="gemini_2_0_pro_exp", variant="cursor_chat;02_2025"),
            row(response="# 5", prompt="", source_model="openai_4_turbo", prompt_id="program_fixer/calendar"),
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


def test_every_corpus_that_fetch_reads_has_a_layout_that_is_tested() -> None:
    assert {m.name for m in all_manifests() if m.rows} == set(TREES)


def test_a_corpus_that_fetch_does_not_read_says_where_its_responses_are() -> None:
    for manifest in all_manifests():
        assert manifest.rows or re.search(r"\w/\S*(\*|<\w+>|\.json)", manifest.note), manifest.name


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
