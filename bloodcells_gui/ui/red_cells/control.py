"""The examination of red cells in the background, whether its window is open or not; one at a time."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.examination import FieldExamined
from bloodcells_gui.ui.jobs import Job, JobRunner


class ExaminationControl(QObject):
    """Runs the examination of one case and takes its fields into the session.

    Signals
    -------
    changed()
        It began, went on or ended.
    failed(object)
        The exception that ended it; what is whole is in the case.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: CaseSession | None = None
        self.stopping = False
        # Fields and cells so far; cells that are aimed at, 0 where all images are examined.
        self.fields = self.cells = self.aim = self._images = 0
        self.runner = JobRunner(self)
        self.runner.batch.connect(self._batch)
        self.runner.failed.connect(self.failed)
        self.runner.finished.connect(self._finished)

    @property
    def running(self) -> bool:
        """Whether an examination is under way."""
        return self.runner.running

    def run(self, job: Job, session: CaseSession, aim: int = 0) -> None:
        """Start `job`, whose findings belong into `session`; it aims at so many cells in all."""
        self._session, self.aim, self.stopping = session, aim, False
        self._images = len(session.specimen.images)
        self.fields, self.cells = len(session.red_cells.fields), len(session.red_cells)
        self.runner.start(job)
        self.changed.emit()

    def progress(self) -> tuple[int, int]:
        """What is done and what there is to do: cells where they are aimed at, else fields."""
        done, total = (self.cells, self.aim) if self.aim else (self.fields, self._images)
        return min(done, total), total

    def cancel(self) -> None:
        """Ask for the end; the fields that are whole stay."""
        self.stopping = True
        self.runner.cancel()
        self.changed.emit()

    def stop(self) -> None:
        """Cancel and wait, before the case is closed."""
        self.runner.stop()
        self._session = None

    def _batch(self, events: list[object]) -> None:
        if self._session is None:
            return
        for event in events:
            if isinstance(event, FieldExamined):
                self.fields, self.cells = event.fields, event.total
                self._session.red_cells.absorb(event)
        self.changed.emit()

    def _finished(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.red_cells.reload()
        self.changed.emit()
