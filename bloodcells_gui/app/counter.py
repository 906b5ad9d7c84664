"""Count cells at the microscope with the keys of the review, into a case and its report."""

from __future__ import annotations

from enum import StrEnum

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.settings import NEITHER, STOP
from bloodcells_gui.domain.taxonomy import BY_CODE, COUNTED

ROUND = 100


class CountSound(StrEnum):
    """The sound for a counted cell."""

    NONE = "none"
    KEY = "key"
    OUTSIDE = "outside"  # a key that does not count in the 100 %
    ROUND = "round"  # the hundredth, two hundredth ... leukocyte
    TARGET = "target"  # the last one that is wanted
    FULL = "full"  # one more than is wanted, and the laboratory's counter stops there: it was not counted
    BACK = "back"


class Counter:
    """The counter of one open case.

    Parameters
    ----------
    session : CaseSession
        Every count is in its file before the screen shows it.
    """

    def __init__(self, session: CaseSession) -> None:
        self.session = session
        self._sitting: list[str] = []
        self._further = 0

    def count_of(self, code: str) -> int:
        """Cells of a class counted by hand."""
        return self.session.state.hand_counts.get(code, 0)

    @property
    def total(self) -> int:
        """Leukocytes counted by hand: the denominator of the 100 %, without cells of images."""
        return sum(n for code, n in self.session.state.hand_counts.items() if code in COUNTED)

    @property
    def in_all(self) -> int:
        """Leukocytes of the case, cells of images included: what the table counts."""
        return sum(n for code, n in self.session.state.counts.items() if code in COUNTED)

    @property
    def aim(self) -> int:
        """Leukocytes to count to now: the target, or the next step where a person goes on; 0 for none."""
        return max(self._further, self.session.target)

    @property
    def is_done(self) -> bool:
        """Whether the leukocytes that are wanted are counted."""
        return 0 < self.aim <= self.in_all

    @property
    def is_full(self) -> bool:
        """Whether no further leukocyte is counted unless a person goes on."""
        if self.session.settings.counter_at_target != STOP or not self.is_done:
            return False
        # Where cells of images alone reach the target, the microscope is asked for more than that.
        return self.in_all - self.total < self.session.target

    @property
    def next_step(self) -> int:
        """To how many leukocytes :meth:`go_on` goes."""
        settings = self.session.settings
        steps = [step for step in settings.target_counts if step > self.in_all]
        return min(steps, default=self.in_all + max(1, self.session.target))

    def go_on(self) -> None:
        """Count beyond the target, to the next step."""
        self._further = self.next_step

    @property
    def last(self) -> str:
        """The class counted last in this sitting, "" when there is none to take back."""
        return next((c for c in reversed(self._sitting) if self.count_of(c)), "")

    def press(self, code: str) -> CountSound:
        """One more cell of class `code`; at the target of a counter that stops there, nothing.

        Raises
        ------
        UserError
            When it could not be saved, or the case is signed; nothing is counted then.
        KeyError
            For an unknown class.
        """
        counts = BY_CODE[code].counts
        if counts and self.is_full:
            return CountSound.FULL
        self.session.count(code, 1)
        self._sitting.append(code)
        if not counts:
            return CountSound.OUTSIDE
        if self.in_all == self.aim:
            return CountSound.KEY if self.session.settings.counter_at_target == NEITHER else CountSound.TARGET
        return CountSound.ROUND if self.total % ROUND == 0 else CountSound.KEY

    def less(self, code: str) -> CountSound:
        """One cell of class `code` less; nothing when none was counted."""
        if not self.count_of(code):
            return CountSound.NONE
        self.session.count(code, -1)
        if code in self._sitting:
            # The newest press of that class is the one taken back.
            self._sitting.reverse()
            self._sitting.remove(code)
            self._sitting.reverse()
        return CountSound.BACK

    def take_back(self) -> CountSound:
        """The cell counted last is taken back."""
        return self.less(self.last) if self.last else CountSound.NONE
