"""How people and providers spell the name of one model, reduced step by step to what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_CLOUDS = (
    "ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen"
    "|stability|writer|xai|zai"
)
_MAKERS = "alibaba|azure|baidu|deepseek-ai|meta-llama|mistralai|x-ai|z-ai|zai-org"
_PRECISION = (
    r"(?:fp|bf|int|nf|mxfp|nvfp|w)\d+(?:a\d+)?|i?q\d(?:[_-][a-z0-9]+)*|\d+(?:\.\d+)?-?(?:bit|bpw)(?:-h\d)?|awq|gptq|gguf|ggml"
    r"|exl[23]|mlx|hqq|dwq|bnb|unsloth|dynamic(?:-quant)?|quantized|quant|main|hf|tee|maas|ud"
)
_EFFORT = (
    r"(?:non|no)-?(?:thinking|reasoning)|thinking|think|reasoning|nothink|nothinking|adaptive|thinkhigh|thinklow"
    r"|minimal|low|medium|high|xhigh|max-effort|none|high-reasoning|low-reasoning|concise|verbose"
)
_DATE = r"20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])"
_BEDROCK = rf"(?:(?:us|eu|apac|au|jp|ca|us-gov|global)\.)?(?:{_CLOUDS})\."
_SERVICE = r"free|cloud|exacto|nitro|floor|online|extended|beta|latest|default|paid|discounted|batch|turbo"

# Each takes one thing off a name that is in lower case; tried in this order, again and again.
_STEPS: tuple[Callable[[str], str], ...] = (
    # What stands after a colon at a router, and the revision at Bedrock.
    lambda s: re.sub(rf":(?:{_SERVICE}|{_EFFORT}|v?\d+)$", "", s),
    # Vertex AI's version or date, and settings of a benchmark.
    lambda s: re.sub(r"(?<=.)@[a-z0-9=.\-]+$", "", s),
    # A path in a file's name.
    lambda s: s.replace("__", "/"),
    # Claude Code's context size, and remarks in parentheses.
    lambda s: re.sub(r"\s*(?:\[[^\]]*\]|\([^)]*\))$", "", s),
    # The provider, the owner, the account.
    lambda s: re.sub(r"^[^/]*/+", "", s),
    lambda s: re.sub(rf"^{_BEDROCK}", "", s),
    lambda s: re.sub(rf"^{_BEDROCK}(.*)-v\d+$", r"\1", s),
    lambda s: re.sub(r"-v?\d+:\d+(?::\d+k)?$", "", s),
    lambda s: re.sub(rf"[-_.:](?:{_PRECISION})$", "", s),
    # A snapshot's date, and the tokens that a benchmark let it think after that.
    lambda s: re.sub(rf"[-_.]{_DATE}(?:-\d+k)?$", "", s),
    lambda s: re.sub(r"[-_.](?:latest|default|free)$", "", s),
    # Services of Together and Groq for Llama, in its instruct form.
    lambda s: re.sub(r"^((?:meta-)?llama.*\db)(?:-instruct)?-(?:turbo|lite|versatile|instant)$", r"\1-instruct", s),
    lambda s: re.sub(rf"[-_ ](?:{_EFFORT})$", "", s),
    # The maker before a name that says enough.
    lambda s: re.sub(rf"^(?:{_CLOUDS}|{_MAKERS})[-_ ]+(?=[a-z])", "", s),
    lambda s: re.sub(r"^meta-(?=llama)", "", s),
)  # fmt: skip
_TUNED = ("instruct", "it", "chat")
_MOST_FORMS = 60


def forms(name: str) -> Iterator[str]:
    """Yield spellings of a name, as it is first, then with less and less of what says how it was served.

    Args:
        name: As a file, a provider or a person writes it.
    """
    seen = {name}
    queue = [name.strip().casefold()[:200]]
    while queue and len(seen) < _MOST_FORMS:
        form = queue.pop(0)
        if form in seen and form != name:
            continue
        seen.add(form)
        yield form
        queue += [shorter for step in _STEPS if (shorter := step(form)) != form and shorter not in seen]


def squashed(form: str) -> str:
    """Return a name's letters and digits: "Kimi K2.5", "kimi-k2p5" → "kimik25"."""
    return re.sub(r"[^\w]|_", "", re.sub(r"(?<=\d)p(?=\d)|(?<![a-z])v(?=\d)", "", form.casefold()))


def bag(form: str) -> str:
    """Return a name's words in order of the alphabet, then its numbers: "claude-4.5-opus" → "claude opus 4 5"."""
    pieces = re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=\d)p(?=\d)|(?<![a-z])v(?=\d)", ".", form.casefold()))
    return " ".join([*sorted(p for p in pieces if not p.isdigit()), *(p for p in pieces if p.isdigit())])


def tuned(form: str) -> tuple[str, ...]:
    """Return the names that people leave the last word off: "llama3.3:70b" at Ollama, "gemini-3-pro"."""
    if "/" in form:
        return ()
    sized = _TUNED if re.search(r"\d+b(?:-a\d+b)?$", form) else ()
    return tuple(f"{form}-{word}" for word in (*sized, "preview"))


def dates(form: str) -> frozenset[str]:
    """Return the days that a name is dated with, as YYYYMMDD."""
    return frozenset(found.replace("-", "") for found in re.findall(rf"(?<!\d){_DATE}(?!\d)", form))
