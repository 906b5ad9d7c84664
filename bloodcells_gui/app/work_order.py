"""The order in which a laboratory works through its cases, and which case comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from enum import IntEnum

from bloodcells_gui.storage.worklist import CaseEntry, CaseState


class Stage(IntEnum):
    """Where a case stands on its way through the laboratory, in the order of the work."""

    PENDING = 0
    TO_REVIEW = 1
    TO_SIGN = 2
    TO_SIGN_SECOND = 3
    DAMAGED = 4
    SIGNED_TODAY = 5
    SIGNED_BEFORE = 6


_STAGES = {
    CaseState.NEW: Stage.PENDING,
    CaseState.ANALYSING: Stage.PENDING,
    CaseState.TO_REVIEW: Stage.TO_REVIEW,
    CaseState.REVIEWED: Stage.TO_SIGN,
    CaseState.SECOND_PERSON: Stage.TO_SIGN_SECOND,
    CaseState.UNREADABLE: Stage.DAMAGED,
}
_OPEN = frozenset({Stage.PENDING, Stage.TO_REVIEW, Stage.TO_SIGN, Stage.TO_SIGN_SECOND})


def beginning_of(day: date) -> str:
    """The UTC time (ISO 8601, to the second) at which a day of local time begins."""
    return datetime.combine(day, time.min).astimezone(UTC).isoformat(timespec="seconds")[:19]


def stage_of(entry: CaseEntry, *, queued: bool, today: str) -> Stage:
    """Where a case stands.

    Parameters
    ----------
    queued : bool
        Its analysis waits for its turn or runs in the background.
    today : str
        When the day began; see :func:`beginning_of`.
    """
    if entry.state is CaseState.SIGNED:
        return Stage.SIGNED_TODAY if entry.signed_at >= today else Stage.SIGNED_BEFORE
    return Stage.PENDING if queued else _STAGES[entry.state]


def in_work_order(
    entries: Iterable[CaseEntry], queued: Callable[[CaseEntry], bool], today: str
) -> list[CaseEntry]:
    """Urgent open cases, then pending ones, to review, to sign, to sign as second person, damaged, signed.

    Within each the oldest come first; signed cases the newest first.
    """
    staged = [(stage_of(e, queued=queued(e), today=today), e) for e in entries]
    waiting = [(s, e) for s, e in staged if s < Stage.SIGNED_TODAY]
    signed = [(s, e) for s, e in staged if s >= Stage.SIGNED_TODAY]
    waiting.sort(key=lambda pair: (not is_urgent_work(pair[1], pair[0]), pair[0], pair[1].created))
    signed.sort(key=lambda pair: pair[1].signed_at, reverse=True)
    signed.sort(key=lambda pair: pair[0])
    return [e for _, e in (*waiting, *signed)]


def is_urgent_work(entry: CaseEntry, stage: Stage) -> bool:
    """Whether somebody marked it and it still asks for work."""
    return entry.urgent and stage in _OPEN


def waiting_for_a_person(
    entries: Sequence[CaseEntry], queued: Callable[[CaseEntry], bool], today: str
) -> list[CaseEntry]:
    """Cases that a person can open and work on, in the order of the work.

    One whose analysis runs is not among them; those whose analysis still waits come last, urgent or not: what
    is ready to be read is read first.
    """
    ready: list[CaseEntry] = []
    later: list[CaseEntry] = []
    for entry in in_work_order(entries, queued, today):
        stage = stage_of(entry, queued=queued(entry), today=today)
        if stage not in _OPEN or entry.state is CaseState.ANALYSING:
            continue
        (later if stage is Stage.PENDING else ready).append(entry)
    return [*ready, *later]
