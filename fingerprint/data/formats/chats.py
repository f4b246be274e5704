"""Conversations: rows of messages, saved chats, and what accounts and chat programs export."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from fingerprint.data.formats.base import Format, Group, each
from fingerprint.data.formats.content import Content, call, every_turn, last_turn, role, text_of
from fingerprint.data.formats.values import Item, first, mapping, mappings, name, number, stamp, string
from fingerprint.data.message import Kind, LeftOut, Message, ToolCall

_LISTS = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat", "turns")
# ChatGPT marks citations with letters of the private use area.
_CITED = re.compile("\ue200[^\ue201]*\ue201|【\\d+†[^】]*】")
_GREETED = "<|BEGIN-VISIBLE-CHAT|>"


def _turns(item: Item) -> list[Item]:
    return next((found for key in _LISTS if (found := mappings(item.get(key)))), [])


def _is_chat(item: Item) -> bool:
    """A row with a list of messages; a response beside it, which answers them, is another form."""
    if item.get("response") is not None:
        return False
    if any(isinstance(item.get(key), list) and not item[key] for key in ("messages", "conversations")):
        return True
    turns = _turns(item)
    return bool(turns) and any(role(turn) in ("user", "assistant") for turn in turns[:4])


def _chat(item: Item, left_out: LeftOut) -> Iterator[Message]:
    def about(message: Item) -> dict[str, Any]:
        fields = {
            "model": name(first(item, "release", "source_model", "model", "model_name"))
            or name(mapping(first(message, "data", "kwargs")).get("model") or message.get("model")),
            "prompt_id": name(first(item, "prompt_id", "question_id", "custom_id")),
            "language": string(item.get("language")), "domain": string(item.get("domain")),
            "usage": mapping(item.get("usage")) or None, "temperature": number(item.get("temperature")),
            "time": stamp(first(item, "created_at", "created", "timestamp", "time")),
        }  # fmt: skip
        system = text_of(item.get("system"))
        return fields | ({"system": system} if system else {})

    return last_turn(_turns(item), about, left_out)


def _is_sharegpt(item: Item) -> bool:
    turns = item.get("conversations")
    return isinstance(turns, list) and all(isinstance(t, dict) and {"from", "value"} <= t.keys() for t in turns)


def _sharegpt(item: Item, left_out: LeftOut) -> Iterator[Message]:
    about = {"model": name(item.get("model")), "prompt_id": name(item.get("id"))}
    return last_turn(item["conversations"], lambda _: dict(about), left_out)


def _is_message(item: Item) -> bool:
    held = mapping(first(item, "data", "kwargs"))
    content = "content" in item or "parts" in item or "content" in held or "tool_calls" in item
    return content and role(item) in ("user", "assistant", "system", "tool")


def _conversation(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    return every_turn(list(items), "", left_out)


def _is_chatgpt(item: Item) -> bool:
    nodes = item.get("mapping")
    return isinstance(nodes, dict) and all(isinstance(n, dict) and "children" in n for n in nodes.values())


def _chatgpt(item: Item, left_out: LeftOut) -> Iterator[Message]:
    """The branch that was on the screen last."""
    nodes = item["mapping"]
    branch: list[Item] = []
    at, seen = item.get("current_node"), set()
    if not isinstance(at, str) or at not in nodes:
        at = next((key for key in reversed(nodes) if not nodes[key].get("children")), None)
    while isinstance(at, str) and at in nodes and at not in seen:
        seen.add(at)
        branch.append(mapping(nodes[at].get("message")))
        at = nodes[at].get("parent")
    prompt = ""
    for message in reversed(branch):
        who = string(mapping(message.get("author")).get("role"))
        content, about = mapping(message.get("content")), mapping(message.get("metadata"))
        kind = string(content.get("content_type"))
        if who == "user" and not about.get("is_visually_hidden_from_conversation"):
            prompt = text_of(content.get("parts")) or prompt
        elif who == "tool":
            left_out[Kind.TOOL_RESULT] += 1
        elif who == "assistant":
            model = name(first(about, "model_slug", "default_model_slug")) or name(item.get("default_model_slug"))
            if kind in ("thoughts", "reasoning_recap"):
                left_out[Kind.REASONING] += 1
            elif message.get("recipient") not in (None, "all"):
                said = first(content, "text") or text_of(content.get("parts"))
                calls = (ToolCall(name(message["recipient"]), said),)
                yield Message("", calls, prompt, model=model)
            elif text := _CITED.sub("", text_of(content.get("parts")) or string(content.get("text"))):
                yield Message(text, prompt=prompt, model=model, time=stamp(message.get("create_time")))


def _is_claude(item: Item) -> bool:
    return isinstance(item.get("chat_messages"), list)


def _claude(item: Item, left_out: LeftOut) -> Iterator[Message]:
    turns = []
    for message in mappings(item["chat_messages"]):
        # The text repeats the content, thinking included.
        blocks = message.get("content")
        turns.append({**message, "content": blocks if blocks else message.get("text"), "text": None})
    return every_turn(turns, name(item.get("model")), left_out)


def _is_open_webui(item: Item) -> bool:
    chat = mapping(item.get("chat"))
    return isinstance(mapping(chat.get("history")).get("messages"), dict) or isinstance(chat.get("messages"), list)


def _open_webui(item: Item, left_out: LeftOut) -> Iterator[Message]:
    chat = item["chat"]
    history = mapping(chat.get("history"))
    tree = mapping(history.get("messages"))
    branch: list[Item] = []
    at, seen = first(history, "currentId", "current_id"), set()
    while isinstance(at, str) and at in tree and at not in seen:
        seen.add(at)
        branch.append(mapping(tree[at]))
        at = branch[-1].get("parentId")
    models = chat.get("models")
    named = name(models[0]) if isinstance(models, list) and len(models) == 1 else ""
    turns = branch[::-1] or mappings(chat.get("messages"))
    sound = [turn for turn in turns if not turn.get("error")]
    left_out[Kind.ERROR] += len(turns) - len(sound)
    return every_turn(sound, named, left_out)


def _is_sillytavern(item: Item) -> bool:
    return {"name", "is_user", "mes"} <= item.keys()


def _sillytavern(items: Iterable[Item], left_out: LeftOut) -> Iterator[Message]:
    prompt = ""
    asked = False
    for item in items:
        if not _is_sillytavern(item) or item.get("is_system"):
            continue
        said, extra = string(item["mes"]), mapping(item.get("extra"))
        if item["is_user"]:
            prompt, asked = said, True
        elif not asked:
            left_out[Kind.GREETING] += 1
        else:
            left_out[Kind.REASONING] += bool(extra.get("reasoning"))
            yield Message(said, prompt=prompt, model=name(extra.get("model")), time=stamp(item.get("send_date")))


def _is_oobabooga(item: Item) -> bool:
    return any(
        isinstance(item.get(key), list) and all(isinstance(p, list) and len(p) == 2 for p in item[key])
        for key in ("internal", "visible", "data")
    )


def _oobabooga(item: Item, left_out: LeftOut) -> Iterator[Message]:
    raw = isinstance(item.get("internal"), list)
    for pair in first(item, "internal", "visible", "data") or ():
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        asked, said = string(pair[0]), string(pair[1])
        if asked == _GREETED:
            left_out[Kind.GREETING] += bool(said)
        elif said:
            yield Message(said if raw else html.unescape(said), prompt=asked)
        else:
            left_out[Kind.EMPTY] += 1


def _is_lm_studio(item: Item) -> bool:
    messages = mappings(item.get("messages"))
    return bool(messages) and all(isinstance(m.get("versions"), list) for m in messages)


def _lm_studio(item: Item, left_out: LeftOut) -> Iterator[Message]:
    prompt = ""
    for message in mappings(item["messages"]):
        versions = mappings(message["versions"])
        at = message.get("currentlySelected")
        version = versions[at] if isinstance(at, int) and 0 <= at < len(versions) else (versions or [{}])[-1]
        if role(version) == "user":
            prompt = text_of(version.get("content"))
            continue
        content = Content()
        model = name(mapping(version.get("senderInfo")).get("senderName"))
        for step in mappings(version.get("steps")) or [version]:
            if mapping(step.get("style")).get("type") == "thinking":
                content.reasoning += 1
            else:
                content.add(step.get("content"))
            made = mapping(step.get("genInfo"))
            model = name(first(made, "indexedModelIdentifier", "identifier")) or model
        if content.recalibrate(left_out):
            yield Message(content.text(), tuple(content.calls), prompt, model=model)


def _is_room(item: Item) -> bool:
    return string(item.get("version")).startswith("orpg") or (
        isinstance(item.get("characters"), dict) and isinstance(item.get("messages"), dict)
    )


def _room(item: Item, left_out: LeftOut) -> Iterator[Message]:
    """A chat room of OpenRouter's: characters are models; since version 3 the texts lie apart from the messages."""
    people, pieces = mapping(item.get("characters")), mapping(item.get("items"))
    prompt = ""
    messages = [mapping(m) for m in mapping(item.get("messages")).values()]
    for message in sorted(messages, key=lambda m: name(first(m, "createdAt", "timestamp"))):
        content = Content()
        content.add(message.get("content"))
        content.reasoning += bool(message.get("reasoning"))
        for piece in mappings(message.get("items")):
            content.add(mapping(mapping(pieces.get(name(piece.get("id")))).get("data")))
        if message.get("type") == "user" or message.get("characterId") == "USER":
            prompt = content.text() or prompt
            continue
        who = mapping(people.get(name(message.get("characterId"))))
        model = name(first(who, "model", "modelSlug")) or name(mapping(who.get("modelInfo")).get("slug"))
        if content.recalibrate(left_out):
            yield Message(content.text(), tuple(content.calls), prompt, model=model)


def _is_studio(item: Item) -> bool:
    return isinstance(mapping(item.get("chunkedPrompt")).get("chunks"), list)


def _studio(item: Item, left_out: LeftOut) -> Iterator[Message]:
    settings = mapping(item.get("runSettings"))
    model, prompt = name(settings.get("model")), ""
    system = text_of(mapping(item.get("systemInstruction")).get("parts")) or string(item.get("systemInstruction"))
    for chunk in mappings(item["chunkedPrompt"]["chunks"]):
        said = string(chunk.get("text")) or "".join(string(p.get("text")) for p in mappings(chunk.get("parts")))
        if chunk.get("isThought"):
            left_out[Kind.REASONING] += 1
        elif chunk.get("role") == "user":
            prompt = said or prompt
        elif said:
            temperature = number(settings.get("temperature"))
            yield Message(said, prompt=prompt, system=system, model=model, temperature=temperature)


def _is_copilot(item: Item) -> bool:
    requests = item.get("requests")
    return isinstance(requests, list) and any("response" in r and "message" in r for r in mappings(requests))


def _copilot(item: Item, left_out: LeftOut) -> Iterator[Message]:
    for request in mappings(item["requests"]):
        texts, calls = [], []
        for part in mappings(request.get("response")):
            kind = string(part.get("kind"))
            if kind == "thinking":
                left_out[Kind.REASONING] += 1
            elif kind == "toolInvocationSerialized":
                calls.append(call({"name": part.get("toolId"), "input": mapping(part.get("toolSpecificData"))}))
            elif kind in ("", "markdownContent"):
                value = first(part, "value", "content")
                texts.append(string(value) or string(mapping(value).get("value")))
        prompt = string(mapping(request.get("message")).get("text"))
        text = "".join(texts)
        if text or calls:
            yield Message(text, tuple(calls), prompt, model=name(request.get("modelId")))
        else:
            left_out[Kind.EMPTY] += 1


_TURNS = "every turn of the assistant, tool calls"
_SHOWN = "what the user wrote, reasoning, tool results"

FORMATS = (
    Format(
        "chatgpt", "a ChatGPT export", Group.CHAT, "ChatGPT, `conversations.json` of an account's export",
        "`mapping` of nodes with `children`", "every answer on the branch shown last, tool calls",
        "thoughts, tool results, other branches, citation marks", _is_chatgpt, each(_is_chatgpt, _chatgpt),
        unit="assistant message",
    ),
    Format(
        "claude-export", "a Claude export", Group.CHAT, "claude.ai, `conversations.json` of an account's export",
        "`chat_messages`", _TURNS, "what the user wrote, thinking, tool results", _is_claude,
        each(_is_claude, _claude), unit="assistant message",
    ),
    Format(
        "open-webui", "an Open WebUI export", Group.CHAT, "Open WebUI", "`chat.history.messages` or `chat.messages`",
        "every answer on the branch shown last, tool calls", _SHOWN, _is_open_webui,
        each(_is_open_webui, _open_webui), unit="assistant message",
    ),
    Format(
        "sillytavern", "a SillyTavern chat", Group.CHAT, "SillyTavern", "lines with `name`, `is_user`, `mes`",
        "every message of the character that is shown", "greetings of the card, other swipes, system lines, reasoning",
        _is_sillytavern, _sillytavern, unit="assistant message",
    ),
    Format(
        "oobabooga", "a text-generation-webui chat", Group.CHAT, "text-generation-webui (oobabooga)",
        "`internal` or `visible`, lists of pairs", "the second of each pair", "the greeting", _is_oobabooga,
        each(_is_oobabooga, _oobabooga), unit="assistant message",
    ),
    Format(
        "lm-studio", "an LM Studio conversation", Group.CHAT, "LM Studio", "`messages` with `versions`",
        "the version that is selected of every answer, tool calls", "other versions, thinking, tool results",
        _is_lm_studio, each(_is_lm_studio, _lm_studio), unit="assistant message",
    ),
    Format(
        "openrouter-room", "an OpenRouter chat room", Group.CHAT, "OpenRouter's chat (orpg 1 to 3)",
        "`version: orpg...`, or `characters` and `messages` by id", "every message of a character, tool calls",
        "what the user wrote, reasoning", _is_room, each(_is_room, _room), unit="assistant message",
    ),
    Format(
        "ai-studio", "a Google AI Studio prompt", Group.CHAT, "Google AI Studio, saved to Drive",
        "`chunkedPrompt.chunks`", "every chunk of the model", "thoughts, what the user wrote", _is_studio,
        each(_is_studio, _studio), unit="assistant message",
    ),
    Format(
        "copilot-chat", "a Copilot chat", Group.CHAT, "VS Code, `Chat: Export Chat`", "`requests` with `response`",
        "every answer, tool calls", "thinking, what the user wrote", _is_copilot, each(_is_copilot, _copilot),
        unit="assistant message",
    ),
    Format(
        "sharegpt", "ShareGPT conversations", Group.CHAT, "ShareGPT, FastChat, LLaMA-Factory",
        "`conversations` of `from` and `value`", "the last answer of each", "earlier turns, reasoning", _is_sharegpt,
        each(_is_sharegpt, _sharegpt),
    ),
    Format(
        "chats", "chats", Group.CHAT, "OpenAI fine-tuning files, LangChain, data sets",
        "`messages` or `conversation`, with roles such as assistant, ai, model",
        "the last answer of each row that has text, and the tool calls after the same question",
        "earlier turns, reasoning, tool results, rows that only call tools", _is_chat, each(_is_chat, _chat),
    ),
    Format(
        "messages", "a chat of one message a row", Group.CHAT, "saved histories, Cline and Roo (API history)",
        "items with `role` and `content`", _TURNS, _SHOWN, _is_message, _conversation, unit="assistant message",
    ),
)  # fmt: skip
