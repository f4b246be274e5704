"""A hash of what cleaning, masking, the plain form and counting do to a fixed set of short texts.

A model keeps the signature of the features that it was trained with; a program with another signature counts other
features, and its verdicts would be wrong without a word. The hash is of behaviour: a comment changes nothing, one
n-gram order or one masked name less changes it.
"""

from __future__ import annotations

import hashlib
import json

import msgspec

from fingerprint.config import FeatureConfig
from fingerprint.data.cleaning import clean
from fingerprint.features.ngrams import count
from fingerprint.features.text_forms import TextForm

# Changes with the texts below.
_VERSION = 1
# Every script, every kind of token, and every mark that the plain form takes away.
_TEXTS = (
    'Hello, world! It is 42 o\'clock. Yes; no: maybe? "Well" (so) \u2026 and then\u2014on',
    "# Title\n\nSome **bold**, __strong__ and *soft* text.\n\n- one\n* two\n+ three\n\u2022 four\n1. five\n2) six\n",
    "Before.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n***\n  ### Deeper  \nAfter `code` it ends.",
    "~~~\nfenced text\n~~~\nA line after it.  \n\n\n\tAnother  one\u00a0here.\r\nLast",
    "```py\nx = 1\n```\nThis **has** code.",
    "Сегодня 7 мая. Привет, Мир! ЁЖ и «ёлка» — всё…",
    "私はカメラが好きです。とても！人々々 ラーメン 12345",
    "今天天气很好，我们去公园吧。㐀豈",
    "안녕하세요 여러분. 오늘은 3일입니다.",
    "مرحبا بالعالم، كيف حالك؟ ١٢٣",
    "नमस्ते दुनिया, आप कैसे हैं? १२३",
    "สวัสดีชาวโลก ΑΒΓ αβγ Ääkköset ÅLAND naïve café İstanbul",
    "emoji \U0001f642 \U0001d4b3 \ue000 and CamelCase UPPER lower-case_snake a/b c\\d e@f g#h",
    "a" * 70 + " " + "b" * 9 + " one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
    "",
)
# What the steps of cleaning undo, and a text that is longer than responses are read. The step that undoes a wrong
# encoding is not among them: it is of ftfy, which takes longer to import than all else here.
_DAMAGED = (
    '"A \\"JSON\\" string.\\nIt has two lines."',
    '[{"type": "text", "text": "One part."}, {"type": "text", "text": "Another."}]',
    "Windows\r\nline ends.\r\rAnd more.",
    "<think>Hm, let me see.</think>\n\nThe answer.",
    "[THINK]Hm.[/THINK]The answer.",
    "No opening tag.</think>The answer.",
    "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>The answer.<|return|>",
    "<|im_start|>assistant\nHello there.<|im_end|>",
    "One line.\\n\\nAnd another.\\n- A third.",
    "One line.<br>Two lines.<br/>Three lines.",
    "They said &quot;yes&quot; &amp; left &lt;early&gt;.",
    "so long " * 1_100,
)
# At least one text for each stem of the names that are masked, and for each alternative after it.
_NAMES = (
    "ChatGPT", "Chat GPT", "GPT-4", "GPT oss", "OpenAI", "Open AI", "Claude", "Anthropic", "Qwen", "QwQ", "Tongyi",
    "Tongyi Qianwen", "Alibaba", "Alibaba Cloud", "Alibaba Group", "通义", "通义千问", "通义实验室", "阿里",
    "阿里巴巴", "阿里云", "DeepSeek", "Deep Seek deepseek", "深度求索", "Gemini", "Gemma", "DeepMind",
    "Google DeepMind", "Google AI", "trained by Google", "developed by Google", "created by Google", "made by Google",
    "Meta AI", "Llama 3", "Code Llama", "codellama", "am Llama", "Mistral", "Mistral AI", "Mixtral", "Ministral",
    "Codestral", "Devstral", "Magistral", "Pixtral", "Grok", "xAI", "x.ai", "GLM", "ChatGLM", "Zhipu", "Zhipu AI",
    "智谱", "智谱清言", "智谱华章", "智谱 AI", "z.ai", "Kimi", "Moonshot", "Moonshot AI", "月之暗面", "MiniMax",
    "abab6", "Hailuo", "MiMo-7", "Xiaomi MiMo", "Xiaomi", "小米", "小米大模型", "01.AI", "零一万物", "Yi-34B",
    "Yi-large", "Yi-lightning", "Yi-chat", "Yi-coder", "Phi-3", "Amazon Nova", "nova-pro", "nova-lite", "nova-micro",
    "nova-premier", "Cohere", "Command R+", "Command R.", "Command-A-3", "Granite 3", "IBM Granite", "watsonx",
    "Nemotron", "Llama-Nemotron", "Falcon-40B", "OLMo", "Tulu 3", "tulu Tülu 3", "GigaChat", "ГигаЧат", "Сбер",
    "Сбербанка", "Сбера", "Сбером", "Сберу", "Yandex", "YandexGPT", "Яндекс", "Яндекса", "YaGPT", "ERNIE 4",
    "ERNIE Bot", "文心", "文心一言", "Baidu", "百度", "Doubao", "豆包", "ByteDance", "字节跳动", "Hunyuan",
    "Tencent Hunyuan", "混元", "腾讯混元", "Tencent", "InternLM", "书生", "书生浦语", "书生·浦语", "Jamba",
    "Reka Core", "Reka Flash", "Reka Edge", "Solar-10", "Upstage AI", "LongCat", "PLaMo", "ELYZA", "Swallow-7",
    "Swallow-MS", "Swallow-MX", "Vicuna-7", "Vicuna model", "Vicuna, yes", "Zephyr-7", "WizardLM",
    "WizardLM WizardCoder", "Baichuan", "百川", "百川智能", "百川大模型", "StableLM", "Shisa", "Saiga", "Vikhr",
    "OpenAssistant", "openassistant Open Assistant", "Dolphin 2", "Dolphin-mixtral", "Hermes 2", "Nous Hermes 2",
    "Nous Research", "am Bard", "Copilot", "Microsoft Copilot", "Perplexity AI", "Writer's Palmyra",
)  # fmt: skip
# Fields of the configuration that decide which of the counted features are used, and not what is counted.
_SELECTION = frozenset({"vocabulary", "least_count", "least_share", "least_residual"})
# What may follow a name and is masked with it, and what is no name.
_VERSIONS = (
    "4o", "3.5", "v2.1", "mini", "nano", "turbo", "pro", "flash", "lite", "ultra", "max", "plus", "instruct", "chat",
    "sonnet", "opus", "haiku", "coder", "k2", "preview", "instant", "large", "small", "medium", "base", "thinking",
    "vl", "next", "2.5-72B-Instruct", "-mini", "_pro", "is", "and",
)  # fmt: skip
_NO_NAMES = (
    "cohere with", "command the", "meta", "solar system", "phi", "falcon", "granite top", "a llama", "bard", "hermes",
    "nova", "yi", "gpt", "google",
)  # fmt: skip


def feature_signature(config: FeatureConfig) -> str:
    """Hash what the features of the fixed texts are.

    Fields of the configuration that only select among the counted features have no part in it.

    Args:
        config: The families' orders and the number of buckets.

    Returns:
        64 hexadecimal digits (SHA-256).
    """
    fields = msgspec.structs.asdict(config)
    counted = {"version": _VERSION} | {name: value for name, value in fields.items() if name not in _SELECTION}
    texts = [
        *_TEXTS,
        *_DAMAGED,
        *(f"I am {name}, made to help." for name in (*_NAMES, *_NO_NAMES)),
        *(f"I am Qwen {version} now." for version in _VERSIONS),
    ]
    digest = hashlib.sha256(json.dumps(counted, sort_keys=True).encode())
    for form in TextForm:
        counts = count([form.masked(clean(text).text) for text in texts], config)
        for array, kind in ((counts.starts, "<i8"), (counts.columns, "<i4"), (counts.counts, "<u2")):
            digest.update(array.astype(kind).tobytes())
    return digest.hexdigest()
