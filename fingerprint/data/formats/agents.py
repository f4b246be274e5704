"""Sessions of coding agents. What the model wrote counts: messages and tool calls; what it was shown never does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from fingerprint.data.formats.base import Format, Group, each, is_error
from fingerprint.data.formats.content import Content, call, every_turn, of_message, role, text_of
from fingerprint.data.formats.values import Item, first, mapping, mappings, name, number, parsed, stamp, string, walk
from fingerprint.data.message import Kind, LeftOut, Message, ToolCall

_SYNTHETIC = "<synthetic>"
_TURNS = "every message of the assistant, tool calls"
_SHOWN = "what the user wrote, reasoning, tool results, notes of the program"


def _is_claude_code(item: Item) -> bool:
    return item.get("type") in ("assistant", "user") and isinstance(item.get("message"), dict)


def _claude_code(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    """One message of the API lies on several lines, a block each, with the same id."""
    prompt, model = "", ""
    held: tuple[object, Content, dict[str, Any]] | None = None
    for item in items:
        message, kind = mapping(item.get("message")), item.get("type")
        if kind == "system" and item.get("subtype") == "api_error":
            left_out[Kind.ERROR] += 1
        if kind not in ("assistant", "user") or not message:
            continue
        content = of_message(message)
        if kind == "user":
            content_text = content.text()
            left_out[Kind.TOOL_RESULT] += content.results
            if not content.results and not item.get("isMeta") and not item.get("isSidechain"):
                prompt = content_text
            continue
        named = name(message.get("model"))
        if named == _SYNTHETIC or item.get("isApiErrorMessage"):
            left_out[Kind.ERROR] += 1
            continue
        if item.get("isSidechain") and model and named and named != model:
            left_out[Kind.SUBAGENT] += 1
            continue
        model = model or named
        key = message.get("id") or item.get("uuid")
        if held is not None and held[0] == key and key is not None:
            _merge(held[1], content)
            continue
        if held is not None:
            yield from _held(held, left_out)
        about = {"prompt": prompt, "model": named, "usage": mapping(message.get("usage")) or None,
                 "time": stamp(item.get("timestamp"))}  # fmt: skip
        held = key, content, about
    if held is not None:
        yield from _held(held, left_out)


def _merge(into: Content, more: Content) -> None:
    # A stream that was written twice repeats its blocks.
    into.texts += [text for text in more.texts if text not in into.texts]
    known = {(c.name, str(c.arguments)) for c in into.calls}
    into.calls += [c for c in more.calls if (c.name, str(c.arguments)) not in known]
    into.reasoning += more.reasoning
    into.results += more.results


def _held(held: tuple[object, Content, dict[str, Any]], left_out: LeftOut) -> Iterator[Message]:
    _, content, about = held
    if content.recalibrate(left_out):
        yield Message(content.text("\n\n"), tuple(content.calls), **about)


_CODEX_LINES = frozenset({"session_meta", "response_item", "turn_context", "event_msg", "compacted"})
_CODEX_EVENTS = frozenset({"thread.started", "turn.started", "item.completed", "turn.completed", "item.started"})
_CODEX_ITEMS = frozenset(
    {"message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "local_shell_call"}
)


def _is_codex(item: Item) -> bool:
    kind = string(item.get("type"))
    if kind in _CODEX_LINES:
        return isinstance(item.get("payload"), dict)
    # The first rollouts had no envelope.
    bare = kind in _CODEX_ITEMS and ("call_id" in item or "summary" in item)
    return bare or (kind in _CODEX_EVENTS and ("item" in item or "thread_id" in item or kind == "turn.started"))


def _codex(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    model = effort = prompt = ""
    calls: list[ToolCall] = []
    for item in items:
        inner = mapping(first(item, "payload", "item")) or item
        kind, outer = string(inner.get("type")), string(item.get("type"))
        if outer in ("turn_context", "session_meta"):
            model = name(inner.get("model")) or model
            effort = name(inner.get("effort")) or effort
        elif outer == "event_msg" or outer == "item.started":
            left_out[Kind.ERROR] += kind in ("error", "stream_error")
        elif kind == "reasoning":
            left_out[Kind.REASONING] += 1
        elif kind.endswith("_output"):
            left_out[Kind.TOOL_RESULT] += 1
        elif kind in ("function_call", "custom_tool_call", "local_shell_call", "web_search_call", "mcp_tool_call"):
            calls.append(call(inner))
        elif kind == "command_execution":
            left_out[Kind.TOOL_RESULT] += 1
            calls.append(ToolCall("shell", {"command": string(inner.get("command"))}))
        elif kind == "agent_message" or (kind == "message" and inner.get("role") == "assistant"):
            text = text_of(first(inner, "content", "text"))
            if text.strip():
                yield Message(text, tuple(calls), prompt, model=model, effort=effort, time=stamp(item.get("timestamp")))
                calls = []
        elif kind == "message" and inner.get("role") == "user":
            if calls:
                yield Message("", tuple(calls), prompt, model=model, effort=effort)
                calls = []
            said = text_of(inner.get("content"))
            # What the program tells the model of its surroundings is no prompt.
            prompt = prompt if said.startswith(("<environment_context", "<user_instructions", "# AGENTS.md")) else said
        elif is_error(item):
            left_out[Kind.ERROR] += 1
    if calls:
        yield Message("", tuple(calls), prompt, model=model, effort=effort)


def _is_opencode(item: Item) -> bool:
    return isinstance(item.get("info"), dict) and any(
        isinstance(m.get("parts"), list) and isinstance(m.get("info"), dict) for m in mappings(item.get("messages"))
    )


def _opencode(item: Item, left_out: LeftOut) -> Iterator[Message]:
    prompt = ""
    for message in mappings(item["messages"]):
        info = mapping(message.get("info"))
        content = Content()
        for part in mappings(message.get("parts")):
            if part.get("type") == "tool":
                state = mapping(part.get("state"))
                content.calls.append(ToolCall(name(part.get("tool")), first(state, "input") or {}))
                content.results += state.get("output") is not None or state.get("error") is not None
            elif not part.get("synthetic") and part.get("type") in ("text", "reasoning"):
                content.add(part)
        if info.get("role") == "user":
            prompt = content.text() or prompt
            continue
        if info.get("error") and not content.texts and not content.calls:
            left_out[Kind.ERROR] += 1
        elif content.recalibrate(left_out):
            model = name(info.get("modelID")) or name(mapping(info.get("model")).get("modelID"))
            yield Message(content.text("\n\n"), tuple(content.calls), prompt, model=model,
                          time=stamp(mapping(info.get("time")).get("created")))  # fmt: skip


def _is_gemini_cli(item: Item) -> bool:
    if isinstance(item.get("messages"), list):
        kinds = {string(m.get("type")) for m in mappings(item["messages"])}
        return "sessionId" in item and (bool(kinds & {"gemini", "user", "info"}) or not kinds)
    return item.get("type") == "gemini" and "content" in item


def _gemini_cli(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    prompt = ""
    for item in items:
        for message in mappings(item["messages"]) if isinstance(item.get("messages"), list) else [item]:
            kind = message.get("type")
            if kind == "user":
                prompt = text_of(message.get("content")) or prompt
            elif kind == "error":
                left_out[Kind.ERROR] += 1
            elif kind == "gemini":
                thoughts, tools = message.get("thoughts"), mappings(message.get("toolCalls"))
                left_out[Kind.REASONING] += len(thoughts) if isinstance(thoughts, list) else 0
                left_out[Kind.TOOL_RESULT] += sum(tool.get("result") is not None for tool in tools)
                text, calls = text_of(message.get("content")), tuple(map(call, tools))
                if text.strip() or calls:
                    yield Message(text, calls, prompt, model=name(message.get("model")),
                                  time=stamp(message.get("timestamp")))  # fmt: skip
                else:
                    left_out[Kind.EMPTY] += 1


# Cline and Roo wrote tool calls as XML in the text before they used the API's own.
_XML_CALL = re.compile(
    r"<(?P<tool>read_file|write_to_file|replace_in_file|apply_diff|execute_command|search_files|list_files"
    r"|list_code_definition_names|codebase_search|insert_content|search_and_replace|browser_action|use_mcp_tool"
    r"|access_mcp_resource|ask_followup_question|attempt_completion|plan_mode_respond|switch_mode|new_task"
    r"|update_todo_list|fetch_instructions|load_mcp_documentation)>(?P<body>.*?)</(?P=tool)>",
    re.S,
)
_XML_ARGUMENT = re.compile(r"<(?P<key>[a-z_]+)>(?P<value>.*?)</(?P=key)>", re.S)
# Their text is said to the user.
_SPOKEN = {"attempt_completion": "result", "plan_mode_respond": "response", "ask_followup_question": "question"}


def split_xml_calls(text: str) -> tuple[str, tuple[ToolCall, ...]]:
    """Return a text without the tool calls that are written into it as XML, and these calls.

    What is said to the user by way of a tool stays text.
    """
    calls: list[ToolCall] = []

    def take(found: re.Match[str]) -> str:
        arguments = {m["key"]: m["value"].strip("\n") for m in _XML_ARGUMENT.finditer(found["body"])}
        spoken = _SPOKEN.get(found["tool"])
        if spoken is not None:
            return arguments.get(spoken, "")
        calls.append(ToolCall(found["tool"], arguments))
        return ""

    return (_XML_CALL.sub(take, text).strip("\n"), tuple(calls)) if "</" in text else (text, ())


def _is_cline(item: Item) -> bool:
    """A message of the API history: blocks as Anthropic has them, with a time or with tool calls in the text."""
    if "role" not in item or not isinstance(item.get("content"), list):
        return False
    texts = [string(p.get("text")) for p in mappings(item["content"])]
    marked = ("<task>", "<environment_details>", "<user_message>")
    return any(mark in text for text in texts for mark in marked) or any(_XML_CALL.search(t) for t in texts)


def _cline(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    for message in every_turn(list(items), "", left_out):
        text, calls = split_xml_calls(message.text)
        yield Message(text, message.calls + calls, message.prompt, system=message.system, model=message.model,
                      usage=message.usage, time=message.time)  # fmt: skip


def _is_cline_ui(item: Item) -> bool:
    return "ts" in item and item.get("type") in ("say", "ask") and ("say" in item or "ask" in item)


def _cline_ui(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    prompt, model, begun = "", "", False
    for item in items:
        kind, said = first(item, "say", "ask"), string(item.get("text"))
        model = name(mapping(item.get("modelInfo")).get("modelId")) or model
        if item.get("partial") or not said:
            continue
        if kind in ("task", "user_feedback") or (kind == "text" and not begun):
            prompt, begun = said, True
        elif kind in ("text", "completion_result", "plan_mode_respond", "followup"):
            found = parsed(said) if said[:1] == "{" else None
            text = string(first(mapping(found), "response", "question")) or said
            yield Message(text, prompt=prompt, model=model)
        elif kind in ("tool", "use_mcp_server"):
            arguments = mapping(parsed(said))
            called = name(first(arguments, "tool", "toolName", "type"))
            rest = {k: v for k, v in arguments.items() if k not in ("tool", "toolName", "type", "content")}
            # What a tool that reads gives back lies beside its arguments.
            if "diff" in arguments or called in ("newFileCreated", "editedExistingFile"):
                rest["content"] = first(arguments, "content", "diff")
            yield Message("", (ToolCall(called, rest),), prompt, model=model)
        elif kind == "command":
            yield Message("", (ToolCall("execute_command", {"command": said}),), prompt, model=model)
        elif kind == "reasoning":
            left_out[Kind.REASONING] += 1
        elif kind in ("command_output", "mcp_server_response"):
            left_out[Kind.TOOL_RESULT] += 1
        elif kind in ("error", "api_req_failed", "diff_error"):
            left_out[Kind.ERROR] += 1


def _is_swe_agent(item: Item) -> bool:
    return isinstance(item.get("trajectory"), list) and ("history" in item or "info" in item)


def _swe_agent(item: Item, left_out: LeftOut) -> Iterator[Message]:
    config = parsed(string(item.get("replay_config"))) if isinstance(item.get("replay_config"), str) else None
    model = next((n for found in walk(config or {}, "model") if (n := name(mapping(found).get("name")))), "")
    history = mappings(item.get("history"))
    # Demonstrations are written by people, or by other models.
    own = [m for m in history if not m.get("is_demo")]
    if any(role(m) == "assistant" for m in own):
        yield from every_turn(own, model, left_out)
        return
    for step in mappings(item["trajectory"]):
        said = text_of(first(step, "response", "thought"))
        left_out[Kind.TOOL_RESULT] += bool(step.get("observation"))
        if said.strip():
            yield Message(said, model=model)
        else:
            left_out[Kind.EMPTY] += 1


def _is_mini(item: Item) -> bool:
    return string(item.get("trajectory_format")).startswith("mini-swe-agent") or (
        isinstance(item.get("messages"), list) and "mini_version" in mapping(item.get("info"))
    )


def _mini(item: Item, left_out: LeftOut) -> Iterator[Message]:
    info = mapping(item.get("info"))
    config = mapping(mapping(info.get("config")).get("model"))
    model = name(first(config, "model_name")) or name(info.get("model_name"))
    temperature = number(mapping(config.get("model_kwargs")).get("temperature"))
    turns: list[Item] = []
    for message in mappings(item.get("messages")):
        # With the Responses API the output of the model is the message.
        if message.get("object") == "response":
            turns.append({"role": "assistant", "content": message.get("output")})
        elif message.get("type") == "function_call_output":
            left_out[Kind.TOOL_RESULT] += 1
        else:
            turns.append(message)
    for found in every_turn(turns, model, left_out):
        yield Message(found.text, found.calls, found.prompt, system=found.system, model=model or found.model,
                      usage=found.usage, temperature=temperature)  # fmt: skip


def _is_tau(item: Item) -> bool:
    return isinstance(item.get("traj"), list) or _is_tau2(item)


def _is_tau2(item: Item) -> bool:
    return isinstance(item.get("simulations"), list) and "agent_info" in mapping(item.get("info"))


def _tau(item: Item, left_out: LeftOut) -> Iterator[Message]:
    """The agent's turns; the user is a model too, whose turns count as what the agent was shown."""
    if not _is_tau2(item):
        yield from every_turn(item["traj"], name(item.get("model")), left_out)
        return
    model = name(mapping(mapping(item["info"]).get("agent_info")).get("llm"))
    for run in mappings(item["simulations"]):
        yield from every_turn(run.get("messages"), model, left_out)


FORMATS = (
    Format(
        "claude-code", "a Claude Code session", Group.AGENT,
        "Claude Code, `~/.claude/projects/*/*.jsonl` and `--output-format stream-json`",
        "lines of type `assistant` and `user` with a `message`", _TURNS,
        _SHOWN + ", sub-agents on another model, error messages in the model's place", _is_claude_code,
        _claude_code, unit="assistant message",
    ),
    Format(
        "codex", "a Codex session", Group.AGENT, "Codex, `~/.codex/sessions/**/rollout-*.jsonl` and `exec --json`",
        "lines of type `session_meta`, `response_item`, `item.completed`", _TURNS,
        _SHOWN + ", events that repeat the items", _is_codex, _codex, unit="assistant message",
    ),
    Format(
        "opencode", "an opencode session", Group.AGENT, "opencode, `opencode export`",
        "`info` and `messages` with `info` and `parts`", _TURNS, _SHOWN, _is_opencode,
        each(_is_opencode, _opencode), unit="assistant message",
    ),
    Format(
        "gemini-cli", "a Gemini CLI session", Group.AGENT, "Gemini CLI and Qwen Code, `chats/session-*.json`",
        "`sessionId` and `messages` of type `gemini`", _TURNS, _SHOWN, _is_gemini_cli, _gemini_cli,
        unit="assistant message",
    ),
    Format(
        "cline-ui", "a Cline task", Group.AGENT, "Cline and Roo Code, `ui_messages.json`",
        "`ts`, `type` (say, ask) and `say` or `ask`", "what the model said, tool calls", _SHOWN, _is_cline_ui,
        _cline_ui, unit="assistant message",
    ),
    Format(
        "cline", "a Cline task", Group.AGENT, "Cline and Roo Code, `api_conversation_history.json`",
        "`role` and `content`, with `<task>`, `<environment_details>` or tool calls as XML",
        "every message of the assistant, tool calls (as XML or as blocks)", _SHOWN, _is_cline, _cline,
        unit="assistant message",
    ),
    Format(
        "mini-swe-agent", "mini-SWE-agent trajectories", Group.AGENT, "mini-SWE-agent, `*.traj.json`",
        "`trajectory_format: mini-swe-agent...`", _TURNS, "the task, reasoning, outputs of commands", _is_mini,
        each(_is_mini, _mini), unit="assistant message",
    ),
    Format(
        "swe-agent", "SWE-agent trajectories", Group.AGENT, "SWE-agent, `*.traj`", "`trajectory` with `history`",
        _TURNS, "the task, demonstrations, observations", _is_swe_agent, each(_is_swe_agent, _swe_agent),
        unit="assistant message",
    ),
    Format(
        "tau-bench", "τ-bench results", Group.AGENT, "τ-bench and τ²-bench",
        "`traj`, or `simulations` with `info.agent_info`", "every message of the agent, tool calls",
        "the simulated user, tool results", _is_tau, each(_is_tau, _tau), unit="assistant message",
    ),
)  # fmt: skip
