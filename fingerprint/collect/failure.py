"""Why a request brought no answer, in the terms that decide what happens next."""

from __future__ import annotations

from enum import StrEnum

from fingerprint.errors import FingerprintError


class Cause(StrEnum):
    """What is wrong; the values are what reports say."""

    RATE_LIMIT = "rate limit"
    SERVER = "server error"
    UNREACHABLE = "no connection"
    NETWORK = "connection failed"
    TIMEOUT = "timed out"
    MALFORMED = "not an answer"
    REJECTED = "request rejected"
    FATAL = "model not available"

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self not in (Cause.REJECTED, Cause.FATAL)

    @property
    def billed(self) -> bool:
        """Whether the provider may charge for the request although no answer came."""
        return self in (Cause.NETWORK, Cause.TIMEOUT, Cause.MALFORMED)


class Failure(FingerprintError):
    """What a provider raises instead of an answer.

    REJECTED is the fault of one question, FATAL of the model, the key or the address: no other question will fare
    better. retry_after is in seconds from now. The message holds no secret.
    """

    def __init__(self, cause: Cause, message: str, retry_after: float | None = None):
        self.cause, self.retry_after = cause, retry_after
        super().__init__(message)
