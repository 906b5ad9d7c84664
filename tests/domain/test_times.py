"""Times as people read them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bloodcells_gui.domain.times import local_text, paper_span, paper_text, stored_text, typed_text

PARIS, NEWFOUNDLAND, KOLKATA = (ZoneInfo(n) for n in ("Europe/Paris", "America/St_Johns", "Asia/Kolkata"))


@pytest.mark.parametrize(
    ("time", "zone", "lang", "screen", "paper"),
    [
        ("2026-11-29T09:00:00Z", PARIS, "en", "2026-11-29 10:00 UTC+1", "2026-11-29 10:00 UTC+1 (09:00 UTC)"),
        # Summer time is that of the moment, not of today: an hour before and after the change of 2026.
        ("2026-10-25T00:30:00Z", PARIS, "fr", "25/10/2026 02:30 UTC+2", "25/10/2026 02:30 UTC+2 (00:30 UTC)"),
        ("2026-10-25T01:30:00Z", PARIS, "fr", "25/10/2026 02:30 UTC+1", "25/10/2026 02:30 UTC+1 (01:30 UTC)"),
        # Another day there.
        ("2026-07-02T23:35:00Z", PARIS, "en", "2026-07-03 01:35 UTC+2",
         "2026-07-03 01:35 UTC+2 (2026-07-02 23:35 UTC)"),
        ("2026-01-05T12:00:00Z", NEWFOUNDLAND, "en", "2026-01-05 08:30 UTC-3:30",
         "2026-01-05 08:30 UTC-3:30 (12:00 UTC)"),
        ("2026-01-05T12:00:00Z", KOLKATA, "en", "2026-01-05 17:30 UTC+5:30",
         "2026-01-05 17:30 UTC+5:30 (12:00 UTC)"),
        ("2026-11-29T10:00:00+01:00", ZoneInfo("UTC"), "en", "2026-11-29 09:00 UTC", "2026-11-29 09:00 UTC"),
    ],
)  # fmt: skip
def test_a_time_names_the_zone_by_its_distance_from_utc(
    time: str, zone: ZoneInfo, lang: str, screen: str, paper: str
) -> None:
    assert local_text(time, lang, zone) == screen
    assert paper_text(time, lang, zone) == paper


@pytest.mark.parametrize(
    ("typed", "english", "french"),
    [
        ("2026-03-01", "2026-03-01", "01/03/2026"),
        ("2026-03-01T11:05", "2026-03-01 11:05", "01/03/2026 11:05"),
        ("2026-03-01 11:05:30", "2026-03-01 11:05", "01/03/2026 11:05"),
        ("yesterday, about noon", "yesterday, about noon", "yesterday, about noon"),
        ("2026-03-01, in the ward", "2026-03-01, in the ward", "2026-03-01, in the ward"),
        ("", "", ""),
        ("9999-99-99T99:99:99Z", "9999-99-99 99:99", "99/99/9999 99:99"),
    ],
)
def test_what_a_person_typed_has_no_zone_and_gets_none(typed: str, english: str, french: str) -> None:
    for text in (local_text, paper_text):
        assert text(typed, "en", PARIS) == english
        assert text(typed, "fr", PARIS) == french


def test_the_last_hours_of_the_calendar_stay_in_utc() -> None:
    assert paper_text("9999-12-31T23:59:59Z", "en", KOLKATA) == "9999-12-31 23:59 UTC"


@pytest.mark.parametrize(
    ("first", "last", "english"),
    [
        ("2026-11-29T09:00:00Z", "2026-11-29T09:20:00Z",
         "2026-11-29 10:00 to 10:20 UTC+1 (09:00 to 09:20 UTC)"),
        ("2026-11-29T09:00:00Z", "2026-11-29T09:00:40Z", "2026-11-29 10:00 UTC+1 (09:00 UTC)"),
        ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
         "2026-10-25 02:30 UTC+2 (00:30 UTC) to 2026-10-25 02:30 UTC+1 (01:30 UTC)"),
        ("2026-11-29T09:00:00Z", "2026-11-30T09:00:00Z",
         "2026-11-29 10:00 UTC+1 (09:00 UTC) to 2026-11-30 10:00 UTC+1 (09:00 UTC)"),
        ("nonsense", "2026-11-30T09:00:00Z", "nonsense"),
    ],
)  # fmt: skip
def test_a_span_says_once_what_both_ends_share(first: str, last: str, english: str) -> None:
    assert paper_span(first, last, "en", PARIS) == english
    assert " to " not in paper_span(first, last, "fr", PARIS)


@pytest.mark.parametrize(
    ("typed", "english", "french"),
    [
        ("2026-11-30", "2026-11-30", "2026-11-30"),
        ("30/11/2026", "30/11/2026", "2026-11-30"),
        ("3.1.1961", "3.1.1961", "1961-01-03"),
        ("30/11/2026 08:15", "30/11/2026 08:15", "2026-11-30 08:15"),
        ("31/11/2026", "31/11/2026", "2026-11-31"),  # no day: whoever asks for one finds out
        ("hier", "hier", "hier"),
        ("1/2/26", "1/2/26", "1/2/26"),
        ("", "", ""),
    ],
)
def test_a_date_is_stored_in_one_form_however_it_is_typed(typed: str, english: str, french: str) -> None:
    assert stored_text(typed, "en") == english
    assert stored_text(typed, "fr") == french
    for lang in ("en", "fr"):
        assert stored_text(typed_text("2026-11-30 08:15", lang), lang) == "2026-11-30 08:15"
