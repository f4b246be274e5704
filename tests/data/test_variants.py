"""Forms of formats beside those of the samples: older ones, other APIs in one envelope, and what is easily mixed up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fingerprint.data.containers import Place
from fingerprint.data.message import Kind, Message
from fingerprint.data.rows import Rows, opened_rows
from tests.data.samples import (
    ASKED,
    HM,
    MODEL,
    MORE,
    READ,
    SAID,
    SHOWN,
    answer,
    asked,
    called,
    completion,
    lines,
    sse,
    whole,
)


def read(folder: Path, data: bytes, name: str = "x.dat") -> tuple[Rows, list[Message]]:
    path = folder / name
    path.write_bytes(data)
    with opened_rows(Place(str(path))) as rows:
        return rows, list(rows)


def events(*pairs: tuple[str, dict[str, Any]]) -> bytes:
    return "".join(f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n" for kind, more in pairs).encode()


ANTHROPIC = events(
    ("message_start", {"message": {"id": "m", "role": "assistant", "model": MODEL, "content": []}}),
    ("content_block_start", {"index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "thinking_delta", "thinking": HM}}),
    ("content_block_start", {"index": 1, "content_block": {"type": "text", "text": ""}}),
    ("ping", {}),
    ("content_block_delta", {"index": 1, "delta": {"type": "text_delta", "text": SAID[:20]}}),
    ("content_block_delta", {"index": 1, "delta": {"type": "text_delta", "text": SAID[20:]}}),
    ("content_block_start", {"index": 2, "content_block": {"type": "tool_use", "name": READ[0], "input": {}}}),
    ("content_block_delta", {"index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"path": '}}),
    ("content_block_delta", {"index": 2, "delta": {"type": "input_json_delta", "partial_json": '"notes.md"}'}}),
    ("message_stop", {}),
)
RESPONSES = events(
    ("response.created", {"response": {"id": "r", "model": MODEL}}),
    ("response.reasoning_summary_text.delta", {"delta": HM}),
    ("response.output_text.delta", {"delta": SAID[:20]}),
    ("response.output_text.delta", {"delta": SAID[20:]}),
    ("response.output_item.added", {"item": {"id": "f", "type": "function_call", "name": READ[0]}}),
    ("response.function_call_arguments.delta", {"item_id": "f", "delta": json.dumps(READ[1])}),
    ("response.completed", {"response": {"id": "r", "model": MODEL, "usage": {"input_tokens": 7}}}),
)
CHAT = sse(
    *(
        {"id": "c", "model": MODEL, "choices": [{"index": 0, "delta": part}]}
        for part in (
            {"role": "assistant", "reasoning": HM}, {"content": SAID[:20]}, {"content": SAID[20:]},
            {"tool_calls": [{"index": 0, "function": {"name": READ[0], "arguments": '{"path": '}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": '"notes.md"}'}}]},
        )
    )
)  # fmt: skip


@pytest.mark.parametrize("data", [ANTHROPIC, RESPONSES, CHAT], ids=["anthropic", "responses", "chat"])
def test_streams_of_every_api(tmp_path: Path, data: bytes) -> None:
    rows, (found,) = read(tmp_path, data)
    assert (rows.format.name, found.text, found.model) == ("sse", SAID, MODEL)
    assert [(call.name, call.arguments) for call in found.calls] == [READ]
    assert dict(+rows.left_out) == {Kind.REASONING: 1}
    assert [m.text for m in read(tmp_path, data + data)[1]] == [SAID, SAID]


def test_codex_without_an_envelope_and_as_events(tmp_path: Path) -> None:
    old = lines(
        {"id": "s", "timestamp": "t", "instructions": None},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASKED}]},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "name": READ[0], "arguments": json.dumps(READ[1]), "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": SHOWN},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": SAID}]},
    )
    new = lines(
        {"type": "thread.started", "thread_id": "x"}, {"type": "turn.started"},
        {"type": "item.completed", "item": {"id": "0", "type": "reasoning", "text": HM}},
        {"type": "item.completed", "item": {"id": "1", "type": "command_execution", "command": "ls",
                                            "aggregated_output": SHOWN}},
        {"type": "item.completed", "item": {"id": "2", "type": "agent_message", "text": SAID}},
        {"type": "turn.completed", "usage": {}},
    )  # fmt: skip
    for data, call in ((old, READ), (new, ("shell", {"command": "ls"}))):
        rows, (found,) = read(tmp_path, data)
        assert (rows.format.name, found.text) == ("codex", SAID)
        assert [(c.name, c.arguments) for c in found.calls] == [call]
        assert dict(+rows.left_out) == {Kind.REASONING: 1, Kind.TOOL_RESULT: 1}


def test_first_tau_bench_and_swe_agent_without_a_history(tmp_path: Path) -> None:
    tau = whole(
        [
            {
                "task_id": 0,
                "reward": 1.0,
                "traj": [asked(), answer(tool_calls=[called()]), {"role": "tool", "content": SHOWN}],
            }
        ]
    )
    rows, (found,) = read(tmp_path, tau)
    assert (rows.format.name, found.text, found.calls[0].arguments) == ("tau-bench", SAID, READ[1])
    swe = whole({"trajectory": [{"response": SAID, "observation": SHOWN}, {"response": ""}], "info": {}})
    rows, (found,) = read(tmp_path, swe)
    assert (rows.format.name, found.text) == ("swe-agent", SAID)
    assert dict(+rows.left_out) == {Kind.TOOL_RESULT: 1, Kind.EMPTY: 1}


def test_a_subagents_own_file_counts(tmp_path: Path) -> None:
    line = {"type": "assistant", "isSidechain": True, "message": answer([{"type": "text", "text": SAID}], model=MODEL)}
    rows, (found,) = read(tmp_path, lines(line))
    assert (rows.format.name, found.text, found.model) == ("claude-code", SAID, MODEL)


def test_every_choice_is_a_response(tmp_path: Path) -> None:
    body = completion(answer())
    body["choices"].append({"index": 1, "message": answer(MORE)})
    assert [m.text for m in read(tmp_path, lines(body))[1]] == [SAID, MORE]
    assert [m.text for m in read(tmp_path, lines({"choices": [{"text": SAID}], "model": MODEL}))[1]] == [SAID]


def test_several_responses_in_a_row_and_contents_of_messages(tmp_path: Path) -> None:
    rows, found = read(
        tmp_path, lines({"prompt": ASKED, "responses": [SAID, MORE]}, {"output": [{"type": "text", "text": SAID}]})
    )
    assert rows.format.name == "rows"
    assert [m.text for m in found] == [SAID, MORE, SAID]


def test_messages_of_langchain_and_of_the_ai_sdk(tmp_path: Path) -> None:
    made = {"lc": 1, "type": "constructor"}
    chain = {"messages": [
        {**made, "id": ["langchain", "schema", "HumanMessage"], "kwargs": {"content": ASKED}},
        {**made, "id": ["langchain", "schema", "AIMessage"], "kwargs": {"content": SAID}}]}  # fmt: skip
    data = {"messages": [{"type": "human", "data": {"content": ASKED}}, {"type": "ai", "data": {"content": SAID}}]}
    parts = [{"type": "reasoning", "text": HM}, {"type": "text", "text": SAID}]
    question = {"role": "user", "parts": [{"type": "text", "text": ASKED}]}
    sdk = {"messages": [question, {"role": "assistant", "parts": parts}]}
    for row in (chain, data, sdk):
        _, (found,) = read(tmp_path, lines(row))
        assert (found.text, found.prompt) == (SAID, ASKED)


def test_what_answers_messages_beside_it_is_the_response(tmp_path: Path) -> None:
    _, (found,) = read(tmp_path, lines({"response": SAID, "messages": [asked(), answer(MORE), asked("again?")]}))
    assert found.text == SAID


def test_lines_of_a_harness_with_chats_as_prompts(tmp_path: Path) -> None:
    row = {"doc_id": 0, "doc": {}, "resps": [[SAID]], "arguments": [[json.dumps([asked()]), {}]], "filter": "none"}
    _, (found,) = read(tmp_path, lines(row))
    assert (found.text, found.prompt) == (SAID, ASKED)


def test_promptfoo_a_line_a_result(tmp_path: Path) -> None:
    row = {
        "provider": {"id": MODEL},
        "prompt": {"raw": json.dumps([asked()])},
        "vars": {},
        "response": {"output": SAID},
    }
    rows, (found,) = read(tmp_path, lines(row))
    assert (rows.format.name, found.text, found.prompt, found.model) == ("promptfoo", SAID, ASKED, MODEL)


@pytest.mark.parametrize(
    "text",
    [
        SAID + "\n\nUser: what is that?\nAssistant: a pool.",
        "# Note\n\nThe **User:** label is bold.\n\n" + SAID,
        "Assistant: " + SAID,
        "data: is what we need\n\nmore of it",
        "| response | other |\n|---|---|\n| a | b |",
        "a, b; and c\n\n" + SAID,
    ],
)
def test_answers_that_look_like_something_else_stay_whole(tmp_path: Path, text: str) -> None:
    rows, (found,) = read(tmp_path, text.encode(), "x.md")
    assert rows.format.name == "text"
    assert found.text == text.removeprefix("Assistant: ")
