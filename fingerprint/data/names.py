"""Masks the names that a model gives of itself or its maker, before anything else sees the text.

A response that says who wrote it would teach the classifier names, not style, and a stealth model is told to lie
about them. Each name is found by a plain stem first: a text that holds none costs no regular expression.
"""

from __future__ import annotations

import re

MASK = "\ue000"
# A name's version: "-4o", " 3.5 Sonnet", "2.5-72B-Instruct".
_VERSION = (
    r"(?:[ \-_]?(?:v?\d[\w.]*|mini|nano|turbo|pro|flash|lite|ultra|max|plus|instruct|chat|sonnet|opus|haiku|coder"
    r"|k\d|preview|instant|large|small|medium|base|thinking|vl|next)\b)*"
)
_ANYWHERE = {
    "chatgpt": r"chat ?gpt", "chat gpt": r"chat ?gpt", "gpt": r"\bgpt(?=[ \-_]?\d|[ \-_]oss)", "openai": r"open ?ai",
    "open ai": r"open ai\b", "claude": r"\bclaude\b", "anthropic": r"\banthropic\b", "qwen": r"\bqwen", "qwq": r"\bqwq\b",
    "tongyi": r"\btongyi(?: qianwen)?", "alibaba": r"\balibaba(?: cloud| group)?", "通义": "通义(?:千问|实验室)?", "阿里": "阿里(?:巴巴|云)?",
    "deepseek": r"\bdeep ?seek", "深度求索": "深度求索", "gemini": r"\bgemini\b", "gemma": r"\bgemma", "deepmind": r"(?:google )?deepmind",
    "google ai": r"\bgoogle ai\b", "google": r"(?<=trained by )google|(?<=developed by )google|(?<=created by )google|(?<=made by )google",
    "meta ai": r"\bmeta ai\b", "llama": r"\bllama(?=[ \-_]?\d)|\bcode ?llama\b|(?<=am )llama\b",
    "mistral": r"\bmistral(?: ai)?\b", "mixtral": r"\bmixtral", "ministral": r"\bministral", "codestral": r"\bcodestral",
    "devstral": r"\bdevstral", "magistral": r"\bmagistral", "pixtral": r"\bpixtral", "grok": r"\bgrok\b", "xai": r"\bxai\b",
    "x.ai": r"\bx\.ai\b", "glm": r"\b(?:chat)?glm\b", "zhipu": r"\bzhipu(?: ?ai)?", "智谱": "智谱(?:清言|华章)?(?: ?ai)?", "z.ai": r"\bz\.ai\b",
    "kimi": r"\bkimi\b", "moonshot": r"\bmoonshot(?: ai)?\b", "月之暗面": "月之暗面", "minimax": r"\bminimax", "abab": r"\babab\d",
    "hailuo": r"\bhailuo", "mimo": r"\bmimo(?=[ \-_]?v?\d)|\bxiaomi mimo\b", "xiaomi": r"\bxiaomi\b", "小米": "小米(?:大模型)?",
    "01.ai": r"\b01\.ai\b", "零一万物": "零一万物", "yi-": r"\byi(?=-(?:\d|large|lightning|chat|coder))", "phi": r"\bphi(?=-?\d)",
    "amazon nova": r"\bamazon nova\b", "nova-": r"\bnova(?=-(?:pro|lite|micro|premier))", "cohere": r"\bcohere\b(?! with| to)",
    "command": r"\bcommand[ \-](?:r\+|r\b(?! [a-z])|a(?=-\d))", "granite": r"\bgranite(?=[ \-]?\d)|\bibm granite\b",
    "watsonx": r"\bwatsonx", "nemotron": r"\b(?:llama-)?nemotron", "falcon": r"\bfalcon(?=[ \-]?\d+b)", "olmo": r"\bolmo",
    "tulu": r"\bt[uü]lu(?=[ \-]?\d)", "gigachat": r"\bgigachat", "гигачат": "гигачат", "сбер": r"\bсбер(?:банк\w*|а|ом|у)?\b",
    "yandex": r"\byandex(?:gpt)?", "яндекс": r"\bяндекс\w*", "yagpt": r"\byagpt", "ernie": r"\bernie(?: ?bot|(?=[ \-]?\d))", "文心": "文心(?:一言)?",
    "baidu": r"\bbaidu\b", "百度": "百度", "doubao": r"\bdoubao", "豆包": "豆包", "bytedance": r"\bbytedance\b", "字节跳动": "字节跳动",
    "hunyuan": r"\b(?:tencent )?hunyuan", "混元": "(?:腾讯)?混元", "tencent": r"\btencent\b", "internlm": r"\binternlm", "书生": "书生(?:·?浦语)",
    "jamba": r"\bjamba", "reka": r"\breka (?:core|flash|edge)\b", "solar-": r"\bsolar(?=-\d)", "upstage": r"\bupstage ai\b",
    "longcat": r"\blongcat", "plamo": r"\bplamo", "elyza": r"\belyza", "swallow": r"\bswallow(?=-\d|-ms|-mx)", "vicuna": r"\bvicuna(?=-| model|,)",
    "zephyr": r"\bzephyr(?=-\d)", "wizardlm": r"\bwizard(?:lm|coder)", "baichuan": r"\bbaichuan", "百川": "百川(?:智能|大模型)",
    "stablelm": r"\bstablelm", "shisa": r"\bshisa\b", "saiga": r"\bsaiga\b", "vikhr": r"\bvikhr", "openassistant": r"\bopen ?assistant\b",
    "dolphin": r"\bdolphin(?=[ \-]?\d|-mi)", "hermes": r"\b(?:nous[ \-])?hermes(?=[ \-]\d)", "nous research": r"\bnous research\b",
    "bard": r"(?<=am )bard\b", "copilot": r"\b(?:microsoft )?copilot\b", "perplexity": r"\bperplexity ai\b", "writer's palmyra": r"palmyra",
}  # fmt: skip
_COMPILED = {stem: re.compile(rf"(?i:(?:{pattern})){_VERSION}", re.I) for stem, pattern in _ANYWHERE.items()}


def mask_names(text: str) -> str:
    """`text` with every self-given name replaced by MASK."""
    folded = text.lower()
    for stem, pattern in _COMPILED.items():
        if stem in folded:
            text = pattern.sub(MASK, text)
    return text


def given_names(text: str) -> list[str]:
    """Every name that `mask_names` would hide, in lower case."""
    folded = text.lower()
    return [match.lower() for stem, pattern in _COMPILED.items() if stem in folded for match in pattern.findall(text)]


def found_names(text: str) -> list[tuple[int, int, str]]:
    """(start, end, stem) of each name that `mask_names` would hide, in an order that means nothing."""
    folded = text.lower()
    return [
        (match.start(), match.end(), stem)
        for stem, pattern in _COMPILED.items()
        if stem in folded
        for match in pattern.finditer(text)
    ]
