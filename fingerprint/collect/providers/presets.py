"""The providers that come with the package: addresses, keys, and which API each speaks."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from urllib.parse import urlsplit

from fingerprint.collect.provider import Provider
from fingerprint.errors import FingerprintError, MissingExtra


class Speaks(Enum):
    """An API, by the module of this package that has its provider."""

    CHAT = "chat"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"


@dataclass(frozen=True, slots=True)
class Account:
    """Where questions go.

    Attributes:
        name: The provider's name.
        base_url: The address.
        key: The API key, empty if none is needed.
    """

    name: str
    base_url: str
    key: str

    def __repr__(self) -> str:
        return f"Account({self.name}, {self.base_url})"

    @property
    def digest(self) -> str:
        """What shares a rate limit: a digest of address and key."""
        return hashlib.sha256(f"{self.base_url}\0{self.key}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Preset:
    """An opener of a provider.

    Attributes:
        name: The name before the colon in `provider:model`.
        address: Its own base URL.
        keys: Environment variables; the first one that is set holds the key.
        speaks: The API.
        local: Whether it is a local server, which needs no key and costs nothing.
    """

    name: str
    address: str
    keys: tuple[str, ...]
    speaks: Speaks = Speaks.CHAT
    local: bool = False

    def __call__(self, base_url: str | None) -> Provider:
        """See Opener."""
        account = Account(self.name, _address(base_url or self.address), self._key())
        try:
            module = import_module(f"fingerprint.collect.providers.{self.speaks.value}")
        except ImportError:
            raise MissingExtra(f"asking {self.name}", "collect") from None
        opened: Provider = module.open_account(account, self)
        return opened

    def _key(self) -> str:
        for variable in self.keys:
            if key := os.environ.get(variable, "").strip():
                if not (key.isascii() and key.isprintable()):
                    raise FingerprintError(f"{variable}: holds characters that no key has; expected printable ASCII")
                return key
        if self.local:
            return ""
        raise FingerprintError(f"{self.name}: no key; set the environment variable {' or '.join(self.keys)}")


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment:
        raise FingerprintError(f"--base-url: {url}: expected an address such as https://example.org/v1")
    if "@" in parts.netloc:
        # The address is written into every record.
        raise FingerprintError("--base-url: leave out user and password; a key comes from the environment")
    return url.rstrip("/")


ALIBABA = Preset("alibaba", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",))
ANTHROPIC = Preset("anthropic", "https://api.anthropic.com", ("ANTHROPIC_API_KEY",), Speaks.ANTHROPIC)
DEEPSEEK = Preset("deepseek", "https://api.deepseek.com", ("DEEPSEEK_API_KEY",))
FIREWORKS = Preset("fireworks", "https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY",))
GOOGLE = Preset(
    "google", "https://generativelanguage.googleapis.com", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), Speaks.GOOGLE
)
GROQ = Preset("groq", "https://api.groq.com/openai/v1", ("GROQ_API_KEY",))
LMSTUDIO = Preset("lmstudio", "http://localhost:1234/v1", ("LMSTUDIO_API_KEY",), local=True)
MINIMAX = Preset("minimax", "https://api.minimax.io/v1", ("MINIMAX_API_KEY",))
MISTRAL = Preset("mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",))
MOONSHOT = Preset("moonshot", "https://api.moonshot.ai/v1", ("MOONSHOT_API_KEY",))
OLLAMA = Preset("ollama", "http://localhost:11434/v1", ("OLLAMA_API_KEY",), local=True)
OPENAI = Preset("openai", "https://api.openai.com/v1", ("OPENAI_API_KEY",))
OPENROUTER = Preset("openrouter", "https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",))
TOGETHER = Preset("together", "https://api.together.ai/v1", ("TOGETHER_API_KEY",))
VLLM = Preset("vllm", "http://localhost:8000/v1", ("VLLM_API_KEY",), local=True)
XAI = Preset("xai", "https://api.x.ai/v1", ("XAI_API_KEY",))
ZAI = Preset("zai", "https://api.z.ai/api/paas/v4", ("ZAI_API_KEY",))
