"""Self-identification: statements in responses that say which lab or model wrote them, and what these are worth.

A name alone is no statement ("unlike ChatGPT, ..."). It counts after words by which a model introduces itself or says
who made it, in the languages of the corpora and probes, and not in a sentence that denies it. Models of every lab also
name other labs, so a statement is weighted by how often known releases of each lab do that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fingerprint.data.names import found_names

# The lab of each stem in fingerprint.data.names; None for fine-tunes and personas, which are no lab's own.
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
# Labs whose names are too common elsewhere to be masked; in a statement they mean one thing.
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
# There are no spaces between words: a short stretch without the end of a clause, a question or a denial.
_BEFORE_CJK = re.compile(
    r"(?:我(?:是|叫|的名字是|由)|(?:私|わたし|僕)(?:は|の名前は)|저는|나는)[^。！？!?\n，,、不非没ない]{0,24}$"
)
_AS = re.compile(r"^\bas an?\b", re.I)
_MADE = re.compile(r"\b(?:by|from)\b", re.I)
_DENIED = re.compile(r"(?:ではな|じゃな|ではありま|아니)")
# Characters before a name in which the statement has to begin: a sentence of fifteen words.
_REACH = 90
# Characters that are read: a model introduces itself early, and hostile text may be long.
_LONGEST = 20_000
# Every statement has one of these; looking for them first takes next to no time.
_OPENERS = (
    "i am", "i'm", "i’m", "i 'm", "my name", "i go by", "i was", "i've been", "i’ve been", "i have been", "as an ai",
    "as a ", "as an ", "my developer", "my creator", "my maker", "ich bin", "ich heiße", "mein name", "ich wurde",
    "je suis", "je m", "j'ai été", "j’ai été", "soy", "me llamo", "mi nombre", "fui", "я", "меня", "我", "私",
    "わたし", "僕", "저는", "나는",
)  # fmt: skip


def self_identified_labs(text: str) -> frozenset[str]:
    """Return the labs, by their keys in the registry, that a response names as its writer's own; mostly none."""
    text = text[:_LONGEST]
    folded = text.lower()
    if not any(opener in folded for opener in _OPENERS):
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


# Releases' worth of the mean over all labs that stands behind what is measured of one lab.
_PRIOR_RELEASES = 2.0


def count_statements(texts: Iterable[str]) -> Counter[str]:
    """Return in how many responses each lab is named as the writer's own."""
    return Counter(lab for text in texts for lab in sorted(self_identified_labs(text)))


@dataclass(frozen=True)
class StatementRates:
    """What known releases say about themselves.

    Attributes:
        releases: By lab, how many of its releases identify themselves.
        says: By lab, the sum over these releases of the share of such responses that name each lab.
        others: The same sum over releases of labs that the model does not know (other people's fine-tunes).
    """

    releases: Mapping[str, int]
    says: Mapping[str, Mapping[str, float]]
    others: Mapping[str, float]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str | None, str]]) -> StatementRates:
        """Measure the rates; rows: (release, its lab or None for one that the model does not know, a response)."""
        by_release: dict[tuple[str, str | None], Counter[str]] = {}
        for release, lab, text in rows:
            if found := count_statements([text]):
                by_release.setdefault((release, lab), Counter()).update(found)
        releases: Counter[str] = Counter()
        says: dict[str, Counter[str]] = {}
        others: Counter[str] = Counter()
        for (_, lab), found in sorted(by_release.items(), key=lambda row: row[0][0]):
            share = {name: count / found.total() for name, count in sorted(found.items())}
            if lab is None:
                others.update(share)
            else:
                releases[lab] += 1
                says.setdefault(lab, Counter()).update(share)
        return cls(dict(releases), {lab: dict(of) for lab, of in says.items()}, dict(others))

    def joined(self, other: StatementRates) -> StatementRates:
        """Return the rates over both sets of releases, which have none in common."""
        says = {lab: _summed(self.says.get(lab, {}), other.says.get(lab, {})) for lab in [*self.says, *other.says]}
        return StatementRates(
            dict(Counter(self.releases) + Counter(other.releases)), says, _summed(self.others, other.others)
        )

    def false_rate(self, lab: str) -> float:
        """Return how often a release of this lab that identifies itself names another lab, smoothed over labs."""
        count = self.releases.get(lab, 0)
        own = self.says.get(lab, {}).get(lab, 0.0)
        return float(1 - (own + _PRIOR_RELEASES * (1 - self._mean_false_rate)) / (count + _PRIOR_RELEASES))

    def probability(self, name: str, lab: str | None, labs: int) -> float:
        """Return the probability that a release of `lab`, if it identifies itself, names the lab `name`.

        Args:
            name: The lab that is named.
            lab: The true lab; None for one that the model does not know.
            labs: Number of labs.
        """
        false = self._mean_false_rate * self._among_false(name, labs)
        if lab is None:
            return false
        if name == lab:
            return 1 - self.false_rate(lab)
        measured = self.says.get(lab, {}).get(name, 0.0)
        return (measured + _PRIOR_RELEASES * false) / (self.releases.get(lab, 0) + _PRIOR_RELEASES)

    def log_likelihood_ratios(self, found: Mapping[str, int], labs: Sequence[str]) -> dict[str, float]:
        """Return the LLR in nats of each lab against an unknown one.

        Statements by one model are no independent observations: together they count as one, which is divided among the
        labs that they name.

        Args:
            found: In how many responses each lab is named.
            labs: The labs in question.
        """
        total = sum(found.values())
        size = len(labs)
        return {
            lab: float(
                sum(
                    count / total * np.log(self.probability(name, lab, size) / self.probability(name, None, size))
                    for name, count in sorted(found.items())
                )
            )
            for lab in labs
        }

    @property
    def _mean_false_rate(self) -> float:
        own = sum(of.get(lab, 0.0) for lab, of in self.says.items())
        # Laplace's rule of succession: one release more that names its lab, and one more that names another.
        return (sum(self.releases.values()) - own + 1) / (sum(self.releases.values()) + 2)

    def _among_false(self, name: str, labs: int) -> float:
        """Return which share of all false statements names this lab; one more statement is divided among all labs."""
        false = Counter(self.others)
        for lab, of in self.says.items():
            false.update({other: share for other, share in of.items() if other != lab})
        return (false[name] + 1 / labs) / (sum(false.values()) + 1)


def _summed(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in [*one, *other]}
