"""List cases past the laboratory's retention time; remove those that a person chose, and record it.

Nothing is ever removed by itself: a clock set wrong, or a setting typed wrong, must not cost a case.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.drafts import remove_kept
from bloodcells_gui.app.worklist import CaseEntry, CaseState, Query, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.retention import clock_is_behind, is_due, kept_until
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.storage import removals
from bloodcells_gui.storage.archive import KEPT_DRAFTS
from bloodcells_gui.storage.removals import Act, Removal

__all__ = ["Act", "ExpiredCase", "Removal", "Removed", "Retention"]


@dataclass(frozen=True, slots=True)
class ExpiredCase:
    """A case whose time is over.

    Attributes
    ----------
    entry : CaseEntry
    until : str
        Last day on which it was to be kept (YYYY-MM-DD).
    size : int
        Bytes of the case file.
    """

    entry: CaseEntry
    until: str
    size: int

    @property
    def signed(self) -> bool:
        """Whether a signed report would go with it, of this or an earlier version."""
        return self.entry.signatures > 0


@dataclass(frozen=True, slots=True)
class Removed:
    """What came of a removal: the paths that are gone, and why others are not."""

    paths: tuple[Path, ...]
    errors: tuple[UserError, ...]


class Retention:
    """The laboratory's rule on the cases of its folder. May be used from a worker thread."""

    def __init__(self, workspace: Workspace, cases: WorkList, clock: Callable[[], str] = utc_now) -> None:
        self._workspace = workspace
        self._cases = cases
        self._clock = clock

    @property
    def days(self) -> int:
        """Days that a case is kept after its last act; 0 for ever."""
        return self._workspace.settings.privacy.retention_days

    def due(self) -> list[ExpiredCase]:
        """Cases whose time is over, the oldest first; none while the laboratory keeps them for ever.

        Raises
        ------
        UserError
            When the clock cannot be right, or the record of removals was changed.
        """
        if not self.days:
            return []
        self._cases.refresh()
        entries = self._cases.search(Query())
        now = self._believed_now(entries)
        found = []
        for entry in entries:
            if not self._busy(entry) and is_due(entry.changed, self.days, now):
                size = 0
                with contextlib.suppress(OSError):
                    size = entry.path.stat().st_size
                found.append(ExpiredCase(entry, kept_until(entry.changed, self.days), size))
        return sorted(found, key=lambda d: (d.entry.changed, str(d.entry.path)))

    def _busy(self, entry: CaseEntry) -> bool:
        """Whether its age says nothing: it cannot be read, or an analysis waits or runs."""
        queued = self._cases.queued(entry.path)
        waits = queued is not None and queued.turn in (QueueState.WAITING, QueueState.RUNNING)
        return waits or entry.state in (CaseState.UNREADABLE, CaseState.ANALYSING)

    def _believed_now(self, entries: Sequence[CaseEntry]) -> str:
        now = self._clock()
        seen = [e.changed for e in entries] + [r.time for r in self.record()[-1:]]
        newest = max((t for t in seen if t), default="")
        if clock_is_behind(now, newest):
            raise UserError(
                "This computer's clock says {now}, but something was written on {seen}.",
                "With a wrong clock nobody can tell which cases are old enough to be removed.",
                "Set the clock, then look again. Nothing was removed.",
                now=now[:10],
                seen=newest[:10],
            )
        return now

    def remove(self, chosen: Sequence[ExpiredCase], author: str, *, signed_too: bool = False) -> Removed:
        """Remove the chosen cases for good and record it; one that cannot be removed does not stop the rest.

        Parameters
        ----------
        author : str
            Who confirmed it.
        signed_too : bool
            That person confirmed that signed reports go with them.

        Raises
        ------
        UserError
            Before anything: no name, a signed case without the confirmation, or a wrong clock.
        """
        if not author.strip():
            raise UserError("A removal needs a name.", "The name is kept in the record.", "Enter your name.")
        if not signed_too and any(d.signed for d in chosen):
            raise UserError(
                "Signed reports are not removed without confirmation.",
                "They would be lost for good.",
                "Confirm that they may go, or leave the signed cases out.",
            )
        self._believed_now([])
        gone, errors = [], []
        for due in chosen:
            try:
                self._remove(due, author.strip())
                gone.append(due.entry.path)
            except UserError as error:
                errors.append(error)
        self._workspace.forget_missing()
        remove_kept(self._workspace.home / KEPT_DRAFTS, gone)
        self._cases.refresh()
        return Removed(tuple(gone), tuple(errors))

    def _remove(self, due: ExpiredCase, author: str) -> None:
        entry = due.entry
        if not is_due(entry.changed, self.days, self._clock()):
            raise UserError(
                "The case {path} is to be kept still.",
                "The rule of the settings was changed meanwhile.",
                "Make the list again and look at it.",
                path=entry.path,
            )
        removals.remove_case(
            entry.path,
            self._cases.folder,
            author=author,
            reason=f"retention of {self.days} days, kept until {due.until}",
            state=str(entry.state),
            changed=entry.changed,
            clock=self._clock,
        )

    def record(self) -> list[Removal]:
        """Every line of the record of removed cases, verified; UserError when it was changed."""
        return removals.read(self._cases.folder)
