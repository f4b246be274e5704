from datetime import date

from fingerprint.model.age import stale


def test_sixty_days_after_the_month_has_ended_a_model_is_old() -> None:
    assert stale("2026-08", date(2026, 10, 30)) is None
    assert "61 days" in str(stale("2026-08", date(2026, 10, 31)))
    assert stale("2028-02", date(2028, 4, 29)) is None
    assert stale("", date(2030, 1, 1)) is None
    assert stale("2026-12", date(2026, 11, 1)) is None
