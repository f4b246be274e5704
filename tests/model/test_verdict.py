from __future__ import annotations

from datetime import date

from fingerprint.model.verdict import ModelInfo


def warning(newest: str, today: date) -> str | None:
    return ModelInfo("default", "1.0", "2026-09-01", 400, newest).age_warning(today)


def test_sixty_days_after_the_month_has_ended_a_model_is_old() -> None:
    assert warning("2026-08", date(2026, 10, 30)) is None
    assert "61 days" in str(warning("2026-08", date(2026, 10, 31)))
    assert warning("2028-02", date(2028, 4, 29)) is None
    assert warning("", date(2030, 1, 1)) is None
    assert warning("2026-12", date(2026, 11, 1)) is None
