"""Check whether a computer's clock can be right, so that nothing is dated wrong unnoticed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.retention import CLOCK_TOLERANCE, parse_utc
from bloodcells_gui.domain.times import paper_text

# One computer's own clock, set by the network or by hand now and then.
BEHIND_ENTRY = timedelta(minutes=5)
# A laboratory that did no work for so long is asked once; a clock set to another year is always found.
AHEAD = timedelta(days=60)

BEHIND_THE_CASE = N_(
    "This computer's clock says {now}, but the newest entry of the case is dated {seen}. Times never run "
    "backwards within a case, so what is done now is dated {seen}."
)
BEHIND_OTHER_WORK = N_("This computer's clock says {now}, but there is work of {seen} on it already.")
FAR_AHEAD = N_("This computer's clock says {now}; the newest work before that is of {seen}.")


@dataclass(frozen=True, slots=True)
class ClockDoubt:
    """What speaks against the clock: an English template and its values."""

    text: str
    params: tuple[tuple[str, str], ...]


def clock_doubt(now: str, last_entry: str, earlier: Iterable[str]) -> ClockDoubt | None:
    """What speaks against the clock; None when nothing does.

    Parameters
    ----------
    now : str
        What it says (UTC, ISO 8601).
    last_entry : str
        Time of the newest entry of the open case, "" for none.
    earlier : iterable of str
        Times of work from before the program was started: other cases, files, runs.
    """
    here = parse_utc(now)
    if here is None:
        return None
    entry = parse_utc(last_entry)
    if entry is not None and entry > here + BEHIND_ENTRY:
        return _doubt(BEHIND_THE_CASE, now, last_entry)
    known = [(found, text) for text in earlier if (found := parse_utc(text)) is not None]
    if not known:
        return None
    newest, text = max(known)
    if newest > here + CLOCK_TOLERANCE:
        return _doubt(BEHIND_OTHER_WORK, now, text)
    return _doubt(FAR_AHEAD, now, text) if here - newest > AHEAD else None


def _doubt(text: str, now: str, seen: str) -> ClockDoubt:
    return ClockDoubt(text, (("now", _words(now)), ("seen", _words(seen))))


def _words(time: str) -> str:
    found = parse_utc(time)
    try:
        return time if found is None else paper_text(found.astimezone(UTC).isoformat())
    except OverflowError:  # the last hours of the year 9999 somewhere else
        return time
