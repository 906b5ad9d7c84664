"""Times as people read them: of the computer's own time zone, on paper with UTC beside them.

A case holds UTC alone. A zone is named by its distance from UTC, for names such as CST or IST are several
zones; the distance is that of the moment, so it changes with summer time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from bloodcells_gui.domain.i18n import N_, Reason, tr
from bloodcells_gui.domain.retention import parse_utc

_SPAN = N_("{first} to {last}")
_FRENCH = re.compile(
    r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})(?: (?P<clock>\d\d:\d\d))?", re.ASCII
)
_TYPED = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<clock>\d\d:\d\d)\S*)?")


def zone_name(moment: datetime) -> str:
    """ "UTC", "UTC+1" or "UTC-3:30": how far the zone of `moment` is from UTC then."""
    offset = moment.utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "")


def local(time: str, zone: tzinfo | None = None) -> datetime | None:
    """A stored UTC time in the computer's zone (or `zone`); None when it is no time.

    Text without "Z" or an offset is what a person typed, whose zone nobody knows: None too.
    """
    found = parse_utc(time) if any(sign in time[16:] for sign in "Z+-") else None
    if found is None:
        return None
    try:
        return found.astimezone(zone)
    except (OverflowError, OSError, ValueError):  # beyond what the system's calendar holds
        return found


def local_text(time: str, lang: str = "en", zone: tzinfo | None = None) -> str:
    """Local date, time of day and zone; other text with its date as `lang` writes it."""
    moment = local(time, zone)
    if moment is None:
        return typed_text(time, lang)
    return f"{_date(moment, lang)} {moment:%H:%M} {zone_name(moment)}"


class Moment(Reason):
    """A stored UTC time within a sentence, as the language of the reader writes it: :func:`local_text`."""

    def __init__(self, time: str) -> None:
        super().__init__("{time}", (("time", time),))

    def text(self, lang: str = "en") -> str:
        return local_text(str(self.params[0][1]), lang)


def paper_text(time: str, lang: str = "en", zone: tzinfo | None = None) -> str:
    """As :func:`local_text`, with UTC in brackets: "2026-11-29 10:00 UTC+1 (09:00 UTC)".

    The date stands with both where they differ.
    """
    moment = local(time, zone)
    text = local_text(time, lang, zone)
    if moment is None or not moment.utcoffset():
        return text
    there = moment.astimezone(UTC)
    date = "" if there.date() == moment.date() else f"{_date(there, lang)} "
    return f"{text} ({date}{there:%H:%M} UTC)"


def paper_span(first: str, last: str, lang: str = "en", zone: tzinfo | None = None) -> str:
    """From one time to another on paper; what both share stands once.

    "2026-11-29 10:00 to 10:20 UTC+1 (09:00 to 09:20 UTC)", or one time where both are of one minute.
    """
    begin, end = local(first, zone), local(last, zone)
    if begin is None or end is None or first[:16] == last[:16]:
        return paper_text(first, lang, zone)
    there = begin.astimezone(UTC), end.astimezone(UTC)
    same_day = begin.date() == end.date() and there[0].date() == there[1].date() == begin.date()
    if not same_day or begin.utcoffset() != end.utcoffset():
        return tr(_SPAN, lang, first=paper_text(first, lang, zone), last=paper_text(last, lang, zone))
    here = tr(_SPAN, lang, first=f"{begin:%H:%M}", last=f"{end:%H:%M}")
    text = f"{_date(begin, lang)} {here} {zone_name(begin)}"
    if not begin.utcoffset():
        return text
    return f"{text} ({tr(_SPAN, lang, first=f'{there[0]:%H:%M}', last=f'{there[1]:%H:%M}')} UTC)"


def typed_text(time: str, lang: str) -> str:
    """A date that a person typed, with or without a time of day, as `lang` writes dates."""
    found = _TYPED.fullmatch(time)
    if found is None:
        return time
    day = found["day"]
    if lang == "fr":
        day = "/".join(reversed(day.split("-")))
    return f"{day} {found['clock']}" if found["clock"] else day


def stored_text(typed: str, lang: str) -> str:
    """A date as `lang` writes it, or as it is stored, in the form that is stored; other text as it is.

    The inverse of :func:`typed_text`. Whether it is a day that there is, is asked elsewhere.
    """
    found = _FRENCH.fullmatch(typed) if lang == "fr" else None
    if found is None:
        return typed
    day = f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}"
    return f"{day} {found['clock']}" if found["clock"] else day


def _date(moment: datetime, lang: str) -> str:
    return f"{moment:%d/%m/%Y}" if lang == "fr" else f"{moment:%Y-%m-%d}"
