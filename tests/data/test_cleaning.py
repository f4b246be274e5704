from __future__ import annotations

import html
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.data import cleaning
from fingerprint.data.cleaning import LONGEST_RESPONSE, SAID, STEPS, clean, looks_like_html
from fingerprint.data.reasoning import without_reasoning

SOUND = "Here is a **look**.\n\n- It's cheap & easy.\n- Ask someone “who knows” — really.\n\n```py\nprint('a\\n')\n```"
LINE = "One line, and no more than this one."

MENDED = {
    "think": (f"<think>\nhm\n</think>\n\n{SOUND}", "reasoning"),
    "think without its beginning": (f"hm\nhm</think>\n\n{SOUND}", "reasoning"),
    "think with a name": (f'<thinking type="x">hm</thinking>{SOUND}', "reasoning"),
    "magistral": (f"[THINK]hm[/THINK]{SOUND}", "reasoning"),
    "kimi": (f"◁think▷hm◁/think▷{SOUND}", "reasoning"),
    "thought and solution": (
        f"<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>{SOUND}<|end_of_solution|>", "reasoning"),
    "command a": (f"<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>{SOUND}<|END_RESPONSE|>", "reasoning"),
    "harmony": (
        f"<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.x<|message|>"
        f"{{}}<|call|><|start|>assistant<|channel|>final<|message|>{SOUND}<|return|>", "reasoning"),
    "harmony without tokens": (f"analysisWe should answer.assistantfinal{SOUND}", "reasoning"),
    "details": (f'<details type="reasoning" done="true">\n<summary>x</summary>\nhm\n</details>\n{SOUND}', "reasoning"),
    "details of a thought": (f"<details><summary>Thought Process</summary>\nhm</details>\n\n{SOUND}", "reasoning"),
    "end token": (SOUND + "<|im_end|>", "template"),
    "llama": (f"<|start_header_id|>assistant<|end_header_id|>\n\n{SOUND}<|eot_id|>", "template"),
    "deepseek": (SOUND + "<｜end▁of▁sentence｜>", "template"),
    "several ends": (SOUND + "</s></s>\n", "template"),
    "went on with the next turn": (f"{SOUND}<|im_end|>\n<|im_start|>user\nAnd what else?", "template"),
    "vicuna": (f"ASSISTANT: {SOUND}</s>", "template"),
    "gemma": (f"<start_of_turn>model\n{SOUND}<end_of_turn>", "template"),
    "windows": (SOUND.replace("\n", "\r\n"), "line ends"),
    "windows twice": (SOUND.replace("\n", "\r\r\n"), "line ends"),
    "json": (json.dumps(SOUND), "json string"),
    "json as letters": (json.dumps(SOUND, ensure_ascii=False), "json string"),
    "parts": (json.dumps([{"type": "text", "text": SOUND}]), "json parts"),
    "breaks": (SOUND.partition("```")[0].strip().replace("\n", "<br>"), "breaks"),
    "misread": (SOUND.encode().decode("cp1252", "replace"), "mojibake"),
    "entities": (html.escape(SOUND), "entities"),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_damage_is_undone_and_said(name: str) -> None:
    text, step = MENDED[name]
    found = clean(text)
    assert found.text == (SOUND.partition("```")[0].strip() if name == "breaks" else SOUND)
    assert step in found.mended
    assert set(found.mended) <= SAID.keys()


@pytest.mark.parametrize(
    "text", [SOUND, LINE, "# A\n\n- b\n- c", "多くの人は、\n\n最初の一歩を。", "Это просто.\n\nОчень."]
)
def test_escaped_line_ends(text: str) -> None:
    damaged = text.replace("\n", "\\n")
    found = clean(damaged).text
    assert found in (text, damaged.replace("\\n", "\n"))
    assert json.loads(f'"{found}"' if "\n" not in found and '"' not in found else '""') is not None
    assert ("\n" in found) == ("\n\n" in text)


LEFT_ALONE = {
    "plain": SOUND,
    "one line": LINE,
    "quoted": '"To be, or not to be."',
    "an object, as it was asked for": '{"answer": "a\\n\\nb\\n\\nc", "sure": true}',
    "a list, as it was asked for": '["a", "b"]',
    "about tags": "Write <think>x</think> around what you think.",
    "about a closing tag": "End it with `</think>`, and go on.",
    "about tokens": "A turn ends with `<|im_end|>`; then the next begins.",
    "a token in the middle": "The token </s> is the end of a sequence in this vocabulary.",
    "formula": r"In one line: \nabla \cdot E = \rho / \epsilon_0, \nu \neq 0, \neg p.",
    "about escapes": r"Use \n for a new line.",
    "breaks in a table": "| a | b |\n|---|---|\n| x<br>y | z<br>w |",
    "entities explained": "Write `&lt;` for < and `&amp;` for &.",
    "a unit": "The value is 5 Å² and no more.",
    "French": "Ça va très bien, « merci » ; à bientôt où que ce soit.",
    "code of a page": "```html\n<p>a</p><p>b</p><p>c</p>\n```",
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_sound_texts_stay_as_they_are(name: str) -> None:
    assert clean(LEFT_ALONE[name]) == cleaning.Cleaned(LEFT_ALONE[name])


def test_reasoning_alone_leaves_nothing() -> None:
    for text in ("<think>hm, and no end", "<|channel|>analysis<|message|>hm", "◁think▷hm"):
        assert clean(text).text == ""


def test_a_long_text_is_cut_after_its_reasoning() -> None:
    found = clean(f"<think>{'hm ' * 20_000}</think>{'word ' * 20_000}")
    assert len(found.text) == LONGEST_RESPONSE
    assert found.text.startswith("word word")
    assert found.mended == ("reasoning", "cut")


def test_html_is_said() -> None:
    assert looks_like_html("<p>One.</p>\n<p>Two.</p>\n<p>Three.</p>")
    assert not looks_like_html(SOUND)
    assert not looks_like_html(LEFT_ALONE["code of a page"])


_PIECES = st.sampled_from(
    ["<think>", "</think>", "<|channel|>", "analysis", "final", "<|message|>", "<|end|>", "</s>", "<|im_end|>",
     "<|im_start|>assistant", '<details type="reasoning">', "</details>", "\\n", "\\n\\n", "\n", "\r\n", "\r", "<br>",
     "&amp;", "&lt;", "&#39;", "&quot;", '"', "\\", "â€™", "Ã©", "a word ", "{", "[", '{"type":"text","text":"a"}',
     "assistantfinal", "Assistant:", "ï»¿", "\ud800", "\x00", "`"]
)  # fmt: skip
_TEXTS = st.lists(_PIECES | st.text(max_size=12), max_size=24).map("".join)


@settings(max_examples=600, deadline=None)
@given(_TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    found = clean(text)
    assert clean(found.text).text == found.text
    assert (found.text == text) == (not found.mended)


@settings(max_examples=200, deadline=None)
@given(_TEXTS, st.sampled_from(STEPS))
def test_every_step_makes_a_text_shorter(text: str, step: cleaning.Step) -> None:
    found = step.mend(text)
    assert found == text or len(found) < len(text) or sorted(found) == sorted(text.replace("\r", "\n"))


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=3).map(lambda t: t + "\n\nThe end."))
def test_what_json_dumps_did_is_undone(text: str) -> None:
    assert clean(json.dumps(text)).text == clean(text).text


HOSTILE = (
    "<think>" * 200_000, "</think" * 200_000, "a" * 2_000_000 + "<", '<details type="reasoning">' * 50_000,
    "\\n" * 500_000, "&amp;" * 300_000, "<br>" * 300_000, "â€" * 300_000, "<|channel|>" * 100_000,
    "analysis" + "x" * 2_000_000, "\r" * 1_000_000, '"' + "\\\\" * 500_000 + '"', "<|im_end|>" * 100_000,
    "<details>" * 100_000, "[" * 500_000 + '"type""text"]', " " * 1_000_000 + "x", "\n" * 1_000_000 + "</s>x",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_texts_cost_little(text: str) -> None:
    began = time.process_time()
    clean(text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Because.", "Because."),
        ("  <think></think> Because. ", "Because. "),
        ("<thinking>a</thinking><think>b</think>Because.", "Because."),
        ("hm</thinking>\n<think>b</think>Because.", "Because."),
        ("<think>a</think>\n\n<think>b, and no end", ""),
        ("Because.\n\n<think>x</think>", "Because.\n\n<think>x</think>"),
        (" leading space stays", " leading space stays"),
        (
            "analysis of the data shows that assistantfinal is no word",
            "analysis of the data shows that assistantfinal is no word",
        ),
    ],
)
def test_reasoning_at_the_beginning(text: str, left: str) -> None:
    assert without_reasoning(text) == left
