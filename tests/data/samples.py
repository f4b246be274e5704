"""A sound file of every format, made up, in its writer's form, with what a reader is to find in it."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fingerprint.data.message import Kind

ASKED = "Why do tide pools fill up again?"
SAID = "Tide pools fill with the sea twice a day.\n\nBring boots, and look before you step."
MORE = "Start with the pool that is nearest to the water, and write down what you see in it."
HM = "Okay, the user wants a short note. Let me think."
MODEL = "glm-4.6"
READ = ("read_file", {"path": "notes.md"})
SHOWN = "what the file says, which the model never wrote"


@dataclass(frozen=True)
class Sample:
    """A file and what is in it: texts and models of its messages, calls of tools, and what is left out."""

    data: bytes
    texts: tuple[str, ...] = (SAID,)
    model: str = MODEL
    prompt: str = ASKED
    calls: tuple[tuple[str, Any], ...] = ()
    left_out: dict[Kind, int] = field(default_factory=dict)
    name: str = "x.dat"


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def whole(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def asked(text: Any = ASKED) -> dict[str, Any]:
    return {"role": "user", "content": text}


def answer(text: Any = SAID, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def called(arguments: Any = None) -> dict[str, Any]:
    shown = json.dumps(READ[1]) if arguments is None else arguments
    return {"id": "c1", "type": "function", "function": {"name": READ[0], "arguments": shown}}


def completion(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "g", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice], **more}


THINKING = {"type": "thinking", "thinking": HM, "signature": "c2ln"}
TEXT = {"type": "text", "text": SAID}
USE = {"type": "tool_use", "id": "t1", "name": READ[0], "input": READ[1]}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": SHOWN}


def claude_line(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content}
    if kind == "assistant":
        message |= {"id": "m1", "type": "message", "model": "claude-opus-4-8", **more.pop("message", {})}
    return {"type": kind, "isSidechain": False, "uuid": "u", "message": message, **more}


def codex(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": "2026-01-01T00:00:00Z", "type": kind, "payload": payload}


def delta(**parts: Any) -> dict[str, Any]:
    return {"id": "s1", "object": "chat.completion.chunk", "model": MODEL, "choices": [{"index": 0, "delta": parts}]}


def sse(*events: Any) -> bytes:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode() + b"data: [DONE]\n\n"


def zipped(**members: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name, json.dumps(value))
    return out.getvalue()


def database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logs.db"
        log = sqlite3.connect(path)
        log.executescript("CREATE TABLE responses (id TEXT, model TEXT, prompt TEXT, system TEXT, response TEXT)")
        log.execute(
            "INSERT INTO responses VALUES ('1', ?, ?, 'Be brief.', ?), ('2', ?, '', '', NULL)",
            (MODEL, ASKED, SAID, MODEL),
        )
        log.commit()
        log.close()
        return path.read_bytes()


def inspect_sample(output: Any, messages: list[Any]) -> dict[str, Any]:
    return {"id": "q1", "epoch": 1, "input": ASKED, "target": "x", "messages": messages, "scores": {},
            "output": {"model": "glm", "choices": output}, "attachments": {"abc": SAID}}  # fmt: skip


HEADER = {"version": 2, "eval": {"task": "t", "model": MODEL, "model_generate_config": {"temperature": 0.5}}}
AGENT = [
    asked(), answer("", tool_calls=[{"id": "c", "function": READ[0], "arguments": READ[1], "type": "function"}]),
    {"role": "tool", "content": SHOWN, "function": READ[0]}, answer("attachment://abc"),
]  # fmt: skip

SAMPLES: dict[str, Sample] = {
    "inspect": Sample(
        zipped(**{"header.json": HEADER, "samples/q1_epoch_1.json": inspect_sample([], AGENT)}),
        ("", SAID), calls=(READ,), left_out={Kind.TOOL_RESULT: 1},
    ),
    "promptfoo": Sample(whole({"evalId": "e", "results": {"version": 3, "results": [
        {"provider": {"id": MODEL}, "prompt": {"raw": ASKED, "label": "p"}, "vars": {}, "response": {"output": SAID}},
        {"provider": {"id": MODEL}, "prompt": {"raw": ASKED}, "vars": {}, "error": "API call error"},
    ]}}), left_out={Kind.ERROR: 1}),
    "lm-eval": Sample(lines(*(
        {"doc_id": 0, "doc": {}, "target": "x", "arguments": {"gen_args_0": {"arg_0": ASKED, "arg_1": {}}},
         "resps": [[SAID]], "filtered_resps": ["x"], "filter": name} for name in ("strict-match", "flexible-extract")
    )), model="", left_out={Kind.REPEATED: 1}),
    "alpaca-eval": Sample(whole([
        {"dataset": "d", "instruction": ASKED, "output": SAID, "generator": MODEL},
        {"dataset": "d", "instruction": ASKED, "output": "", "generator": MODEL},
    ]), left_out={Kind.EMPTY: 1}),
    "arena": Sample(whole([{"question_id": "b1", "model_a": MODEL, "model_b": MODEL, "winner": "tie",
                            "conversation_a": [asked(), answer()], "conversation_b": [asked(), answer(MORE)]}]),
                    (SAID, MORE)),
    "model-answer": Sample(lines({"question_id": 81, "answer_id": "a", "model_id": MODEL, "tstamp": 1.5,
                                  "choices": [{"index": 0, "turns": [SAID, MORE]}]}), (SAID, MORE), prompt=""),
    "helm": Sample(whole({"request_states": [
        {"instance": {"id": "i1"}, "request": {"model": MODEL, "prompt": ASKED, "temperature": 0.0},
         "result": {"success": True, "completions": [{"text": SAID, "logprob": 0}]}},
        {"instance": {"id": "i2"}, "request": {"model": MODEL}, "result": {"error": "x", "completions": []}},
    ]}), left_out={Kind.ERROR: 1}),
    "claude-code": Sample(lines(
        {"type": "summary", "summary": "Talk", "leafUuid": "a"},
        claude_line("user", ASKED),
        claude_line("assistant", [THINKING]), claude_line("assistant", [{"type": "text", "text": MORE}]),
        claude_line("assistant", [USE]),
        claude_line("user", [RESULT]),
        claude_line("assistant", [{"type": "text", "text": "a finding of the small one, of some length"}],
                    message={"id": "m5", "model": "claude-haiku-4-5"}, isSidechain=True),
        claude_line("assistant", [TEXT], message={"id": "m2"}),
        claude_line("assistant", [{"type": "text", "text": "API Error: 500"}],
                    message={"id": "m3", "model": "<synthetic>"}, isApiErrorMessage=True),
    ), (MORE, SAID), "claude-opus-4-8", calls=(READ,),
        left_out={Kind.REASONING: 1, Kind.TOOL_RESULT: 1, Kind.SUBAGENT: 1, Kind.ERROR: 1}),
    "codex": Sample(lines(
        codex("session_meta", id="s", cli_version="0.9"), codex("turn_context", model=MODEL, effort="high"),
        codex("response_item", type="message", role="user", content=[{"type": "input_text", "text": "<environment_context>x"}]),
        codex("response_item", type="message", role="user", content=[{"type": "input_text", "text": ASKED}]),
        codex("response_item", type="reasoning", summary=[], content=None, encrypted_content="x"),
        codex("response_item", type="function_call", name=READ[0], arguments=json.dumps(READ[1]), call_id="c"),
        codex("response_item", type="function_call_output", call_id="c", output=SHOWN),
        codex("event_msg", type="agent_message", message=SAID),
        codex("response_item", type="message", role="assistant", content=[{"type": "output_text", "text": SAID}]),
    ), calls=(READ,), left_out={Kind.REASONING: 1, Kind.TOOL_RESULT: 1}),
    "opencode": Sample(whole({"info": {"id": "s"}, "messages": [
        {"info": {"role": "user"}, "parts": [{"type": "text", "text": ASKED}, {"type": "text", "text": "x", "synthetic": True}]},
        {"info": {"role": "assistant", "modelID": MODEL, "providerID": "z"}, "parts": [
            {"type": "step-start"}, {"type": "reasoning", "text": HM}, {"type": "text", "text": SAID},
            {"type": "tool", "tool": READ[0], "callID": "c", "state": {"status": "completed", "input": READ[1], "output": SHOWN}},
            {"type": "step-finish"}]},
    ]}), calls=(READ,), left_out={Kind.REASONING: 1, Kind.TOOL_RESULT: 1}),
    "gemini-cli": Sample(whole({"sessionId": "s", "projectHash": "h", "messages": [
        {"id": "1", "type": "user", "content": ASKED}, {"id": "2", "type": "info", "content": "Update available"},
        {"id": "3", "type": "gemini", "content": SAID, "model": MODEL, "thoughts": [{"subject": "s", "description": HM}],
         "toolCalls": [{"id": "t", "name": READ[0], "args": READ[1], "result": [{"text": SHOWN}], "status": "success"}]},
    ]}), calls=(READ,), left_out={Kind.REASONING: 1, Kind.TOOL_RESULT: 1}),
    "cline-ui": Sample(whole([
        {"ts": 1, "type": "say", "say": "task", "text": ASKED},
        {"ts": 2, "type": "say", "say": "api_req_started", "text": "{\"request\": \"...\"}"},
        {"ts": 3, "type": "say", "say": "reasoning", "text": HM},
        {"ts": 4, "type": "say", "say": "text", "text": SAID, "modelInfo": {"modelId": MODEL, "providerId": "z"}},
        {"ts": 5, "type": "say", "say": "tool", "text": json.dumps({"tool": READ[0], **READ[1], "content": SHOWN})},
        {"ts": 6, "type": "say", "say": "command_output", "text": SHOWN},
    ]), (SAID, ""), calls=(READ,), left_out={Kind.REASONING: 1, Kind.TOOL_RESULT: 1}),
    "cline": Sample(whole([
        asked([{"type": "text", "text": f"<task>\n{ASKED}\n</task>"}]),
        answer([{"type": "text", "text": f"{SAID}\n\n<read_file>\n<path>notes.md</path>\n</read_file>"}]),
        asked([{"type": "tool_result", "tool_use_id": "t", "content": SHOWN}]),
        answer([{"type": "text", "text": f"<attempt_completion>\n<result>\n{MORE}\n</result>\n</attempt_completion>"}]),
    ]), (SAID, MORE), "", f"<task>\n{ASKED}\n</task>", (READ,), {Kind.TOOL_RESULT: 1}),
    "mini-swe-agent": Sample(whole({
        "info": {"config": {"model": {"model_name": MODEL, "model_kwargs": {"temperature": 0.0}}}, "mini_version": "2.0.0"},
        "messages": [{"role": "system", "content": "You are helpful."}, asked(), answer(tool_calls=[called()]),
                     {"role": "tool", "content": SHOWN}, {"role": "exit", "content": "done"}],
        "trajectory_format": "mini-swe-agent-1.1",
    }), calls=(READ,), left_out={Kind.TOOL_RESULT: 1}),
    "swe-agent": Sample(whole({
        "environment": "e", "trajectory": [{"action": "ls", "observation": SHOWN, "response": SAID}],
        "history": [{"role": "system", "content": "s", "agent": "main"},
                    {"role": "assistant", "content": "a demonstration by somebody else", "is_demo": True},
                    asked(), answer(agent="main", thought="x", action="ls"), {"role": "tool", "content": SHOWN}],
        "info": {"exit_status": "submitted"}, "replay_config": json.dumps({"agent": {"model": {"name": MODEL}}}),
    }), left_out={Kind.TOOL_RESULT: 1}),
    "tau-bench": Sample(whole({
        "timestamp": "t", "info": {"agent_info": {"llm": MODEL}, "user_info": {"llm": "other"}}, "tasks": [],
        "simulations": [{"id": "1", "messages": [
            asked(), answer(None, tool_calls=[{"id": "c", "name": READ[0], "arguments": READ[1], "requestor": "assistant"}]),
            {"role": "tool", "content": SHOWN}, answer()]}],
    }), ("", SAID), calls=(READ,), left_out={Kind.TOOL_RESULT: 1}),
    "sse": Sample(sse(delta(role="assistant", reasoning_content=HM), delta(content=SAID[:30]), delta(content=SAID[30:])),
                  prompt="", left_out={Kind.REASONING: 1}),
    "chunks": Sample(lines(
        {"model": MODEL, "message": {"role": "assistant", "content": SAID[:30]}, "done": False},
        {"model": MODEL, "message": {"role": "assistant", "content": SAID[30:]}, "done": False},
        {"model": MODEL, "message": {"role": "assistant", "content": ""}, "done": True},
        {"model": MODEL, "response": MORE, "done": True},
    ), (SAID, MORE), prompt=""),
    "gemini-chunks": Sample(whole([
        {"responseId": "r", "modelVersion": MODEL, "candidates": [{"content": {"parts": [{"text": HM, "thought": True}]}}]},
        {"responseId": "r", "modelVersion": MODEL, "candidates": [{"content": {"parts": [{"text": SAID[:30]}]}}]},
        {"responseId": "r", "modelVersion": MODEL, "candidates": [{"content": {"parts": [{"text": SAID[30:]}]}}]},
    ]), prompt="", left_out={Kind.REASONING: 1}),
    "openai-batch": Sample(lines(
        {"id": "b1", "custom_id": "q1", "response": {"status_code": 200, "body": completion(answer())}, "error": None},
        {"id": "b2", "custom_id": "q2", "response": None, "error": {"code": "x"}},
    ), prompt="", left_out={Kind.ERROR: 1}),
    "anthropic-batch": Sample(lines(
        {"custom_id": "q1", "result": {"type": "succeeded", "message": {
            "id": "m", "type": "message", "role": "assistant", "model": MODEL, "content": [THINKING, TEXT]}}},
        {"custom_id": "q2", "result": {"type": "errored", "error": {"type": "invalid_request"}}},
    ), prompt="", left_out={Kind.REASONING: 1, Kind.ERROR: 1}),
    "openai-chat": Sample(lines(
        completion(answer(reasoning=HM, reasoning_details=[{"type": "reasoning.text", "text": HM}], tool_calls=[called()])),
        completion(answer(None, reasoning=HM)),
        {"error": {"message": "Provider returned error", "code": 502}},
        {"id": "g", "model": MODEL, "choices": [{"error": {"code": 502, "message": "x"}, "message": answer("")}]},
    ), prompt="", calls=(READ,), left_out={Kind.REASONING: 1, Kind.ONLY_REASONING: 1, Kind.ERROR: 2}),
    "openai-responses": Sample(lines({
        "id": "r", "object": "response", "model": MODEL, "output": [
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "name": READ[0], "arguments": json.dumps(READ[1]), "call_id": "c"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": SAID, "annotations": []}]}],
    }), prompt="", calls=(READ,), left_out={Kind.REASONING: 1}),
    "anthropic-messages": Sample(lines({
        "id": "m", "type": "message", "role": "assistant", "model": MODEL, "content": [
            THINKING, {"type": "text", "text": SAID[:30]}, {"type": "text", "text": SAID[30:], "citations": [{}]}, USE]},
    ), (SAID[:30] + "\n" + SAID[30:],), prompt="", calls=(READ,), left_out={Kind.REASONING: 1}),
    "gemini": Sample(lines({"candidates": [{"content": {"role": "model", "parts": [
        {"text": HM, "thought": True}, {"text": SAID}, {"functionCall": {"name": READ[0], "args": READ[1]}}]}}],
        "modelVersion": MODEL}), prompt="", calls=(READ,), left_out={Kind.REASONING: 1}),
    "bedrock-converse": Sample(whole({"output": {"message": {"role": "assistant", "content": [
        {"reasoningContent": {"reasoningText": {"text": HM}}}, {"text": SAID},
        {"toolUse": {"toolUseId": "t", "name": READ[0], "input": READ[1]}}]}}, "stopReason": "end_turn"}),
        model="", prompt="", calls=(READ,), left_out={Kind.REASONING: 1}),
    "cohere": Sample(lines({"id": "c", "finish_reason": "COMPLETE",
                            "message": {"role": "assistant", "content": [TEXT]}}), model="", prompt=""),
    "logged-answers": Sample(lines(
        {"model": "called-so-here", "prompt_text": ASKED, "response": {
            "type": "message", "role": "assistant", "model": MODEL, "content": [THINKING, TEXT]}},
        {"prompt_text": ASKED, "error": "timeout"},
    ), left_out={Kind.REASONING: 1, Kind.ERROR: 1}),
    "chatgpt": Sample(whole([{"title": "t", "current_node": "d", "mapping": {
        "a": {"id": "a", "message": None, "parent": None, "children": ["b"]},
        "b": {"id": "b", "parent": "a", "children": ["c", "x"], "message": {
            "author": {"role": "user"}, "content": {"content_type": "text", "parts": [ASKED]}, "metadata": {}}},
        "x": {"id": "x", "parent": "b", "children": [], "message": {
            "author": {"role": "assistant"}, "content": {"content_type": "text", "parts": ["Another branch of it."]}}},
        "c": {"id": "c", "parent": "b", "children": ["d"], "message": {
            "author": {"role": "assistant"}, "content": {"content_type": "thoughts", "thoughts": [{"content": HM}]}}},
        "d": {"id": "d", "parent": "c", "children": [], "message": {
            "author": {"role": "assistant"}, "metadata": {"model_slug": MODEL}, "recipient": "all",
            "content": {"content_type": "text", "parts": [SAID + "\ue200cite\ue202turn0search0\ue201"]}}},
    }}]), left_out={Kind.REASONING: 1}),
    "claude-export": Sample(whole([{"uuid": "u", "name": "n", "model": MODEL, "chat_messages": [
        {"sender": "human", "text": ASKED, "content": [{"type": "text", "text": ASKED}]},
        {"sender": "assistant", "text": f"{HM} {SAID}", "content": [THINKING, TEXT, USE, RESULT]}]}]),
        calls=(READ,), left_out={Kind.REASONING: 1, Kind.TOOL_RESULT: 1}),
    "open-webui": Sample(whole([{"id": "c", "title": "t", "chat": {"models": [MODEL], "history": {"currentId": "2", "messages": {
        "1": {"id": "1", "parentId": None, "role": "user", "content": ASKED},
        "2": {"id": "2", "parentId": "1", "role": "assistant", "model": MODEL,
              "content": f'<details type="reasoning" done="true">\n<summary>Thought</summary>\n> {HM}\n</details>\n{SAID}'},
        "3": {"id": "3", "parentId": "1", "role": "assistant", "content": "Another branch of it."}}}}}])),
    "sillytavern": Sample(lines(
        {"user_name": "You", "character_name": "Guide", "chat_metadata": {}},
        {"name": "Guide", "is_user": False, "is_system": False, "mes": "Hello! I was written by a person."},
        {"name": "You", "is_user": True, "mes": ASKED},
        {"name": "Guide", "is_user": False, "mes": SAID, "swipes": ["x", SAID], "extra": {"model": MODEL, "reasoning": HM}},
    ), left_out={Kind.GREETING: 1, Kind.REASONING: 1}),
    "oobabooga": Sample(whole({"internal": [["<|BEGIN-VISIBLE-CHAT|>", "Hello there!"], [ASKED, SAID]],
                               "visible": [["", "Hello there!"], [ASKED, SAID]]}), model="", left_out={Kind.GREETING: 1}),
    "lm-studio": Sample(whole({"name": "n", "messages": [
        {"versions": [{"type": "singleStep", "role": "user", "content": [{"type": "text", "text": ASKED}]}], "currentlySelected": 0},
        {"versions": [{"type": "multiStep", "role": "assistant", "senderInfo": {"senderName": "x"}, "steps": [
            {"type": "contentBlock", "style": {"type": "thinking"}, "content": [{"type": "text", "text": HM}]},
            {"type": "contentBlock", "content": [TEXT], "genInfo": {"indexedModelIdentifier": MODEL}},
            {"type": "debugInfoBlock", "debugInfo": "x"}]}], "currentlySelected": 0},
    ]}), left_out={Kind.REASONING: 1}),
    "openrouter-room": Sample(whole({"version": "orpg.3.0", "title": "t", "characters": {"c1": {"id": "c1", "model": MODEL}},
        "messages": {"m1": {"id": "m1", "type": "user", "characterId": "USER", "createdAt": "1", "items": [{"id": "i1"}]},
                     "m2": {"id": "m2", "type": "char", "characterId": "c1", "createdAt": "2", "items": [{"id": "i2"}, {"id": "i3"}]}},
        "items": {"i1": {"data": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASKED}]}},
                  "i2": {"data": {"type": "reasoning", "content": [{"type": "reasoning_text", "text": HM}]}},
                  "i3": {"data": {"type": "message", "content": [{"type": "output_text", "text": SAID}]}}}}),
        left_out={Kind.REASONING: 1}),
    "ai-studio": Sample(whole({"runSettings": {"model": MODEL, "temperature": 1.0}, "systemInstruction": {},
        "chunkedPrompt": {"chunks": [{"text": ASKED, "role": "user"}, {"text": HM, "role": "model", "isThought": True},
                                     {"text": SAID, "role": "model"}]}}), left_out={Kind.REASONING: 1}),
    "copilot-chat": Sample(whole({"responderUsername": "GitHub Copilot", "requests": [{
        "message": {"text": ASKED}, "modelId": MODEL, "response": [
            {"kind": "thinking", "value": HM}, {"value": SAID},
            {"kind": "toolInvocationSerialized", "toolId": READ[0], "toolSpecificData": READ[1]}]}]}),
        calls=(READ,), left_out={Kind.REASONING: 1}),
    "sharegpt": Sample(whole([{"id": "s", "model": MODEL, "conversations": [
        {"from": "human", "value": "earlier"}, {"from": "gpt", "value": "an earlier answer"},
        {"from": "human", "value": ASKED}, {"from": "gpt", "value": SAID}]}])),
    "chats": Sample(lines(
        {"model": MODEL, "messages": [{"role": "human", "content": ASKED}, {"role": "ai", "content": [
            {"type": "reasoning", "text": HM}, TEXT], "tool_calls": [{"name": READ[0], "args": READ[1], "id": "c"}]}]},
        {"model": MODEL, "messages": [asked(), answer(None, reasoning_content=HM)]},
        {"model": MODEL, "messages": [asked()], "error": "x"},
    ), calls=(READ,), left_out={Kind.REASONING: 1, Kind.ONLY_REASONING: 1, Kind.EMPTY: 1}),
    "messages": Sample(lines(asked(), answer(tool_calls=[called()], model=MODEL), {"role": "tool", "content": SHOWN},
                             answer(MORE, model=MODEL)), (SAID, MORE), calls=(READ,), left_out={Kind.TOOL_RESULT: 1}),
    "rows": Sample(
        f'Prompt;Model Name;Model Response\n"{ASKED}";{MODEL};"{SAID}"\n{ASKED};{MODEL};\n'.encode(),
        left_out={Kind.EMPTY: 1},
    ),
    "llm": Sample(database(), left_out={Kind.EMPTY: 1}, name="logs.db"),
    "aider": Sample(
        f"\n# aider chat started at 2026-01-01 00:00:00\n\n> Main model: {MODEL} with diff edit format\n\n#### {ASKED}\n\n"
        f"--------------\n► **THINKING**\n\n{HM}\n\n► **ANSWER**\n\n{SAID}\n\n> Tokens: 3k sent, 150 received.\n".encode(),
        left_out={Kind.REASONING: 1},
    ),
    "transcript": Sample(
        f"<!-- Generated by SpecStory -->\n\n# Talk\n\n_**User (2026-01-01 00:00:00Z)**_\n\n{ASKED}\n\n---\n\n"
        f"_**Agent ({MODEL} 2026-01-01 00:00:10Z)**_\n\n<think><details><summary>Thought Process</summary>\n{HM}</details>"
        f"</think>\n\n{SAID}\n\n<tool-use data-tool-type=\"read\">\n<details>\n{SHOWN}\n</details>\n</tool-use>\n\n---\n".encode(),
        left_out={Kind.REASONING: 1, Kind.TOOL_RESULT: 1},
    ),
    "text": Sample((SAID + "\n").encode(), model="", prompt="", name="x.md"),
}  # fmt: skip
