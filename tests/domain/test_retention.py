"""When a case is past its time; what cannot be dated never is."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.retention import clock_is_behind, is_due, kept_until


def test_a_case_is_kept_through_its_last_day() -> None:
    assert kept_until("2026-01-01T23:59:59Z", 30) == "2026-01-31"
    assert not is_due("2026-01-01T23:59:59Z", 30, "2026-01-31T23:59:59Z")
    assert is_due("2026-01-01T23:59:59Z", 30, "2026-02-01T00:00:00Z")


@pytest.mark.parametrize("last_act", ["", "yesterday", "9999-12-31T00:00:00Z", "2027-01-01T00:00:00Z"])
def test_what_cannot_be_dated_or_lies_ahead_is_never_due(last_act: str) -> None:
    assert not is_due(last_act, 30, "2026-06-01T00:00:00Z")


def test_without_a_clock_nothing_is_due() -> None:
    assert not is_due("2026-01-01T00:00:00Z", 30, "")


def test_for_ever_is_for_ever() -> None:
    assert kept_until("1970-01-01T00:00:00Z", 0) == ""
    assert not is_due("1970-01-01T00:00:00Z", 0, "2026-06-01T00:00:00Z")


def test_a_clock_behind_what_was_written_is_not_believed() -> None:
    assert clock_is_behind("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")
    assert not clock_is_behind("2026-01-01T00:00:00Z", "2026-01-01T20:00:00Z")
    assert not clock_is_behind("2026-01-01T00:00:00Z", "")
