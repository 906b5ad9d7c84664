"""How long a case is kept: the laboratory's number of days, from its last act on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

CLOCK_TOLERANCE = timedelta(days=1)
"""How far another computer's clock may be ahead before this one's is not believed any more."""


def parse_utc(time: str) -> datetime | None:
    """A stored time (UTC, ISO 8601); None when it is not one."""
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def kept_until(last_act: str, days: int) -> str:
    """Day (YYYY-MM-DD) through which a case is kept; "" when it is kept for ever or its time is unknown."""
    begun = parse_utc(last_act)
    if begun is None or days <= 0:
        return ""
    try:
        return (begun.astimezone(UTC) + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return ""


def is_due(last_act: str, days: int, now: str) -> bool:
    """Whether the last day of keeping has passed. What cannot be dated is never due."""
    until, today = kept_until(last_act, days), parse_utc(now)
    return bool(until) and today is not None and today.astimezone(UTC).date().isoformat() > until


def clock_is_behind(now: str, seen: str) -> bool:
    """Whether something was written later than `now`: then the clock tells nothing about age."""
    here, there = parse_utc(now), parse_utc(seen)
    return here is not None and there is not None and there > here + CLOCK_TOLERANCE
