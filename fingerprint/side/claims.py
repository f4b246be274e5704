"""What a response says that its own writer is: the labs of the names that it gives itself.

A name alone is no claim ("unlike ChatGPT, ..."): it counts after words by which a model introduces itself or says who
made it, in the languages that the corpora and the probes have, and not where the sentence denies it.
"""

from __future__ import annotations

import re

from fingerprint.data.names import found_names

# By the stems of fingerprint.data.names; those that are nobody's own (a fine-tune's, a persona's) are None.
_LAB_OF: dict[str, str | None] = {
    **dict.fromkeys(("chatgpt", "chat gpt", "gpt", "openai", "open ai"), "openai"),
    **dict.fromkeys(("claude", "anthropic"), "anthropic"),
    **dict.fromkeys(("qwen", "qwq", "tongyi", "alibaba", "通义", "阿里"), "alibaba"),
    **dict.fromkeys(("deepseek", "深度求索"), "deepseek"),
    **dict.fromkeys(("gemini", "gemma", "deepmind", "google ai", "google", "bard"), "google"),
    **dict.fromkeys(("meta ai", "llama"), "meta"),
    **dict.fromkeys(
        ("mistral", "mixtral", "ministral", "codestral", "devstral", "magistral", "pixtral"), "mistral"
    ),
    **dict.fromkeys(("grok", "xai", "x.ai"), "xai"),
    **dict.fromkeys(("glm", "zhipu", "智谱", "z.ai"), "zhipu"),
    **dict.fromkeys(("kimi", "moonshot", "月之暗面"), "moonshot"),
    **dict.fromkeys(("minimax", "abab", "hailuo"), "minimax"),
    **dict.fromkeys(("mimo", "xiaomi", "小米"), "xiaomi"),
    **dict.fromkeys(("01.ai", "零一万物", "yi-"), "01-ai"),
    **dict.fromkeys(("phi", "copilot"), "microsoft"),
    **dict.fromkeys(("amazon nova", "nova-"), "amazon"),
    **dict.fromkeys(("cohere", "command"), "cohere"),
    **dict.fromkeys(("granite", "watsonx"), "ibm"),
    **dict.fromkeys(("olmo", "tulu"), "allenai"),
    **dict.fromkeys(("gigachat", "гигачат", "сбер"), "sber"),
    **dict.fromkeys(("yandex", "яндекс", "yagpt"), "yandex"),
    **dict.fromkeys(("ernie", "文心", "baidu", "百度"), "baidu"),
    **dict.fromkeys(("doubao", "豆包", "bytedance", "字节跳动"), "bytedance"),
    **dict.fromkeys(("hunyuan", "混元", "tencent"), "tencent"),
    **dict.fromkeys(("internlm", "书生"), "internlm"),
    **dict.fromkeys(("solar-", "upstage"), "upstage"),
    **dict.fromkeys(("baichuan", "百川"), "baichuan"),
    "nemotron": "nvidia", "falcon": "tii", "longcat": "meituan", "stablelm": "stability", "writer's palmyra": "writer",
    **dict.fromkeys(
        ("jamba", "reka", "plamo", "elyza", "swallow", "vicuna", "zephyr", "wizardlm", "shisa", "saiga", "vikhr",
         "openassistant", "dolphin", "hermes", "nous research", "perplexity"), None,
    ),
}  # fmt: skip
# Makers whose names are too common elsewhere to be masked; in such a sentence they mean one thing.
_MAKERS = {
    "google": "google", "meta": "meta", "facebook": "meta", "microsoft": "microsoft", "amazon": "amazon",
    "nvidia": "nvidia", "ibm": "ibm", "databricks": "databricks", "writer": "writer", "谷歌": "google",
    "微软": "microsoft", "腾讯": "tencent", "xai": "xai",
}  # fmt: skip
_MAKER = re.compile("|".join(rf"\b{name}\b" if name.isascii() else name for name in _MAKERS), re.I)

# What may stand between "I am" and the name.
_BETWEEN = (
    r"(?:a|an|the|my|your|by|from|of|at|and|called|named|known|as|based|on|powered|actually|just|simply|really|still|"
    r"(?:very )?large|small|big|language|multilingual|multimodal|conversational|generative|helpful|virtual|digital|"
    r"model|models|ai|llm|assistant|chatbot|bot|version|variant|instance|family|series|member|team|company|program|"
    r"created|developed|made|trained|built|designed|provided|released|owned|run|"
    r"ein|eine|der|die|das|von|vom|und|sprachmodell|ki|ki-assistent|modell|entwickelt|wurde|trainiertes|entwickeltes|"
    r"großes|namens|un|une|le|la|par|de|modèle|langage|assistant|créé|créée|développé|développée|entraîné|et|ia|"
    r"appelé|nommé|modelo|lenguaje|desarrollado|creado|entrenado|por|asistente|llamado|inteligencia|artificial|"
    r"intelligence|artificielle|langue|grand|gran|"
    r"это|большая|языковая|модель|разработанная|созданная|обученная|компанией|командой|от|ии|ассистент|помощник|"
    r"нейросеть|разработанный|созданный|виртуальный|искусственный|интеллект|на|основе|по|имени|из)"
)
_WORDS = rf"(?:[\s,:*_\"'«»“”„‘’`(\-–—]|{_BETWEEN}\b)*"
_OPENING = (
    r"(?:\bi\s?['’]m|\bi am|\bmy name is|\bi go by|\bi was|\bi\s?['’]ve been|\bi have been|\bas an?(?= )|"
    r"\bmy (?:developer|creator|maker)s?(?: is| are)|"
    r"\bich bin|\bich heiße|\bmein name ist|\bich wurde|"
    r"\bje suis|\bje m['’]appelle|\bj['’]ai été|\bsoy|\bme llamo|\bmi nombre es|\bfui|"
    r"(?:^|[.!?\n]\s*|\b)я(?=[ ,:—–-])|\bменя зовут|\bменя (?:создал[аи]?|разработал[аи]?))"
)
_BEFORE = re.compile(rf"{_OPENING}{_WORDS}$", re.I)
# No spaces to tell words by: a short stretch without an end of a clause, a question or a denial.
_BEFORE_CJK = re.compile(
    r"(?:我(?:是|叫|的名字是|由)|(?:私|わたし|僕)(?:は|の名前は)|저는|나는)[^。！？!?\n，,、不非没ない]{0,24}$"
)
_AS = re.compile(r"^\bas an?\b", re.I)
_MADE = re.compile(r"\b(?:by|from)\b", re.I)
_DENIED = re.compile(r"(?:ではな|じゃな|ではありま|아니)")
_REACH = 90
# Whoever introduces itself does so early, and hostile text may be long.
_FARTHEST = 20_000
# No claim is without one of these; looking for them costs next to nothing.
_SIGNS = (
    "i am", "i'm", "i’m", "i 'm", "my name", "i go by", "i was", "i've been", "i’ve been", "i have been", "as an ai",
    "as a ", "as an ", "my developer", "my creator", "my maker", "ich bin", "ich heiße", "mein name", "ich wurde",
    "je suis", "je m", "j'ai été", "j’ai été", "soy", "me llamo", "mi nombre", "fui", "я", "меня", "我", "私",
    "わたし", "僕", "저는", "나는",
)  # fmt: skip


def claimed_labs(text: str) -> frozenset[str]:
    """The labs, by their keys in the registry, of which a response says that it is a model; mostly none."""
    text = text[:_FARTHEST]
    folded = text.lower()
    if not any(sign in folded for sign in _SIGNS):
        return frozenset()
    out = set()
    spans = [(start, end, _LAB_OF.get(stem)) for start, end, stem in found_names(text)]
    spans += [(m.start(), m.end(), _MAKERS[m[0].lower()]) for m in _MAKER.finditer(text)]
    for start, end, lab in spans:
        if lab and _introduces(text[max(0, start - _REACH) : start]) and not _DENIED.search(text[end : end + 6]):
            out.add(lab)
    return frozenset(out)


def _introduces(before: str) -> bool:
    found = _BEFORE.search(before)
    if found is None:
        return _BEFORE_CJK.search(before) is not None
    # "As a Google engineer" is somebody else.
    return _AS.match(found[0]) is None or _MADE.search(found[0]) is not None
